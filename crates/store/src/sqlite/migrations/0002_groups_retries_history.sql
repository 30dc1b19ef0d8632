-- Jobs that start together, failed jobs that are queued again by hand, stops in a hurry, histories.

DROP INDEX jobs_lane;
ALTER TABLE jobs DROP COLUMN lane;

-- Attempts up to this number no longer count: the job was queued as new after them.
ALTER TABLE jobs ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;

-- Jobs of one submission with the same number here start together. NULL: the job is alone.
ALTER TABLE jobs ADD COLUMN kin INTEGER;

-- As before, but for what counts as started.
ALTER TABLE jobs ADD COLUMN lane INTEGER NOT NULL GENERATED ALWAYS AS (
  CASE state
    WHEN 0 THEN CASE WHEN ready_at IS NULL THEN 2 * (10 - priority) + (attempt = forgiven) ELSE 20 END
    WHEN 6 THEN 26 + (attempt > forgiven)
    ELSE 20 + state
  END
) VIRTUAL;
CREATE INDEX jobs_lane ON jobs (pipeline, lane, id);
CREATE INDEX jobs_kin ON jobs (submission, kin)
  WHERE kin IS NOT NULL AND state = 0 AND ready_at IS NULL;

-- Of a stopping job: whether its processes are to be killed at once.
ALTER TABLE leases ADD COLUMN hurry INTEGER NOT NULL DEFAULT 0;

-- What happened to the job, a line of JSON for each write that noted something.
ALTER TABLE job_results ADD COLUMN history TEXT;
