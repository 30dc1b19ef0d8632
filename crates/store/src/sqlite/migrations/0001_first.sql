-- Accounts, buckets, pipelines and jobs.
--
-- Times are milliseconds since the Unix epoch. Ids are the 16 bytes of a UUIDv7. JSON columns hold
-- {"v": <version>, "data": …}. What changes often is kept in narrow rows apart from what is large.

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE projects (
  id TEXT PRIMARY KEY,
  account INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE access_keys (
  id TEXT PRIMARY KEY,
  account INTEGER NOT NULL,
  secret TEXT NOT NULL,
  active INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  digest BLOB PRIMARY KEY,
  account INTEGER NOT NULL,
  operator INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
  account INTEGER NOT NULL,
  name TEXT NOT NULL,
  path BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

-- A deleted pipeline keeps its row, because its jobs can still be read.
CREATE TABLE pipelines (
  key INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  account INTEGER NOT NULL,
  name TEXT NOT NULL,
  origin TEXT,
  created_at INTEGER NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX pipelines_id ON pipelines (id);
CREATE INDEX pipelines_name ON pipelines (account, name, key) WHERE deleted = 0;
CREATE INDEX pipelines_account ON pipelines (account, key);

-- What a claim needs to know about a pipeline. The counts change in the transaction that changes
-- the jobs they count. `served` is the tick of the pipeline's last claim.
CREATE TABLE queues (
  pipeline INTEGER PRIMARY KEY,
  paused INTEGER NOT NULL,
  concurrency INTEGER,
  queued INTEGER NOT NULL DEFAULT 0 CHECK (queued >= ready),
  ready INTEGER NOT NULL DEFAULT 0 CHECK (ready >= 0),
  running INTEGER NOT NULL DEFAULT 0 CHECK (running >= 0),
  served INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX queues_turn ON queues (running, served)
  WHERE paused = 0 AND ready > 0 AND (concurrency IS NULL OR running < concurrency);

-- States: 0 queued, 1 running, 2 publishing, 3 stopping, 4 succeeded, 5 failed, 6 cancelled.
--
-- `lane` is what one index needs to serve both claims and listings: queued and ready jobs come
-- first, by falling priority and at the same priority those that wait for another attempt first
-- (0 to 19), then delayed ones (20), then the other states (21 to 25), then those cancelled before
-- (26) and after (27) they had started.
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  submission BLOB NOT NULL,
  account INTEGER NOT NULL,
  pipeline INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  losses INTEGER NOT NULL,
  progress INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ready_at INTEGER,
  started_at INTEGER,
  finished_at INTEGER,
  lane INTEGER NOT NULL GENERATED ALWAYS AS (
    CASE state
      WHEN 0 THEN CASE WHEN ready_at IS NULL THEN 2 * (10 - priority) + (attempt = 0) ELSE 20 END
      WHEN 6 THEN 26 + (attempt > 0)
      ELSE 20 + state
    END
  ) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX jobs_account ON jobs (account, id);
CREATE INDEX jobs_lane ON jobs (pipeline, lane, id);
CREATE INDEX jobs_delayed ON jobs (ready_at) WHERE ready_at IS NOT NULL;

CREATE TABLE job_payloads (
  number INTEGER PRIMARY KEY,
  spec TEXT NOT NULL,
  origin TEXT,
  user_data TEXT
) STRICT;

-- What the attempt that won has staged, or what the outputs of a failed job came to.
CREATE TABLE job_results (
  number INTEGER PRIMARY KEY,
  outputs TEXT,
  fault TEXT
) STRICT;

-- One row per running, publishing or stopping job: as many as there are busy slots.
CREATE TABLE leases (
  id BLOB PRIMARY KEY,
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  publishing INTEGER NOT NULL,
  worker TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_until ON leases (publishing, until);

-- One row, written to find out whether writing works.
CREATE TABLE pulse (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  beats INTEGER NOT NULL
) STRICT;
INSERT INTO pulse VALUES (1, 0);
