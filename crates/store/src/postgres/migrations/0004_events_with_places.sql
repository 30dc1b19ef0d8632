-- An event that has no place yet is in one index less: there it would be an entry that is never looked
-- for and soon replaced.
DROP INDEX events_position;
CREATE UNIQUE INDEX events_position ON events (position) WHERE position IS NOT NULL;
