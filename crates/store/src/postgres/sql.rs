//! Every statement of the engine, so that one test can prepare and explain them all.

// A macro so that no statement can be missing from the list that the tests walk.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(in crate::postgres) const $name: &str = $sql;)*

        /// Every statement with its name.
        #[cfg(test)]
        pub(in crate::postgres) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

pub(super) mod access;
pub(super) mod assets;
pub(super) mod dna;
pub(super) mod events;
pub(super) mod jobs;
pub(super) mod keeping;
pub(super) mod nodes;
pub(super) mod streams;

statements! {
    BEGIN = "BEGIN";
    /// Waits as long as it takes: a wait for a replica that the timeout ends is answered as if the
    /// replica had it.
    COMMIT = "SET LOCAL statement_timeout = 0; COMMIT";
    ROLLBACK = "ROLLBACK";
    IS_ON = "SELECT current_setting($1::text) = 'on'";
    /// Has the transaction hold its connection's row from its beginning to its end.
    MARK = "INSERT INTO commits (writer, last, at) \
        VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
        ON CONFLICT (writer) DO UPDATE SET last = excluded.last, at = excluded.at";
    /// Writes nothing new, but waits for whoever writes that row, and is seen wherever that is.
    SETTLE = "INSERT INTO commits (writer, last, at) VALUES ($1, 0, 0) \
        ON CONFLICT (writer) DO UPDATE SET last = commits.last RETURNING last";
    LOCK_SCHEMA = "SELECT version, oldest_reader FROM schema FOR UPDATE";
    MIGRATIONS = "SELECT version, checksum FROM migrations ORDER BY version";
    NOTE_MIGRATION = "INSERT INTO migrations (version, checksum) VALUES ($1, $2)";
    SET_SCHEMA = "UPDATE schema SET version = $1, oldest_reader = $2 WHERE only_row";
}
