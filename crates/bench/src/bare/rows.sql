-- The rows of a queued job as the store has them: same columns, same indexes, nothing else.
-- A test compares this file with the store's schema.

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
  forgiven INTEGER NOT NULL DEFAULT 0,
  kin INTEGER,
  lane INTEGER NOT NULL GENERATED ALWAYS AS (
    CASE state
      WHEN 0 THEN CASE WHEN ready_at IS NULL THEN 2 * (10 - priority) + (attempt = forgiven) ELSE 20 END
      WHEN 6 THEN 26 + (attempt > forgiven)
      ELSE 20 + state
    END
  ) VIRTUAL,
  kind INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX jobs_account ON jobs (account, id);
CREATE INDEX jobs_lane ON jobs (pipeline, kind, lane, id);
CREATE INDEX jobs_kin ON jobs (submission, kin)
  WHERE kin IS NOT NULL AND state = 0 AND ready_at IS NULL;
CREATE INDEX jobs_delayed ON jobs (ready_at) WHERE ready_at IS NOT NULL;

CREATE TABLE job_payloads (
  number INTEGER PRIMARY KEY,
  spec TEXT NOT NULL,
  origin TEXT,
  user_data TEXT
) STRICT;
