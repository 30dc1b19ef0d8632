-- Which of the jobs that fetch an address have not ended: a cancel by address walks over no others.
ALTER TABLE job_sources ADD COLUMN open boolean NOT NULL DEFAULT true;
UPDATE job_sources s SET open = false FROM jobs j WHERE j.number = s.number AND j.state >= 4;
CREATE INDEX job_sources_open ON job_sources (account, hash, number) WHERE open;
