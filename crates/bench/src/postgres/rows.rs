//! The rows that a claim and an end come to, written by hand: what the engine's tables cost without the
//! engine.
//!
//! One statement a commit writes what the engine writes for as many jobs: the jobs' moves, their leases,
//! events, results and the queue's counts. Nothing is looked at before it is written, no turn is taken,
//! no lost commit could be asked after, and whoever had come in between would have been overrun.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use reelgate_service::{Clock, SystemClock};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use super::bare::PER_COMMIT;
use crate::house::House;
use crate::rounds::rate;

/// What the engine tells its connections, so that both have the same plans.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
    SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";
const CLAIM: &str = "WITH picked AS MATERIALIZED (SELECT number, id, account, pipeline, attempt + 1 AS \
      attempt FROM jobs WHERE pipeline = $1 AND kind = 0 AND lane < 20 ORDER BY lane, id LIMIT $2::bigint \
      FOR NO KEY UPDATE SKIP LOCKED), \
    moved AS (UPDATE jobs j SET state = 1, attempt = p.attempt, started_at = $3 \
      FROM picked p WHERE j.number = p.number), \
    leased AS (INSERT INTO leases (id, number, until, attempt, publishing, worker) \
      SELECT id, number, $3 + 30000, attempt, false, 'bench' FROM picked), \
    told AS (INSERT INTO events (account, job, pipeline, name, attempt, at) \
      SELECT account, id, pipeline, 1, attempt, $3 FROM picked), \
    counted AS (UPDATE queues SET queued = queued - n.jobs, ready = ready - n.jobs, \
      running = running + n.jobs, served = nextval('turns') \
      FROM (SELECT count(*) AS jobs FROM picked) n WHERE pipeline = $1) \
    SELECT p.number, p.id, y.spec, y.origin FROM picked p \
    JOIN job_payloads y ON y.number = p.number";
const END: &str = "WITH ended AS MATERIALIZED (SELECT number, id, account, pipeline, attempt FROM jobs \
      WHERE number = ANY($1::bigint[]) FOR NO KEY UPDATE), \
    moved AS (UPDATE jobs j SET state = 5, finished_at = $2 FROM ended e WHERE j.number = e.number), \
    gone AS (DELETE FROM leases l USING ended e WHERE l.id = e.id), \
    failed AS (INSERT INTO job_results (number, fault, history) SELECT number, $3, $4 FROM ended), \
    told AS (INSERT INTO events (account, job, pipeline, name, attempt, at, fault) \
      SELECT account, id, pipeline, 5, attempt, $2, $3 FROM ended), \
    counted AS (UPDATE queues q SET running = running - n.jobs \
      FROM (SELECT pipeline, count(*) AS jobs FROM ended GROUP BY pipeline) n \
      WHERE q.pipeline = n.pipeline) \
    SELECT count(*) FROM ended";

/// As long as what the engine stores of a job that fails at once.
const FAULT: &str = r#"{"v":1,"data":{"code":"SourceMissing","message":"nothing is run here"}}"#;
const HISTORY: usize = 330;

/// One connection to the tables of a house of its own.
pub(super) struct Rows {
    client: Client,
    pipeline: i64,
    history: String,
    claim: Statement,
    end: Statement,
}

impl Rows {
    pub(super) async fn open(house: &House, url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        // It ends with the client.
        tokio::spawn(connection);
        client.batch_execute(SETTINGS).await?;
        let id = house.pipeline.as_bytes().as_slice();
        let key = "SELECT key FROM pipelines WHERE id = $1";
        let pipeline = client.query_one(key, &[&id]).await?.get(0);
        Ok(Self {
            claim: client.prepare(CLAIM).await?,
            end: client.prepare(END).await?,
            client,
            pipeline,
            history: "x".repeat(HISTORY),
        })
    }

    /// Jobs claimed and ended per second.
    pub(super) async fn work(&self, jobs: usize) -> Result<f64> {
        let start = Instant::now();
        let most = PER_COMMIT as i64;
        for _ in 0..jobs / PER_COMMIT {
            let now = SystemClock.now().as_millis();
            let wanted: [&(dyn ToSql + Sync); 3] = [&self.pipeline, &most, &now];
            let rows = self.client.query(&self.claim, &wanted).await?;
            ensure!(rows.len() == PER_COMMIT, "there were too few jobs");
            let numbers: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
            let now = SystemClock.now().as_millis();
            let done: [&(dyn ToSql + Sync); 4] = [&numbers, &now, &FAULT, &self.history];
            let ended = self.client.query_one(&self.end, &done).await;
            let ended: i64 = ended.context("end the jobs")?.get(0);
            ensure!(ended == most, "a job was not there");
        }
        Ok(rate(jobs / PER_COMMIT * PER_COMMIT, start.elapsed()))
    }
}
