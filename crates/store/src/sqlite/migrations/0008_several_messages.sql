-- An event may be told by several messages of a dialect: which one this is. And deliveries follow each other in a lane:
-- that of their job, where it is NULL.
ALTER TABLE deliveries ADD COLUMN message TEXT;
ALTER TABLE deliveries ADD COLUMN lane BLOB;
CREATE INDEX deliveries_lane ON deliveries (coalesce(lane, job), destination, number) WHERE state < 2;
