-- More kinds of jobs than one, assets, and what dialects keep for accounts.

-- 0 transcode, 1 ingest, 2 snapshot. A worker of some kinds only, and a listing of some, walk over no
-- others.
ALTER TABLE jobs ADD COLUMN kind smallint NOT NULL DEFAULT 0;
DROP INDEX jobs_lane;
CREATE INDEX jobs_lane ON jobs (pipeline, kind, lane, id);

-- Which jobs fetch an address from elsewhere: `hash` is the first half of the address's.
CREATE TABLE job_sources (
  number bigint PRIMARY KEY,
  account bigint NOT NULL,
  hash bigint NOT NULL
);
CREATE INDEX job_sources_hash ON job_sources (account, hash, number);

-- Media files that an account has registered. What is asked for is a column, the rest is in `body`.
CREATE TABLE assets (
  account bigint NOT NULL,
  id bytea NOT NULL,
  bucket text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  category bigint,
  reference text COLLATE "C",
  created_at bigint NOT NULL,
  modified_at bigint NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX assets_file ON assets (account, bucket, key);
CREATE UNIQUE INDEX assets_reference ON assets (account, reference) WHERE reference IS NOT NULL;
CREATE INDEX assets_category ON assets (account, category, id) WHERE category IS NOT NULL;

-- Jobs that were made for an asset.
CREATE TABLE asset_jobs (
  number bigint PRIMARY KEY,
  account bigint NOT NULL,
  asset bytea NOT NULL,
  submission bytea NOT NULL,
  job bytea NOT NULL
);
CREATE INDEX asset_jobs_asset ON asset_jobs (account, asset, submission, job);
CREATE INDEX asset_jobs_submission ON asset_jobs (account, submission, job);

-- Jobs that tell of an asset, as long as they are stored: `told` is false for those whose asset was
-- registered with them, and true once they have told, which counts once.
CREATE TABLE asset_arrivals (
  number bigint PRIMARY KEY,
  told boolean NOT NULL
);

-- What dialects keep for accounts: `revision` grows with each change.
CREATE TABLE documents (
  account bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  body text NOT NULL,
  created_at bigint NOT NULL,
  modified_at bigint NOT NULL,
  PRIMARY KEY (account, kind, id)
);
