-- Which of the jobs that fetch an address have not ended: a cancel by address walks over no others.
ALTER TABLE job_sources ADD COLUMN open INTEGER NOT NULL DEFAULT 1;
UPDATE job_sources SET open = 0
  WHERE (SELECT j.state FROM jobs j WHERE j.number = job_sources.number) >= 4;
CREATE INDEX job_sources_open ON job_sources (account, hash, number) WHERE open = 1;
