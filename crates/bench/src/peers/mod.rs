//! Other job queues beside the service, each on the storage that it is made for and in turns on this machine: submits that
//! are on the disk, jobs that do nothing, the time to a job's start, and cancels among many that wait.
//!
//! Where a queue can be used in several ways, it is used in the one that is best for the figure.

mod driven;
mod redis;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use reelgate_domain::JobId;
use reelgate_store::Hints;
use reelgate_testkit::{Postgres, PostgresSetup};
use tokio::runtime::Runtime;

use self::driven::Driven;
use self::redis::Redis;
use crate::figure::{Figure, Goal};
use crate::house::{CALLERS, House, scattered};
use crate::rounds::{in_turns, millis, percentile, rate, together};

const ROUNDS: usize = 5;
/// Jobs that wait while some are cancelled.
const BACKLOG: usize = 100_000;
const CANCELS: usize = 1000;
const SUBMITS: usize = 4000;
/// Jobs that one call submits, where it submits several, and how such calls are made.
const TOGETHER: usize = 100;
const FEW_CALLERS: usize = 8;
const FEW_CALLS: usize = 80;
const JOBS: usize = 4000;
const SAMPLES: usize = 100;
/// Between two submits to an idle queue.
const IDLE: Duration = Duration::from_millis(20);

/// What PostgreSQL is told for both sides: every commit reaches the disk.
const DURABLE: &[(&str, &str)] = &[
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    ("shared_buffers", "512MB"),
    ("max_wal_size", "4GB"),
];

pub(crate) fn figures(runtime: &Runtime, dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let redis = Redis::start(&dir.join("redis"))?;
    let peer = Driven::start("bullmq.mjs", &redis.port.to_string())?;
    println!("    {}, {}", driven::version("bullmq")?, redis::version()?);
    let house = |name: &str| {
        let house = runtime.block_on(House::build(&dir.join("sqlite").join(name)))?;
        Ok(Nodes::one(house))
    };
    Pair::of("SQLite", "BullMQ", runtime, peer).measure(&house, tell)?;
    drop(redis);

    let postgres = Postgres::start(PostgresSetup {
        settings: DURABLE,
        ..PostgresSetup::default()
    });
    for (name, script, library) in [
        ("pg-boss", "pgboss.mjs", "pg-boss"),
        ("Graphile Worker", "graphile.mjs", "graphile-worker"),
    ] {
        println!("    {}", driven::version(library)?);
        let peer = Driven::start(script, &postgres.database())?;
        let house = |name: &str| {
            let dir = dir.join("postgres").join(script).join(name);
            runtime.block_on(Nodes::two(&dir, &postgres.database()))
        };
        Pair::of("PostgreSQL", name, runtime, peer).measure(&house, tell)?;
    }
    Ok(())
}

/// Where calls are answered and where jobs are started.
struct Nodes {
    caller: Arc<House>,
    worker: Arc<House>,
}

impl Nodes {
    /// A store of one process.
    fn one(house: House) -> Self {
        let house = Arc::new(house);
        Self {
            caller: Arc::clone(&house),
            worker: house,
        }
    }

    /// So that a start takes the way through the database, as the other queues' starts do.
    async fn two(dir: &Path, url: &str) -> Result<Self> {
        let caller = House::build_on_postgres(dir, url).await?;
        let worker = caller.beside(dir, url).await?;
        Ok(Self {
            caller: Arc::new(caller),
            worker: Arc::new(worker),
        })
    }
}

/// The service and another queue.
struct Pair<'r> {
    ours: &'static str,
    theirs: &'static str,
    runtime: &'r Runtime,
    peer: Driven,
}

impl<'r> Pair<'r> {
    fn of(ours: &'static str, theirs: &'static str, runtime: &'r Runtime, peer: Driven) -> Self {
        Self {
            ours,
            theirs,
            runtime,
            peer,
        }
    }

    /// `nodes` makes a service over a store of its own.
    fn measure(
        mut self,
        nodes: &dyn Fn(&str) -> Result<Nodes>,
        tell: &mut dyn FnMut(Figure),
    ) -> Result<()> {
        let few = nodes("few")?;
        // First, on a queue that never had anything else.
        let latency = self.latency(&few)?;
        tell(self.submits(&few.caller)?);
        tell(self.submits_together(&few.caller)?);
        drop(few);
        tell(self.work(&nodes("work")?.caller)?);
        tell(latency);
        tell(self.cancels(&nodes("many")?.caller)?);
        Ok(())
    }

    fn submits(&mut self, house: &Arc<House>) -> Result<Figure> {
        self.peer.clear()?;
        let (runtime, peer) = (self.runtime, &mut self.peer);
        let pair = in_turns(
            ROUNDS,
            || {
                let house = Arc::clone(house);
                let call = move |_| {
                    let house = Arc::clone(&house);
                    async move { house.submit().await.map(drop) }
                };
                let took = runtime.block_on(together(CALLERS, SUBMITS, call))?;
                Ok(rate(SUBMITS, took))
            },
            || peer.submit(CALLERS, SUBMITS),
        )?;
        Ok(self.ahead(&format!("submit, {CALLERS} callers"), pair))
    }

    /// Callers that have many jobs at once, in the call that each queue has for that.
    fn submits_together(&mut self, house: &Arc<House>) -> Result<Figure> {
        self.peer.clear()?;
        let (runtime, peer) = (self.runtime, &mut self.peer);
        let pair = in_turns(
            ROUNDS,
            || {
                let house = Arc::clone(house);
                let call = move |_| {
                    let house = Arc::clone(&house);
                    async move { house.submit_together(TOGETHER).await.map(drop) }
                };
                let took = runtime.block_on(together(FEW_CALLERS, FEW_CALLS, call))?;
                Ok(rate(FEW_CALLS * TOGETHER, took))
            },
            || {
                let calls = peer.submit_together(FEW_CALLERS, FEW_CALLS, TOGETHER)?;
                Ok(calls * TOGETHER as f64)
            },
        )?;
        let what = format!("submit, {FEW_CALLERS} callers, {TOGETHER} a call");
        Ok(self.ahead(&what, pair))
    }

    fn work(&mut self, house: &Arc<House>) -> Result<Figure> {
        let (runtime, peer) = (self.runtime, &mut self.peer);
        peer.clear()?;
        let pair = in_turns(
            ROUNDS,
            || {
                runtime.block_on(house.fill(JOBS))?;
                let house = Arc::clone(house);
                let call = move |_| {
                    let house = Arc::clone(&house);
                    async move { house.work().await }
                };
                let took = runtime.block_on(together(CALLERS, JOBS, call))?;
                Ok(rate(JOBS, took))
            },
            || {
                peer.fill(JOBS, "to work on")?;
                peer.work(JOBS)
            },
        )?;
        Ok(self.ahead("jobs that do nothing", pair))
    }

    fn cancels(&mut self, house: &Arc<House>) -> Result<Figure> {
        let (runtime, peer) = (self.runtime, &mut self.peer);
        let mut victims = scattered(&runtime.block_on(house.fill(BACKLOG))?);
        peer.clear()?;
        peer.fill(BACKLOG, "to cancel")?;
        let pair = in_turns(
            ROUNDS,
            || {
                let left = victims.len().checked_sub(CANCELS);
                let left = left.context("there are too few jobs to cancel")?;
                let ids: Arc<[JobId]> = victims.split_off(left).into();
                let house = Arc::clone(house);
                let call = move |number: usize| {
                    let (house, id) = (Arc::clone(&house), ids[number]);
                    async move { house.cancel(id).await }
                };
                let took = runtime.block_on(together(CALLERS, CANCELS, call))?;
                Ok(rate(CANCELS, took))
            },
            || peer.cancel(CALLERS, CANCELS),
        )?;
        Ok(self.ahead(&format!("cancel of {BACKLOG} queued"), pair))
    }

    /// On an idle queue, so in no need of turns: nothing of the other side runs.
    fn latency(&mut self, nodes: &Nodes) -> Result<Figure> {
        let mut ours = self.runtime.block_on(starts(nodes))?;
        self.peer.clear()?;
        let mut theirs = self.peer.latency(SAMPLES)?;
        let (ours_p50, theirs_p50) = (percentile(&mut ours, 0.5), percentile(&mut theirs, 0.5));
        let pair = (percentile(&mut ours, 0.99), percentile(&mut theirs, 0.99));
        let name = format!(
            "submit to start, idle, p99: {} / {}",
            self.ours, self.theirs
        );
        let note = format!("medians {ours_p50:.1} and {theirs_p50:.1} ms");
        Ok(Figure::beside(name, "ms", pair, Goal::Most(1.0)).with_note(note))
    }

    fn ahead(&self, what: &str, pair: (f64, f64)) -> Figure {
        let name = format!("{what}: {} / {}", self.ours, self.theirs);
        Figure::beside(name, "1/s", pair, Goal::Least(1.0))
    }
}

/// Milliseconds from the call of a submit until a worker that waits for work has claimed the job.
async fn starts(nodes: &Nodes) -> Result<Vec<f64>> {
    let worker = Arc::clone(&nodes.worker);
    let mut hints: Hints = worker.store.hints();
    let (started, mut starts) = tokio::sync::mpsc::channel::<Instant>(1);
    let waiting = tokio::spawn(async move {
        while hints.work.changed().await.is_ok() {
            while let Ok(job) = worker.claim().await {
                if started.send(Instant::now()).await.is_err() || worker.end(&job).await.is_err() {
                    return;
                }
            }
        }
    });
    let mut found = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        tokio::time::sleep(IDLE).await;
        let begun = Instant::now();
        nodes.caller.submit().await?;
        let start = starts.recv().await.context("the worker has ended")?;
        found.push(millis(start.saturating_duration_since(begun)));
    }
    waiting.abort();
    Ok(found)
}
