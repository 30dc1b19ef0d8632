-- Accounts, access, buckets, pipelines and jobs: what the first three steps of the SQLite schema come
-- to, in PostgreSQL's words.
--
-- Times are milliseconds since the Unix epoch. Ids are the 16 bytes of a UUIDv7. JSON columns hold
-- {"v": <version>, "data": …}. What changes often is kept in narrow rows apart from what is large, and
-- its tables leave room in their pages, so that a change of what no index names stays on its page.
-- They are vacuumed early: dead rows at the head of a queue are what slows claims down.
-- Texts sort by their bytes, whatever the database's collation is.

CREATE TABLE accounts (
  id bigint PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL
);
CREATE UNIQUE INDEX accounts_name ON accounts (name);

CREATE TABLE features (
  account bigint NOT NULL,
  feature text COLLATE "C" NOT NULL,
  PRIMARY KEY (account, feature)
);

CREATE TABLE limits (
  account bigint NOT NULL,
  action text COLLATE "C" NOT NULL,
  rule text NOT NULL,
  PRIMARY KEY (account, action)
);

CREATE TABLE projects (
  id text COLLATE "C" PRIMARY KEY,
  account bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL
);
CREATE UNIQUE INDEX projects_name ON projects (account, name);

-- `user_name` is NULL for the account's own keys.
CREATE TABLE access_keys (
  id text COLLATE "C" PRIMARY KEY,
  account bigint NOT NULL,
  user_name text COLLATE "C",
  sealed bytea NOT NULL,
  active boolean NOT NULL,
  expires_at bigint,
  created_at bigint NOT NULL
);
CREATE INDEX access_keys_account ON access_keys (account, created_at, id);
CREATE INDEX access_keys_user ON access_keys (account, user_name) WHERE user_name IS NOT NULL;

CREATE TABLE api_keys (
  digest bytea PRIMARY KEY,
  id text COLLATE "C" NOT NULL,
  account bigint NOT NULL,
  user_name text COLLATE "C",
  operator boolean NOT NULL,
  active boolean NOT NULL,
  expires_at bigint,
  created_at bigint NOT NULL
);
CREATE UNIQUE INDEX api_keys_id ON api_keys (id);
CREATE INDEX api_keys_account ON api_keys (account, created_at, id);
CREATE INDEX api_keys_user ON api_keys (account, user_name) WHERE user_name IS NOT NULL;

CREATE TABLE users (
  account bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  id bytea NOT NULL,
  password text,
  created_at bigint NOT NULL,
  PRIMARY KEY (account, name)
);

CREATE TABLE policies (
  account bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  document text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (account, name)
);

CREATE TABLE roles (
  account bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  id bytea NOT NULL,
  trust text NOT NULL,
  max_session bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (account, name)
);

-- Whom a policy is attached to: `kind` 0 is a user, 1 a role. `custom` is true for a policy of the
-- account's own.
CREATE TABLE attachments (
  account bigint NOT NULL,
  kind smallint NOT NULL,
  grantee text COLLATE "C" NOT NULL,
  custom boolean NOT NULL,
  policy text COLLATE "C" NOT NULL,
  PRIMARY KEY (account, kind, grantee, custom, policy)
);
CREATE INDEX attachments_policy ON attachments (account, custom, policy, kind, grantee);

CREATE TABLE tokens (
  digest bytea PRIMARY KEY,
  account bigint NOT NULL,
  user_name text COLLATE "C" NOT NULL,
  project text COLLATE "C",
  issued_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX tokens_user ON tokens (account, user_name);
CREATE INDEX tokens_expires ON tokens (expires_at);

-- Signed calls that have been made, until they are too old to be made again. They come and go in the
-- order of their times, so that old ones are neighbours in the table and in its second index.
CREATE TABLE nonces (
  hash bytea PRIMARY KEY,
  until bigint NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX nonces_until ON nonces (until);

-- `number` is the millisecond times 2048 plus a count, so that numbers sort and select by time.
CREATE TABLE audit (
  number bigint PRIMARY KEY,
  at bigint NOT NULL,
  account bigint,
  principal text COLLATE "C" NOT NULL,
  key_id text COLLATE "C",
  dialect text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL,
  resource text COLLATE "C",
  source text COLLATE "C",
  allowed boolean NOT NULL,
  reason text,
  status integer NOT NULL,
  code text COLLATE "C",
  request_id text COLLATE "C" NOT NULL
);
-- An account asks for its own calls: what others called is not walked over. Numbers have their signs
-- turned here, so that the primary key cannot stand in for these indexes.
CREATE INDEX audit_account ON audit (account, (-number));
CREATE INDEX audit_principal ON audit (account, principal, (-number));
CREATE INDEX audit_action ON audit (account, action, (-number));
CREATE INDEX audit_resource ON audit (account, resource, (-number)) WHERE resource IS NOT NULL;
CREATE INDEX audit_request ON audit (request_id, (-number));
CREATE INDEX audit_refused ON audit (account, (-number)) WHERE NOT allowed;

CREATE TABLE buckets (
  account bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  path bytea NOT NULL,
  -- Where the objects are if not at `path`, which is empty then: JSON; and the secret of that place.
  place text,
  secret text,
  created_at bigint NOT NULL,
  PRIMARY KEY (account, name)
);

-- Secrets of anything but key pairs. An id begins with '~' and so comes after the id of any key pair.
CREATE TABLE secrets (
  id text COLLATE "C" PRIMARY KEY,
  sealed bytea NOT NULL
);

-- A deleted pipeline keeps its row, because its jobs can still be read.
CREATE TABLE pipelines (
  key bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  id bytea NOT NULL,
  account bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  origin text,
  created_at bigint NOT NULL,
  deleted boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX pipelines_id ON pipelines (id);
CREATE INDEX pipelines_name ON pipelines (account, name, key) WHERE NOT deleted;
CREATE INDEX pipelines_account ON pipelines (account, key);

-- What a claim needs to know about a pipeline. The counts change in the transaction that changes
-- the jobs they count. `served` is the tick of the pipeline's last claim.
CREATE TABLE queues (
  pipeline bigint PRIMARY KEY,
  paused boolean NOT NULL,
  concurrency bigint,
  queued bigint NOT NULL DEFAULT 0,
  ready bigint NOT NULL DEFAULT 0,
  running bigint NOT NULL DEFAULT 0,
  served bigint NOT NULL DEFAULT 0,
  -- The pipeline has been deleted.
  closed boolean NOT NULL DEFAULT false,
  CHECK (queued >= ready AND ready >= 0 AND running >= 0)
) WITH (
  fillfactor = 40,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 500,
  autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX queues_turn ON queues (running, served)
  WHERE NOT paused AND ready > 0 AND (concurrency IS NULL OR running < concurrency);

-- The ticks of claims: one counter for all nodes.
CREATE SEQUENCE turns AS bigint;

-- States: 0 queued, 1 running, 2 publishing, 3 stopping, 4 succeeded, 5 failed, 6 cancelled.
--
-- `lane` is what one index needs to serve both claims and listings: queued and ready jobs come
-- first, by falling priority and at the same priority those that wait for another attempt first
-- (0 to 19), then delayed ones (20), then the other states (21 to 25), then those cancelled before
-- (26) and after (27) they had started.
--
-- Attempts up to `forgiven` no longer count: the job was queued as new after them. Jobs of one
-- submission with the same `kin` start together; NULL: the job is alone.
CREATE TABLE jobs (
  number bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  account bigint NOT NULL,
  pipeline bigint NOT NULL,
  created_at bigint NOT NULL,
  ready_at bigint,
  started_at bigint,
  finished_at bigint,
  kin bigint,
  attempt integer NOT NULL,
  forgiven integer NOT NULL DEFAULT 0,
  losses integer NOT NULL,
  priority smallint NOT NULL,
  state smallint NOT NULL,
  progress smallint NOT NULL,
  lane smallint NOT NULL GENERATED ALWAYS AS (
    CASE state
      WHEN 0 THEN CASE
        WHEN ready_at IS NULL THEN 2 * (10 - priority) + (attempt = forgiven)::integer
        ELSE 20
      END
      WHEN 6 THEN 26 + (attempt > forgiven)::integer
      ELSE 20 + state
    END
  ) STORED,
  id bytea NOT NULL,
  submission bytea NOT NULL
) WITH (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_cost_delay = 0
);
CREATE UNIQUE INDEX jobs_account ON jobs (account, id);
CREATE INDEX jobs_lane ON jobs (pipeline, lane, id);
CREATE INDEX jobs_delayed ON jobs (ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX jobs_kin ON jobs (submission, kin)
  WHERE kin IS NOT NULL AND state = 0 AND ready_at IS NULL;

CREATE TABLE job_payloads (
  number bigint PRIMARY KEY,
  spec text NOT NULL,
  origin text,
  user_data text
);

-- What the attempt that won has staged, or what the outputs of a failed job came to; and what happened
-- to the job, a line of JSON for each write that noted something.
CREATE TABLE job_results (
  number bigint PRIMARY KEY,
  outputs text,
  fault text,
  history text
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.02
);

-- One row per running, publishing or stopping job: as many as there are busy slots. `hurry`: of a
-- stopping job, whether its processes are to be killed at once.
CREATE TABLE leases (
  id bytea PRIMARY KEY,
  number bigint NOT NULL,
  until bigint NOT NULL,
  attempt integer NOT NULL,
  publishing boolean NOT NULL,
  hurry boolean NOT NULL DEFAULT false,
  worker text NOT NULL
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX leases_until ON leases (publishing, until);

-- The last transaction of each connection that writes, noted by that transaction: whoever loses the
-- connection while it commits finds out here what became of it.
CREATE TABLE commits (
  writer bigint PRIMARY KEY,
  last bigint NOT NULL,
  at bigint NOT NULL
) WITH (
  fillfactor = 20,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);

-- The processes that share this database, as they say of themselves; `kinds` and `master_keys` are words
-- with commas between them. Nothing is lost with these rows.
CREATE TABLE nodes (
  id text COLLATE "C" PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  home text COLLATE "C" NOT NULL,
  serves boolean NOT NULL,
  cluster text COLLATE "C",
  kinds text NOT NULL,
  slots integer NOT NULL,
  version text NOT NULL,
  master_keys text NOT NULL,
  shared_buckets text,
  started_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  draining boolean NOT NULL,
  taken integer NOT NULL,
  trouble_at bigint,
  trouble text
) WITH (fillfactor = 50);

CREATE TABLE clusters (
  name text COLLATE "C" PRIMARY KEY,
  created_at bigint NOT NULL
);

-- For how many days an account keeps what is over, where it is not the default.
CREATE TABLE retention (
  account bigint NOT NULL,
  what text COLLATE "C" NOT NULL,
  days bigint NOT NULL,
  PRIMARY KEY (account, what)
);

-- A row if this is a copy: calls that were signed up to this time may have been made before.
CREATE TABLE restored (
  only_row boolean PRIMARY KEY CHECK (only_row),
  signed_after bigint NOT NULL
);

-- A row while another store is being moved here, of which this identity is told: until then nobody may
-- use the database.
CREATE TABLE arriving (
  only_row boolean PRIMARY KEY CHECK (only_row),
  identity text NOT NULL
);

-- What happened to jobs. `arrival` is the order in which the writes noted it, which readers cannot
-- follow, because one that is later there may be seen earlier. `position` is the order that they
-- follow: whoever reads gives it first to all that has been committed, in the order of arrival. Of two
-- events of a job the later one is written when the earlier one has been committed, so whoever sees the
-- later one sees both.
CREATE TABLE events (
  arrival bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  position bigint,
  account bigint NOT NULL,
  job bytea NOT NULL,
  -- The pipeline's key.
  pipeline bigint NOT NULL,
  name smallint NOT NULL,
  attempt integer NOT NULL,
  at bigint NOT NULL,
  fault text
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX events_position ON events (position);
CREATE INDEX events_new ON events (arrival) WHERE position IS NULL;

-- The newest position. Events up to `fanned_out` have become deliveries, up to `pruned` they may have
-- been removed. Whoever removes events removes none after `fanned_out`, and notes how far it came.
CREATE TABLE event_log (
  only_row boolean PRIMARY KEY CHECK (only_row),
  last bigint NOT NULL,
  fanned_out bigint NOT NULL,
  pruned bigint NOT NULL
);
INSERT INTO event_log VALUES (true, 0, 0, 0);

-- Who is told of events: webhooks, and with `topic` the receivers of a name that a vendor's pipelines
-- use. `names` has a bit for each event's name that is wanted. A deleted one keeps its row, because its
-- deliveries can still be read. Events up to `since` do not concern it.
CREATE TABLE destinations (
  key bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  id bytea NOT NULL,
  account bigint NOT NULL,
  topic text COLLATE "C",
  url text NOT NULL,
  names bigint NOT NULL,
  secret text COLLATE "C" NOT NULL,
  -- Signs beside the new one for a while after that has replaced it.
  old_secret text COLLATE "C",
  old_until bigint,
  enabled boolean NOT NULL,
  since bigint NOT NULL,
  created_at bigint NOT NULL,
  deleted boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX destinations_id ON destinations (id);
CREATE INDEX destinations_account ON destinations (account, key) WHERE NOT deleted;
CREATE UNIQUE INDEX destinations_topic ON destinations (account, topic)
  WHERE topic IS NOT NULL AND NOT deleted;

-- One event on its way to one destination. States: 0 behind an earlier event of the same job, 1 its
-- turn, 2 delivered, 3 dead, 4 withdrawn. `due_at` is set in state 1 only: the time of the next try, or
-- while somebody tries, when that counts as failed.
CREATE TABLE deliveries (
  number bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  id bytea NOT NULL,
  account bigint NOT NULL,
  -- The destination's key.
  destination bigint NOT NULL,
  -- Whose words it is told in; NULL for the native ones.
  dialect text,
  position bigint NOT NULL,
  job bytea NOT NULL,
  pipeline bigint NOT NULL,
  name smallint NOT NULL,
  attempt integer NOT NULL,
  at bigint NOT NULL,
  fault text,
  state smallint NOT NULL,
  -- All tries, and those before the newest replay.
  tries integer NOT NULL DEFAULT 0,
  base integer NOT NULL DEFAULT 0,
  due_at bigint,
  -- From when on the time is counted after which it is dead: its making, or the newest replay.
  began_at bigint NOT NULL,
  created_at bigint NOT NULL,
  last_at bigint,
  last_status integer,
  last_error text
);
CREATE UNIQUE INDEX deliveries_id ON deliveries (id);
CREATE INDEX deliveries_account ON deliveries (account, number);
CREATE INDEX deliveries_state ON deliveries (account, state, number);
CREATE INDEX deliveries_destination ON deliveries (destination, number);
CREATE INDEX deliveries_job ON deliveries (job, number);
CREATE INDEX deliveries_due ON deliveries (destination, due_at) WHERE due_at IS NOT NULL;

-- Held by whoever makes deliveries, and shared by those who bring some to an end: of a job and a
-- destination one is on its way at a time, and both look which.
CREATE TABLE delivery_turns (
  only_row boolean PRIMARY KEY CHECK (only_row)
);
INSERT INTO delivery_turns VALUES (true);
