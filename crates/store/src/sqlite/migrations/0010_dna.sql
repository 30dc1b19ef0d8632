-- Fingerprint libraries. Each change of what one holds takes its next version; `added_at` is that of the last
-- one that added something, `emptied_at` that of the last one that removed all at once. Where `emptying` is 1,
-- rows are left of what was in it before, or of one that was deleted.
CREATE TABLE dna_libraries (
  id BLOB PRIMARY KEY,
  account INTEGER NOT NULL,
  name TEXT NOT NULL,
  model INTEGER NOT NULL,
  description TEXT NOT NULL,
  version INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  emptied_at INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  emptying INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX dna_libraries_account ON dna_libraries (account, id) WHERE deleted_at IS NULL;
CREATE INDEX dna_libraries_emptying ON dna_libraries (id) WHERE emptying = 1;
CREATE INDEX dna_libraries_deleted ON dna_libraries (deleted_at) WHERE deleted_at IS NOT NULL;

-- `number` is the version that added it. It is in the library if `era` is that library's `emptied_at`.
CREATE TABLE dna_entries (
  library BLOB NOT NULL,
  number INTEGER NOT NULL,
  era INTEGER NOT NULL,
  key TEXT NOT NULL,
  bucket TEXT NOT NULL,
  object TEXT NOT NULL,
  job BLOB NOT NULL,
  duration_ms INTEGER,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (library, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dna_entries_key ON dna_entries (library, era, key);
CREATE INDEX dna_entries_job ON dna_entries (library, era, job);

-- Apart from the entries and in parts of at most 1 MiB, because it may have tens of megabytes.
CREATE TABLE dna_fingerprints (
  library BLOB NOT NULL,
  number INTEGER NOT NULL,
  part INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (library, number, part)
) STRICT;

-- Which entries were removed, and by which version: for copies that still have them. `held` is 1 as long as
-- the fingerprint is there.
CREATE TABLE dna_removals (
  library BLOB NOT NULL,
  removed_at INTEGER NOT NULL,
  number INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (library, removed_at, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX dna_removals_held ON dna_removals (library, number) WHERE held = 1;
