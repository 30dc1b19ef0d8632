//! The rows of a queued job, inserted without any look-up, count or rule.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use rusqlite::{Connection, params};

use super::{Id, durable};
use crate::rounds::median;

const SCHEMA: &str = include_str!("rows.sql");
const INSERT_JOB: &str = "INSERT INTO jobs (id, submission, account, pipeline, priority, state, \
    attempt, losses, progress, created_at) VALUES (?1, ?1, 1000000000000001, 1, 6, 0, 0, 0, 0, ?2)";
const INSERT_PAYLOAD: &str = "INSERT INTO job_payloads (number, spec, origin) VALUES (?1, ?2, ?3)";

/// The texts that a job's rows hold.
pub(crate) struct Texts {
    pub(crate) spec: String,
    pub(crate) origin: String,
}

/// A new database with the schema.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).context("open the baseline's database")?;
    durable(&connection)?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

pub(crate) fn insert(connection: &Connection, id: &Id, texts: &Texts) -> rusqlite::Result<()> {
    const NOW: i64 = 1_790_000_000_000;
    connection
        .prepare_cached(INSERT_JOB)?
        .execute(params![id, NOW])?;
    let number = connection.last_insert_rowid();
    connection.prepare_cached(INSERT_PAYLOAD)?.execute(params![
        number,
        texts.spec,
        texts.origin
    ])?;
    Ok(())
}

/// One job per commit: the median in microseconds.
pub(crate) fn single(connection: &mut Connection, ids: &[Id], texts: &Texts) -> Result<f64> {
    let mut micros = Vec::with_capacity(ids.len());
    for id in ids {
        let before = Instant::now();
        let transaction = connection.transaction()?;
        insert(&transaction, id, texts)?;
        transaction.commit()?;
        micros.push(before.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(&mut micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a table's rows and indexes cost, as SQLite knows it.
    fn shape(connection: &Connection) -> Vec<String> {
        let columns = "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" \
            || ' ' || c.hidden FROM sqlite_master m, pragma_table_xinfo(m.name) c \
            WHERE m.name IN ('jobs', 'job_payloads') ORDER BY m.name, c.cid";
        let indexes = "SELECT m.name || ' ' || i.name || ' ' || i.\"unique\" || i.partial || ' ' \
            || coalesce(x.name, '') FROM sqlite_master m, pragma_index_list(m.name) i, \
            pragma_index_info(i.name) x WHERE m.name IN ('jobs', 'job_payloads') \
            ORDER BY i.name, x.seqno";
        [columns, indexes]
            .iter()
            .flat_map(|sql| {
                let mut statement = connection.prepare(sql).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.collect::<rusqlite::Result<Vec<String>>>().unwrap()
            })
            .collect()
    }

    #[test]
    fn the_rows_are_those_of_the_store() {
        let dir = tempfile::tempdir().unwrap();
        drop(reelgate_store::SqliteStore::open(dir.path()).unwrap());
        let ours = Connection::open(dir.path().join("reelgate.db")).unwrap();
        let bare = open(&dir.path().join("bare.db")).unwrap();
        assert_eq!(shape(&bare), shape(&ours));
    }
}
