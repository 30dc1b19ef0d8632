-- What happens to jobs and who is told of it; more than one machine.

-- What happened to jobs, in the order in which it was written: `name` is the code of an event's name,
-- `fault` says why the job failed. Without AUTOINCREMENT a position could come again if the newest
-- row were removed, so that one stays however old it is.
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  job BLOB NOT NULL,
  -- The pipeline's key.
  pipeline INTEGER NOT NULL,
  name INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  fault TEXT
) STRICT;

-- Events up to `fanned_out` have become deliveries, up to `pruned` they may have been removed. Whoever
-- removes events removes none after `fanned_out`, and notes how far it came.
CREATE TABLE event_log (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  fanned_out INTEGER NOT NULL,
  pruned INTEGER NOT NULL
) STRICT;
INSERT INTO event_log VALUES (1, 0, 0);

-- Secrets of anything but key pairs. An id begins with '~' and so comes after the id of any key pair.
CREATE TABLE secrets (
  id TEXT PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is told of events: webhooks, and with `topic` the receivers of a name that a vendor's pipelines
-- use. `names` has a bit for each event's name that is wanted. A deleted one keeps its row, because its
-- deliveries can still be read. Events up to `since` do not concern it.
CREATE TABLE destinations (
  key INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  account INTEGER NOT NULL,
  topic TEXT,
  url TEXT NOT NULL,
  names INTEGER NOT NULL,
  secret TEXT NOT NULL,
  -- Signs beside the new one for a while after that has replaced it.
  old_secret TEXT,
  old_until INTEGER,
  enabled INTEGER NOT NULL,
  since INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX destinations_id ON destinations (id);
CREATE INDEX destinations_account ON destinations (account, key) WHERE deleted = 0;
CREATE UNIQUE INDEX destinations_topic ON destinations (account, topic)
  WHERE topic IS NOT NULL AND deleted = 0;

-- One event on its way to one destination. States: 0 behind an earlier event of the same job, 1 its
-- turn, 2 delivered, 3 dead, 4 withdrawn. `due_at` is set in state 1 only: the time of the next try, or
-- while somebody tries, when that counts as failed.
CREATE TABLE deliveries (
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  account INTEGER NOT NULL,
  -- The destination's key.
  destination INTEGER NOT NULL,
  -- Whose words it is told in; NULL for the native ones.
  dialect TEXT,
  position INTEGER NOT NULL,
  job BLOB NOT NULL,
  pipeline INTEGER NOT NULL,
  name INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  fault TEXT,
  state INTEGER NOT NULL,
  -- All tries, and those before the newest replay.
  tries INTEGER NOT NULL DEFAULT 0,
  base INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER,
  -- From when on the time is counted after which it is dead: its making, or the newest replay.
  began_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_at INTEGER,
  last_status INTEGER,
  last_error TEXT
) STRICT;
CREATE UNIQUE INDEX deliveries_id ON deliveries (id);
CREATE INDEX deliveries_account ON deliveries (account, number);
CREATE INDEX deliveries_state ON deliveries (account, state, number);
CREATE INDEX deliveries_destination ON deliveries (destination, number);
CREATE INDEX deliveries_job ON deliveries (job, number);
CREATE INDEX deliveries_due ON deliveries (destination, due_at) WHERE due_at IS NOT NULL;

-- Where the objects are if not at `path`, which is empty then: JSON; and the secret of that place.
ALTER TABLE buckets ADD COLUMN place TEXT;
ALTER TABLE buckets ADD COLUMN secret TEXT;

CREATE TABLE clusters (
  name TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- For how many days an account keeps what is over, where it is not the default.
CREATE TABLE retention (
  account INTEGER NOT NULL,
  what TEXT NOT NULL,
  days INTEGER NOT NULL,
  PRIMARY KEY (account, what)
) STRICT, WITHOUT ROWID;

-- A row if this is a copy: calls that were signed up to this time may have been made before.
CREATE TABLE restored (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  signed_after INTEGER NOT NULL
) STRICT;
