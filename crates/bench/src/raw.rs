//! The baseline: the least a durable job table on SQLite can be. One table, one index for ids, one
//! for the queue, no rules; it says what the machine allows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};

use crate::rounds::{percentile, rate};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 4000;
    CREATE TABLE IF NOT EXISTS job (seq INTEGER PRIMARY KEY, id BLOB NOT NULL,
      pipeline INTEGER NOT NULL, state INTEGER NOT NULL, prio INTEGER NOT NULL, lease INTEGER,
      owner INTEGER, payload BLOB NOT NULL);
    CREATE UNIQUE INDEX IF NOT EXISTS job_id ON job (id);
    CREATE INDEX IF NOT EXISTS job_ready ON job (pipeline, prio, seq) WHERE state = 0;";
const INSERT: &str =
    "INSERT INTO job (id, pipeline, state, prio, payload) VALUES (?1, 1, 0, 5, ?2)";
const CLAIM: &str = "UPDATE job SET state = 1, owner = 1, lease = 99 WHERE seq = (SELECT seq FROM job \
    WHERE pipeline = 1 AND state = 0 ORDER BY prio, seq LIMIT 1) AND state = 0 \
    RETURNING seq, id, payload";
const COMPLETE: &str = "UPDATE job SET state = 2 WHERE seq = ?1 AND state = 1 AND owner = 1";
const CANCEL: &str = "UPDATE job SET state = 3 WHERE id = ?1 AND state = 0";

/// How many operations share a commit where the baseline is "32 per commit".
const PER_COMMIT: usize = 32;

pub(crate) type Id = [u8; 16];

pub(crate) struct Raw {
    path: PathBuf,
    connection: Connection,
    payload: Arc<[u8]>,
}

impl Raw {
    pub(crate) fn open(path: &Path, payload: &[u8]) -> Result<Self> {
        let connection = Connection::open(path).context("open the baseline's database")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            payload: payload.into(),
        })
    }

    /// Queues these in large transactions.
    pub(crate) fn fill(&mut self, ids: &[Id]) -> Result<()> {
        for chunk in ids.chunks(5000) {
            let transaction = self.connection.transaction()?;
            for id in chunk {
                transaction
                    .prepare_cached(INSERT)?
                    .execute(params![id, &*self.payload])?;
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

    /// One insert per commit: the median in microseconds.
    pub(crate) fn single(&self, ids: &[Id]) -> Result<f64> {
        let mut micros = Vec::with_capacity(ids.len());
        for id in ids {
            let before = Instant::now();
            self.connection
                .prepare_cached(INSERT)?
                .execute(params![id, &*self.payload])?;
            micros.push(before.elapsed().as_secs_f64() * 1e6);
        }
        Ok(percentile(&mut micros, 0.5))
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

    /// Inserts per second of `callers` threads that wait for the commit of one writer.
    pub(crate) fn group(&self, callers: usize, ids: &[Id]) -> Result<f64> {
        let (inbox, arrivals) = channel();
        let writer = self.writer(arrivals);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for caller in 0..callers {
                let inbox: Sender<Arrival> = inbox.clone();
                scope.spawn(move || call(&inbox, ids.iter().skip(caller).step_by(callers)));
            }
        });
        let took = start.elapsed();
        drop(inbox);
        writer
            .join()
            .expect("the baseline's writer does not panic")?;
        Ok(rate(ids.len(), took))
    }

    fn writer(&self, arrivals: Receiver<Arrival>) -> JoinHandle<Result<()>> {
        let (path, payload) = (self.path.clone(), Arc::clone(&self.payload));
        std::thread::spawn(move || {
            let mut connection = Connection::open(path)?;
            connection.execute_batch(SCHEMA)?;
            while let Ok(first) = arrivals.recv() {
                let mut batch = vec![first];
                batch.extend(arrivals.try_iter().take(511));
                let transaction = connection.transaction()?;
                for arrival in &batch {
                    transaction
                        .prepare_cached(INSERT)?
                        .execute(params![arrival.id, &*payload])?;
                }
                transaction.commit()?;
                for arrival in batch {
                    arrival.done.store(true, Ordering::Release);
                    arrival.caller.unpark();
                }
            }
            Ok(())
        })
    }
}

/// A row to insert, and who waits for it.
struct Arrival {
    id: Id,
    caller: Thread,
    done: Arc<AtomicBool>,
}

fn call<'i>(inbox: &Sender<Arrival>, ids: impl Iterator<Item = &'i Id>) {
    for id in ids {
        let done = Arc::new(AtomicBool::new(false));
        let arrival = Arrival {
            id: *id,
            caller: std::thread::current(),
            done: Arc::clone(&done),
        };
        if inbox.send(arrival).is_err() {
            return;
        }
        while !done.load(Ordering::Acquire) {
            std::thread::park_timeout(Duration::from_secs(1));
        }
    }
}
