-- Fingerprint libraries. Each change of what one holds takes its next version; `added_at` is that of the last
-- one that added something, `emptied_at` that of the last one that removed all at once. With `emptying`, rows
-- are left of what was in it before, or of one that was deleted.
CREATE TABLE dna_libraries (
  id bytea PRIMARY KEY,
  account bigint NOT NULL,
  name text NOT NULL,
  model bigint NOT NULL,
  description text NOT NULL,
  version bigint NOT NULL,
  added_at bigint NOT NULL,
  emptied_at bigint NOT NULL,
  entries bigint NOT NULL,
  emptying boolean NOT NULL,
  created_at bigint NOT NULL,
  deleted_at bigint
) WITH (fillfactor = 60);
CREATE INDEX dna_libraries_account ON dna_libraries (account, id) WHERE deleted_at IS NULL;
CREATE INDEX dna_libraries_emptying ON dna_libraries (id) WHERE emptying;
CREATE INDEX dna_libraries_deleted ON dna_libraries (deleted_at) WHERE deleted_at IS NOT NULL;

-- `number` is the version that added it. It is in the library if `era` is that library's `emptied_at`.
CREATE TABLE dna_entries (
  library bytea NOT NULL,
  number bigint NOT NULL,
  era bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  bucket text COLLATE "C" NOT NULL,
  object text COLLATE "C" NOT NULL,
  job bytea NOT NULL,
  duration_ms bigint,
  bytes bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (library, number)
);
CREATE UNIQUE INDEX dna_entries_key ON dna_entries (library, era, key);
CREATE INDEX dna_entries_job ON dna_entries (library, era, job);

-- Apart from the entries and in parts of at most 1 MiB, because it may have tens of megabytes.
CREATE TABLE dna_fingerprints (
  library bytea NOT NULL,
  number bigint NOT NULL,
  part bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (library, number, part)
);
-- Hashes do not become smaller, and trying takes time.
ALTER TABLE dna_fingerprints ALTER COLUMN body SET STORAGE EXTERNAL;

-- Which entries were removed, and by which version: for copies that still have them. With `held`, the
-- fingerprint is still there.
CREATE TABLE dna_removals (
  library bytea NOT NULL,
  removed_at bigint NOT NULL,
  number bigint NOT NULL,
  held boolean NOT NULL,
  PRIMARY KEY (library, removed_at, number)
);
CREATE INDEX dna_removals_held ON dna_removals (library, number) WHERE held;
