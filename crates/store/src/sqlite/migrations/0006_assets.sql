-- More kinds of jobs than one, assets, and what dialects keep for accounts.

-- 0 transcode, 1 ingest, 2 snapshot. A worker of some kinds only, and a listing of some, walk over no
-- others.
ALTER TABLE jobs ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_lane;
CREATE INDEX jobs_lane ON jobs (pipeline, kind, lane, id);

-- Which jobs fetch an address from elsewhere: `hash` is the first half of the address's.
CREATE TABLE job_sources (
  number INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  hash INTEGER NOT NULL
) STRICT;
CREATE INDEX job_sources_hash ON job_sources (account, hash, number);

-- Media files that an account has registered. What is asked for is a column, the rest is in `body`.
CREATE TABLE assets (
  account INTEGER NOT NULL,
  id BLOB NOT NULL,
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  category INTEGER,
  reference TEXT,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT;
CREATE UNIQUE INDEX assets_file ON assets (account, bucket, key);
CREATE UNIQUE INDEX assets_reference ON assets (account, reference) WHERE reference IS NOT NULL;
CREATE INDEX assets_category ON assets (account, category, id) WHERE category IS NOT NULL;

-- Jobs that were made for an asset.
CREATE TABLE asset_jobs (
  number INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  asset BLOB NOT NULL,
  submission BLOB NOT NULL,
  job BLOB NOT NULL
) STRICT;
CREATE INDEX asset_jobs_asset ON asset_jobs (account, asset, submission, job);
CREATE INDEX asset_jobs_submission ON asset_jobs (account, submission, job);

-- Jobs that tell of an asset, as long as they are stored: `told` is 0 for those whose asset was registered
-- with them, and 1 once they have told, which counts once.
CREATE TABLE asset_arrivals (
  number INTEGER PRIMARY KEY,
  told INTEGER NOT NULL
) STRICT;

-- What dialects keep for accounts: `revision` grows with each change.
CREATE TABLE documents (
  account INTEGER NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  PRIMARY KEY (account, kind, id)
) STRICT;
