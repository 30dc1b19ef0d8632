-- Calls with a key that their caller chose, until they need not be answered again. They stay for a day and
-- may come from every submission, so they are apart from nonces, of which all are gone after minutes.
CREATE TABLE keyed_calls (
  hash BLOB PRIMARY KEY,
  until INTEGER NOT NULL,
  request BLOB NOT NULL,
  made TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX keyed_calls_until ON keyed_calls (until);
