-- Live streams: what they are, whether they are to run, and who may have processes of them.

-- `worker` is whoever holds it, by a lease `until` then, in the start `held_run`; no process of a plan before
-- `runs` is left. `due_at` is since when or from when on it can be claimed, NULL for all others. A deleted one
-- is still held. `spec`, `plan`, `ended` and `health` are JSON. What is large is kept apart, so that the beat of
-- a lease writes a narrow row, on its page and in no index.
CREATE TABLE streams (
  id bytea PRIMARY KEY,
  account bigint NOT NULL,
  cluster text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  run bigint NOT NULL,
  wanted boolean NOT NULL,
  attempt bigint NOT NULL,
  worker text COLLATE "C",
  until bigint,
  held_run bigint,
  runs bigint NOT NULL,
  ready_at bigint,
  due_at bigint,
  last_start_at bigint,
  last_stop_at bigint,
  ended text,
  revision bigint NOT NULL,
  created_at bigint NOT NULL,
  touched_at bigint NOT NULL,
  deleted boolean NOT NULL,
  spec text NOT NULL,
  plan text,
  health text
) WITH (fillfactor = 60, toast_tuple_target = 512, autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX streams_account ON streams (account, id) WHERE NOT deleted;
CREATE INDEX streams_cluster ON streams (cluster, account, id) WHERE NOT deleted;
CREATE INDEX streams_due ON streams (cluster, due_at) WHERE due_at IS NOT NULL;
-- Without the leases' ends, so that renewing one changes no index: as many are held as processes run.
CREATE INDEX streams_held ON streams (cluster) WHERE worker IS NOT NULL;
-- To be counted.
CREATE INDEX streams_wanted ON streams (id) WHERE wanted;

-- How many streams an account has that are not deleted, so that a creation need not count them.
CREATE TABLE stream_counts (
  account bigint PRIMARY KEY,
  streams bigint NOT NULL
);

-- Where streams publish that are to run or may still have processes: a place is of one stream, whoever's that
-- is. `place` is the SHA-256 of what tells it from all others, `revision` that of the newest plan which has it.
CREATE TABLE stream_places (
  place bytea PRIMARY KEY,
  stream bytea NOT NULL,
  revision bigint NOT NULL
);
CREATE INDEX stream_places_stream ON stream_places (stream, revision);

-- What happened to streams, the newest of it: `seq` grows by one with each note of a stream.
CREATE TABLE stream_notes (
  stream bytea NOT NULL,
  seq bigint NOT NULL,
  at bigint NOT NULL,
  what bigint NOT NULL,
  run bigint NOT NULL,
  attempt bigint NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (stream, seq)
);

-- How streams did, at times. Those of a stream that was deleted go when they are old.
CREATE TABLE stream_health (
  stream bytea NOT NULL,
  at bigint NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (stream, at)
);
CREATE INDEX stream_health_at ON stream_health (at);
