//! The statements about clusters and about who holds what.

statements! {
    INSERT_CLUSTER =
        "INSERT INTO clusters (name, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    CLUSTERS = "SELECT name, created_at FROM clusters ORDER BY name";
    DELETE_CLUSTER = "DELETE FROM clusters WHERE name = ?1";
    /// One row for each lease.
    HOLDERS = "SELECT worker FROM leases UNION ALL \
        SELECT worker FROM streams INDEXED BY streams_held WHERE worker IS NOT NULL";
}
