//! Brings a database to this release's schema, one numbered file at a time.

use rusqlite::{Connection, params};

use super::error::corrupt;
use crate::contract::{Result, StoreError};

/// One step of the schema. A released file never changes again; its checksum is stored.
pub(super) struct Migration {
    pub(super) version: u32,
    pub(super) sql: &'static str,
}

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sql: include_str!("migrations/0001_first.sql"),
    },
    Migration {
        version: 2,
        sql: include_str!("migrations/0002_groups_retries_history.sql"),
    },
    Migration {
        version: 3,
        sql: include_str!("migrations/0003_access.sql"),
    },
    Migration {
        version: 4,
        sql: include_str!("migrations/0004_past_one_machine.sql"),
    },
    Migration {
        version: 5,
        sql: include_str!("migrations/0005_keyed_calls.sql"),
    },
    Migration {
        version: 6,
        sql: include_str!("migrations/0006_assets.sql"),
    },
    Migration {
        version: 7,
        sql: include_str!("migrations/0007_open_sources.sql"),
    },
    Migration {
        version: 8,
        sql: include_str!("migrations/0008_several_messages.sql"),
    },
    Migration {
        version: 9,
        sql: include_str!("migrations/0009_streams.sql"),
    },
    Migration {
        version: 10,
        sql: include_str!("migrations/0010_dna.sql"),
    },
];

/// Applies what is missing, each step with its record in one transaction: a crash leaves the
/// schema before or after a step, never inside one.
pub(super) fn migrate(connection: &mut Connection, migrations: &[Migration]) -> Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL) \
         STRICT",
    )?;
    let applied = applied(connection)?;
    for (version, checksum) in &applied {
        let Some(known) = migrations.iter().find(|m| m.version == *version) else {
            let newest = migrations.last().map_or(0, |m| m.version);
            return Err(StoreError::Unavailable(format!(
                "the database was written by a newer release: its schema is {version}, this \
                 release knows up to {newest}"
            )));
        };
        if *checksum != digest(known.sql) {
            let why = "not the schema step that this release has under this number";
            return Err(corrupt("migrations", "checksum", version, why));
        }
    }
    for migration in migrations {
        if applied
            .iter()
            .any(|(version, _)| *version == migration.version)
        {
            continue;
        }
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration.sql)?;
        transaction.execute(
            "INSERT INTO migrations (version, checksum) VALUES (?1, ?2)",
            params![migration.version, digest(migration.sql)],
        )?;
        transaction.commit()?;
    }
    Ok(())
}

fn applied(connection: &Connection) -> Result<Vec<(u32, String)>> {
    let mut statement =
        connection.prepare("SELECT version, checksum FROM migrations ORDER BY version")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// The number of the schema.
pub(super) fn newest(connection: &Connection) -> Result<u32> {
    Ok(applied(connection)?
        .last()
        .map_or(0, |(version, _)| *version))
}

/// FNV-1a, 64 bits: tells an edited file from the one that was applied, and no more than that.
fn digest(sql: &str) -> String {
    let hash = sql.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = Migration {
        version: 1,
        sql: "CREATE TABLE a (x INTEGER) STRICT",
    };
    const TWO: Migration = Migration {
        version: 2,
        sql: "CREATE TABLE b (x INTEGER) STRICT",
    };

    #[test]
    fn a_step_is_applied_once_and_later_steps_follow() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[ONE]).unwrap();
        migrate(&mut connection, &[ONE]).unwrap();
        migrate(&mut connection, &[ONE, TWO]).unwrap();
        connection.execute_batch("SELECT x FROM a, b").unwrap_err();
        connection.execute_batch("SELECT a.x FROM a, b").unwrap();
    }

    #[test]
    fn addresses_of_jobs_that_had_ended_are_not_open() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &MIGRATIONS[..6]).unwrap();
        let jobs = "INSERT INTO jobs (number, id, submission, account, pipeline, priority, state, \
            attempt, losses, progress, created_at) SELECT value, randomblob(16), zeroblob(16), 1, 1, 6, \
            value, 0, 0, 0, 0 FROM json_each('[0, 1, 2, 3, 4, 5, 6]')";
        connection.execute_batch(jobs).unwrap();
        let sources = "INSERT INTO job_sources SELECT number, account, 5 FROM jobs";
        connection.execute_batch(sources).unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        let open = "SELECT group_concat(number) FROM (SELECT number FROM job_sources WHERE open = 1 \
            ORDER BY number)";
        let open: String = connection.query_row(open, [], |row| row.get(0)).unwrap();
        assert_eq!(open, "0,1,2,3");
    }

    #[test]
    fn a_newer_database_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[ONE, TWO]).unwrap();
        let error = migrate(&mut connection, &[ONE]).unwrap_err().to_string();
        assert!(error.contains("newer release"), "{error}");
    }

    #[test]
    fn an_edited_step_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[ONE]).unwrap();
        let edited = Migration {
            version: 1,
            sql: "CREATE TABLE a (y INTEGER) STRICT",
        };
        let error = migrate(&mut connection, &[edited]).unwrap_err().to_string();
        assert!(error.contains("migrations.checksum of row 1"), "{error}");
    }

    #[test]
    fn a_step_that_fails_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = Migration {
            version: 2,
            sql: "CREATE TABLE c (x INTEGER) STRICT; oops",
        };
        migrate(&mut connection, &[ONE, broken]).unwrap_err();
        connection.execute_batch("SELECT * FROM c").unwrap_err();
        migrate(&mut connection, &[ONE, TWO]).unwrap();
    }
}
