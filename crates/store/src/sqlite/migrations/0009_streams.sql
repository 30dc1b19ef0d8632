-- Live streams: what they are, whether they are to run, and who may have processes of them.

-- `worker` is whoever holds it, by a lease `until` then, in the start `held_run`; no process of a plan before
-- `runs` is left. `due_at` is since when or from when on it can be claimed, NULL for all others. A deleted one
-- is still held. `spec`, `plan`, `ended` and `health` are JSON.
CREATE TABLE streams (
  id BLOB PRIMARY KEY,
  account INTEGER NOT NULL,
  cluster TEXT NOT NULL,
  name TEXT NOT NULL,
  run INTEGER NOT NULL,
  wanted INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  worker TEXT,
  until INTEGER,
  held_run INTEGER,
  runs INTEGER NOT NULL,
  ready_at INTEGER,
  due_at INTEGER,
  last_start_at INTEGER,
  last_stop_at INTEGER,
  ended TEXT,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  touched_at INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  spec TEXT NOT NULL,
  plan TEXT,
  health TEXT
) STRICT;
CREATE INDEX streams_account ON streams (account, id) WHERE deleted = 0;
CREATE INDEX streams_cluster ON streams (cluster, account, id) WHERE deleted = 0;
CREATE INDEX streams_due ON streams (cluster, due_at) WHERE due_at IS NOT NULL;
-- Without the leases' ends, so that renewing one changes no index: as many are held as processes run.
CREATE INDEX streams_held ON streams (cluster) WHERE worker IS NOT NULL;
-- To be counted.
CREATE INDEX streams_wanted ON streams (id) WHERE wanted = 1;

-- How many streams an account has that are not deleted, so that a creation need not count them.
CREATE TABLE stream_counts (
  account INTEGER PRIMARY KEY,
  streams INTEGER NOT NULL
) STRICT;

-- Where streams publish that are to run or may still have processes: a place is of one stream, whoever's that
-- is. `place` is the SHA-256 of what tells it from all others, `revision` that of the newest plan which has it.
CREATE TABLE stream_places (
  place BLOB PRIMARY KEY,
  stream BLOB NOT NULL,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stream_places_stream ON stream_places (stream, revision);

-- What happened to streams, the newest of it: `seq` grows by one with each note of a stream.
CREATE TABLE stream_notes (
  stream BLOB NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  what INTEGER NOT NULL,
  run INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (stream, seq)
) STRICT, WITHOUT ROWID;

-- How streams did, at times. Those of a stream that was deleted go when they are old.
CREATE TABLE stream_health (
  stream BLOB NOT NULL,
  at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (stream, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX stream_health_at ON stream_health (at);
