//! The least that a job table on PostgreSQL can be, and the least that can be done with it.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, NoTls, Statement};

use crate::bare::Id;
use crate::bare::rows::Texts;
use crate::rounds::rate;

const SCHEMA: &str = "
    CREATE TABLE job (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id bytea NOT NULL,
      pipeline integer NOT NULL, state smallint NOT NULL, prio smallint NOT NULL, lease bigint,
      owner bigint, payload text NOT NULL) WITH (fillfactor = 80,
      autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000,
      autovacuum_vacuum_cost_delay = 0);
    CREATE UNIQUE INDEX job_id ON job (id);
    CREATE INDEX job_ready ON job (pipeline, prio, seq) WHERE state = 0;";
const INSERT: &str = "INSERT INTO job (id, pipeline, state, prio, payload) \
    SELECT n.id, 1, 0, 5, n.payload FROM unnest($1::bytea[], $2::text[]) AS n(id, payload)";
const CLAIM: &str = "WITH picked AS MATERIALIZED (SELECT seq FROM job WHERE pipeline = 1 \
    AND state = 0 ORDER BY prio, seq LIMIT $1::bigint FOR UPDATE SKIP LOCKED) \
    UPDATE job j SET state = 1, owner = 1, lease = 99 FROM picked p WHERE j.seq = p.seq \
    RETURNING j.seq, j.id, j.payload";
const COMPLETE: &str = "UPDATE job SET state = 2 WHERE seq = ANY($1::bigint[]) AND state = 1 \
    AND owner = 1";

/// How many jobs share a commit.
pub(super) const PER_COMMIT: usize = 32;

/// The most rows that share a commit of inserts.
const BATCH: usize = 512;

/// One connection with a table of its own.
pub(super) struct Jobs {
    client: Client,
    payload: String,
    claim: Statement,
    complete: Statement,
    insert: Statement,
}

impl Jobs {
    pub(super) async fn open(url: &str, texts: &Texts) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        // It ends with the client.
        tokio::spawn(connection);
        client.batch_execute(SCHEMA).await?;
        Ok(Self {
            claim: client.prepare(CLAIM).await?,
            complete: client.prepare(COMPLETE).await?,
            insert: client.prepare(INSERT).await?,
            client,
            payload: format!("{}{}", texts.spec, texts.origin),
        })
    }

    /// Queues these in large transactions.
    pub(super) async fn fill(&self, ids: &[Id]) -> Result<()> {
        for chunk in ids.chunks(5000) {
            self.insert(chunk).await?;
        }
        Ok(self.client.batch_execute("ANALYZE job").await?)
    }

    async fn insert(&self, ids: &[Id]) -> Result<()> {
        let payloads = vec![self.payload.as_str(); ids.len()];
        let ids: Vec<&[u8]> = ids.iter().map(<[u8; 16]>::as_slice).collect();
        self.client
            .execute(&self.insert, &[&ids, &payloads])
            .await?;
        Ok(())
    }

    /// Jobs claimed and completed per second, so many per commit.
    pub(super) async fn work(&self, jobs: usize, per_commit: usize) -> Result<f64> {
        let start = Instant::now();
        let most = per_commit as i64;
        for _ in 0..jobs / per_commit {
            let rows = self.client.query(&self.claim, &[&most]).await?;
            ensure!(rows.len() == per_commit, "the baseline had too few jobs");
            let numbers: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
            let done = self.client.execute(&self.complete, &[&numbers]).await?;
            ensure!(
                done == per_commit as u64,
                "the baseline's job was not claimed"
            );
        }
        Ok(rate(jobs / per_commit * per_commit, start.elapsed()))
    }

    /// The usual number per commit.
    pub(super) async fn work_together(&self, jobs: usize) -> Result<f64> {
        self.work(jobs, PER_COMMIT).await
    }
}

/// Group commit in its barest form: one task writes what waits and answers after the commit.
#[derive(Clone)]
pub(super) struct Inserts(mpsc::UnboundedSender<(Id, oneshot::Sender<()>)>);

impl Inserts {
    pub(super) async fn open(url: &str, texts: &Texts) -> Result<Self> {
        let jobs = Jobs::open(url, texts).await?;
        let (inbox, mut arrivals) = mpsc::unbounded_channel::<(Id, oneshot::Sender<()>)>();
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while arrivals.recv_many(&mut batch, BATCH).await > 0 {
                // Callers that were answered together come together again, as the engine has it.
                let mut seen = 0;
                while batch.len() > seen && batch.len() < BATCH {
                    seen = batch.len();
                    tokio::task::yield_now().await;
                    while batch.len() < BATCH
                        && let Ok(next) = arrivals.try_recv()
                    {
                        batch.push(next);
                    }
                }
                let (ids, callers): (Vec<Id>, Vec<_>) = batch.drain(..).unzip();
                jobs.insert(&ids).await?;
                for caller in callers {
                    // A caller that has gone away needs no answer.
                    let _ = caller.send(());
                }
            }
            anyhow::Ok(())
        });
        Ok(Self(inbox))
    }

    /// Returns when the row is on disk.
    pub(super) async fn write(&self, id: Id) -> Result<()> {
        let (caller, answer) = oneshot::channel();
        let gone = "the baseline's writer is gone";
        self.0.send((id, caller)).ok().context(gone)?;
        answer.await.context(gone)
    }
}
