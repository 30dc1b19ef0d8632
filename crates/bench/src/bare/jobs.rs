//! The least a durable job table on SQLite can be: one table, one index for ids, one for the queue.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};

use super::{Id, durable};
use crate::rounds::rate;

const SCHEMA: &str = "
    CREATE TABLE job (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, pipeline INTEGER NOT NULL,
      state INTEGER NOT NULL, prio INTEGER NOT NULL, lease INTEGER, owner INTEGER,
      payload BLOB NOT NULL);
    CREATE UNIQUE INDEX job_id ON job (id);
    CREATE INDEX job_ready ON job (pipeline, prio, seq) WHERE state = 0;";
const INSERT: &str =
    "INSERT INTO job (id, pipeline, state, prio, payload) VALUES (?1, 1, 0, 5, ?2)";
const CLAIM: &str = "UPDATE job SET state = 1, owner = 1, lease = 99 WHERE seq = (SELECT seq FROM job \
    WHERE pipeline = 1 AND state = 0 ORDER BY prio, seq LIMIT 1) AND state = 0 \
    RETURNING seq, id, payload";
const COMPLETE: &str = "UPDATE job SET state = 2 WHERE seq = ?1 AND state = 1 AND owner = 1";
const CANCEL: &str = "UPDATE job SET state = 3 WHERE id = ?1 AND state = 0";

/// How many operations share a commit.
const PER_COMMIT: usize = 32;

pub(crate) struct Jobs {
    path: PathBuf,
    connection: Connection,
    payload: Vec<u8>,
}

impl Jobs {
    pub(crate) fn open(path: &Path, payload: Vec<u8>) -> Result<Self> {
        let connection = Connection::open(path).context("open the baseline's database")?;
        durable(&connection)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            payload,
        })
    }

    /// Queues these in large transactions.
    pub(crate) fn fill(&mut self, ids: &[Id]) -> Result<()> {
        for chunk in ids.chunks(5000) {
            let transaction = self.connection.transaction()?;
            for id in chunk {
                transaction
                    .prepare_cached(INSERT)?
                    .execute(params![id, self.payload])?;
            }
            transaction.commit()?;
        }
        Ok(())
    }

    /// Bytes of the file once the log is in it.
    pub(crate) fn bytes(&self) -> Result<u64> {
        self.connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(std::fs::metadata(&self.path)?.len())
    }

    /// Cancels per second.
    pub(crate) fn cancel(&mut self, ids: &[Id]) -> Result<f64> {
        let start = Instant::now();
        for chunk in ids.chunks(PER_COMMIT) {
            let transaction = self.connection.transaction()?;
            for id in chunk {
                let changed = transaction.prepare_cached(CANCEL)?.execute([id])?;
                ensure!(changed == 1, "the baseline's job was not queued");
            }
            transaction.commit()?;
        }
        Ok(rate(ids.len(), start.elapsed()))
    }

    /// Jobs claimed and completed per second.
    pub(crate) fn work(&mut self, jobs: usize) -> Result<f64> {
        let start = Instant::now();
        for _ in 0..jobs / PER_COMMIT {
            let mut numbers = Vec::with_capacity(PER_COMMIT);
            let transaction = self.connection.transaction()?;
            for _ in 0..PER_COMMIT {
                let mut claim = transaction.prepare_cached(CLAIM)?;
                numbers.push(claim.query_row([], |row| row.get::<_, i64>(0))?);
            }
            transaction.commit()?;
            let transaction = self.connection.transaction()?;
            for number in numbers {
                let changed = transaction.prepare_cached(COMPLETE)?.execute([number])?;
                ensure!(changed == 1, "the baseline's job was not claimed");
            }
            transaction.commit()?;
        }
        Ok(rate(jobs / PER_COMMIT * PER_COMMIT, start.elapsed()))
    }
}
