-- Accounts with names, users, roles, policies and tokens; encrypted secrets; calls that count once;
-- the audit.
--
-- Run with secure_delete, so that the pages that held secrets as they were are overwritten.

ALTER TABLE accounts ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- Earlier releases made one account only.
UPDATE accounts SET name = CASE
  WHEN id = (SELECT id FROM accounts ORDER BY created_at, id LIMIT 1) THEN 'main'
  ELSE 'account-' || id
END;
CREATE UNIQUE INDEX accounts_name ON accounts (name);

CREATE TABLE features (
  account INTEGER NOT NULL,
  feature TEXT NOT NULL,
  PRIMARY KEY (account, feature)
) STRICT, WITHOUT ROWID;
INSERT INTO features (account, feature) SELECT id, 'edge' FROM accounts WHERE name = 'main';

CREATE TABLE limits (
  account INTEGER NOT NULL,
  action TEXT NOT NULL,
  rule TEXT NOT NULL,
  PRIMARY KEY (account, action)
) STRICT, WITHOUT ROWID;

ALTER TABLE projects ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE projects SET name = CASE
  WHEN id = (SELECT min(o.id) FROM projects o WHERE o.account = projects.account) THEN 'default'
  ELSE id
END;
CREATE UNIQUE INDEX projects_name ON projects (account, name);

-- Each project has a pipeline.
INSERT INTO pipelines (id, account, name, created_at)
  SELECT randomblob(16), account, 'mpc-' || id, created_at FROM projects;
INSERT INTO queues (pipeline, paused)
  SELECT key, 0 FROM pipelines WHERE key NOT IN (SELECT pipeline FROM queues);

-- `user` is NULL for the account's own keys. A `sealed` that begins with a zero byte is a secret as
-- it is, of a release that did not encrypt.
CREATE TABLE sealed_keys (
  id TEXT PRIMARY KEY,
  account INTEGER NOT NULL,
  user TEXT,
  sealed BLOB NOT NULL,
  active INTEGER NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO sealed_keys (id, account, sealed, active, created_at)
  SELECT k.id, k.account, CAST(char(0) || k.secret AS BLOB), k.active, coalesce(a.created_at, 0)
  FROM access_keys k LEFT JOIN accounts a ON a.id = k.account;
DROP TABLE access_keys;
ALTER TABLE sealed_keys RENAME TO access_keys;
CREATE INDEX access_keys_account ON access_keys (account, created_at, id);
CREATE INDEX access_keys_user ON access_keys (account, user) WHERE user IS NOT NULL;

CREATE TABLE named_api_keys (
  digest BLOB PRIMARY KEY,
  id TEXT NOT NULL,
  account INTEGER NOT NULL,
  user TEXT,
  operator INTEGER NOT NULL,
  active INTEGER NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO named_api_keys (digest, id, account, operator, active, created_at)
  SELECT k.digest, 'rgk-' || lower(hex(randomblob(4))), k.account, k.operator, 1,
    coalesce(a.created_at, 0)
  FROM api_keys k LEFT JOIN accounts a ON a.id = k.account;
DROP TABLE api_keys;
ALTER TABLE named_api_keys RENAME TO api_keys;
CREATE UNIQUE INDEX api_keys_id ON api_keys (id);
CREATE INDEX api_keys_account ON api_keys (account, created_at, id);
CREATE INDEX api_keys_user ON api_keys (account, user) WHERE user IS NOT NULL;

CREATE TABLE users (
  account INTEGER NOT NULL,
  name TEXT NOT NULL,
  id BLOB NOT NULL,
  password TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE policies (
  account INTEGER NOT NULL,
  name TEXT NOT NULL,
  document TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE roles (
  account INTEGER NOT NULL,
  name TEXT NOT NULL,
  id BLOB NOT NULL,
  trust TEXT NOT NULL,
  max_session INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

-- Whom a policy is attached to: `kind` 0 is a user, 1 a role. `custom` is 1 for a policy of the
-- account's own.
CREATE TABLE attachments (
  account INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  grantee TEXT NOT NULL,
  custom INTEGER NOT NULL,
  policy TEXT NOT NULL,
  PRIMARY KEY (account, kind, grantee, custom, policy)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_policy ON attachments (account, custom, policy, kind, grantee);

CREATE TABLE tokens (
  digest BLOB PRIMARY KEY,
  account INTEGER NOT NULL,
  user TEXT NOT NULL,
  project TEXT,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (account, user);
CREATE INDEX tokens_expires ON tokens (expires_at);

-- Signed calls that have been made, until they are too old to be made again. There is no index on
-- `until`: old ones are found by walking over the table bit by bit, which removes all those of a page
-- at once. By an index each would be on a page of its own, and cost thirty times as much. `hash` is
-- the first half of a call's: as a row's number it is found fastest, and the pages that calls dirty
-- are fewest.
CREATE TABLE nonces (
  hash INTEGER PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT;

-- `number` is the millisecond times 2048 plus a count, so that numbers sort and select by time.
CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  account INTEGER,
  principal TEXT NOT NULL,
  key_id TEXT,
  dialect TEXT NOT NULL,
  action TEXT NOT NULL,
  resource TEXT,
  source TEXT,
  allowed INTEGER NOT NULL,
  reason TEXT,
  status INTEGER NOT NULL,
  code TEXT,
  request_id TEXT NOT NULL
) STRICT;
-- An account asks for its own calls: what others called is not walked over. Whoever asks for the calls
-- of all accounts walks over all of them.
CREATE INDEX audit_account ON audit (account);
CREATE INDEX audit_principal ON audit (account, principal);
CREATE INDEX audit_action ON audit (account, action);
CREATE INDEX audit_resource ON audit (account, resource) WHERE resource IS NOT NULL;
CREATE INDEX audit_request ON audit (request_id);
CREATE INDEX audit_refused ON audit (account) WHERE allowed = 0;
