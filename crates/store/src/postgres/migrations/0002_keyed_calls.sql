-- Calls with a key that their caller chose, until they need not be answered again.
CREATE TABLE keyed_calls (
  hash bytea PRIMARY KEY,
  until bigint NOT NULL,
  request bytea NOT NULL,
  made text COLLATE "C" NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX keyed_calls_until ON keyed_calls (until);
