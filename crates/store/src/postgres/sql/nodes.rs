//! The statements about nodes and clusters.

// What `nodes::read` reads.
macro_rules! node_query {
    ($held:expr, $rest:expr) => {
        concat!(
            "SELECT n.id, n.name, n.home, n.serves, n.cluster, n.kinds, n.slots, n.version, \
             n.master_keys, n.shared_buckets, n.started_at, n.seen_at, n.draining, n.taken, \
             n.trouble_at, n.trouble, ",
            $held,
            " FROM nodes n ",
            $rest,
            " ORDER BY n.started_at, n.id"
        )
    };
}

statements! {
    SHARED_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    /// So that it is not deleted meanwhile.
    HOLD_CLUSTER = "SELECT true FROM clusters WHERE name = $1 FOR SHARE";
    REPLACE_NODE = "DELETE FROM nodes WHERE id = $1 OR home = $2 RETURNING draining";
    LIVE_NODES = node_query!("0::bigint", "WHERE n.seen_at > $1");
    INSERT_NODE = "INSERT INTO nodes (id, name, home, serves, cluster, kinds, slots, version, \
        master_keys, shared_buckets, started_at, seen_at, draining, taken) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)";
    BEAT = "UPDATE nodes SET seen_at = greatest(seen_at, $2), taken = $3, trouble_at = $4, \
        trouble = $5 WHERE id = $1 RETURNING draining";
    /// How many live beside one of them, how many of those answer calls, and which of these came first.
    COUNT_NODES = "SELECT count(*), count(*) FILTER (WHERE serves), \
        (array_agg(id ORDER BY started_at, id) FILTER (WHERE serves))[1] FROM nodes \
        WHERE seen_at > $1 OR id = $2";
    DELETE_NODE = "DELETE FROM nodes WHERE id = $1";
    /// As many leases as jobs and streams run at once; asked for by people.
    NODES = node_query!(
        "coalesce(l.held, 0)",
        "LEFT JOIN (SELECT worker, count(*) AS held FROM (SELECT worker FROM leases UNION ALL \
         SELECT worker FROM streams WHERE worker IS NOT NULL) w GROUP BY worker) l \
         ON l.worker = n.id"
    );
    SET_DRAINING = "UPDATE nodes SET draining = $2 WHERE id = $1";
    FORGET_NODES = "DELETE FROM nodes WHERE seen_at < $1";
    INSERT_CLUSTER =
        "INSERT INTO clusters (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    CLUSTERS = "SELECT name, created_at FROM clusters ORDER BY name";
    LOCK_CLUSTER = "SELECT true FROM clusters WHERE name = $1 FOR UPDATE";
    NODES_IN_CLUSTER = "SELECT count(*) FROM nodes WHERE cluster = $1 AND seen_at > $2";
    DELETE_CLUSTER = "DELETE FROM clusters WHERE name = $1";
}
