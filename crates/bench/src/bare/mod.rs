//! The baselines: the least that the same work can be, without rules, names or errors worth telling.
//! They say what the machine, SQLite and the HTTP library allow.

pub(crate) mod group;
pub(crate) mod jobs;
pub(crate) mod rows;
pub(crate) mod signature;
pub(crate) mod signed;

use rusqlite::Connection;

/// A new id's bytes.
pub(crate) type Id = [u8; 16];

/// The settings that durability rests on; the rest is SQLite's own.
fn durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; \
         PRAGMA wal_autocheckpoint = 4000;",
    )
}
