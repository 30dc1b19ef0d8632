//! The queue's operations beside the bare table's, and a queued job's size.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Fault, FaultCode, NewJob, Origin, Selector,
};
use reelgate_domain::{
    AccessKey, AccountId, BucketName, JobId, PipelineId, PipelineState, Timestamp,
};
use reelgate_store::{
    Bucket, Ending, Fenced, FirstAccount, NewPipeline, SqliteStore, Store, SubmitOutcome,
};
use reelgate_testkit::{FixedClock, Ids, JobBuilder, account, spec, worker};
use tokio::runtime::Runtime;

use crate::figure::{Figure, Goal};
use crate::raw::{Id, Raw};
use crate::rounds::{in_turns, percentile, rate, together};

/// Callers at once, workers at once.
pub(crate) const CALLERS: usize = 32;

/// Rounds of each side.
const ROUNDS: usize = 9;

/// Queued jobs under the cancels and claims.
const BACKLOG: usize = 100_000;

/// What the baseline stores per job: as many bytes as the job's own JSON.
const PAYLOAD: usize = 500;

/// A store with one account and a source of jobs for it.
pub(crate) struct Queue {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) account: AccountId,
    pub(crate) pipeline: PipelineId,
    pub(crate) now: Timestamp,
    ids: Ids,
    origin: Origin,
}

impl Queue {
    pub(crate) async fn open(dir: &Path) -> Result<Self> {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir)?);
        let (account, now, ids) = (account(1), FixedClock::START, Ids::default());
        let pipeline = ids.pipeline(now);
        store
            .create_first_account(first_account(account, pipeline, now))
            .await?;
        Ok(Self {
            store,
            account,
            pipeline,
            now,
            ids,
            origin: origin(),
        })
    }

    pub(crate) fn job(&self) -> NewJob {
        let id = self.ids.job(self.now);
        let builder = JobBuilder::new(self.account, self.pipeline, id, self.now);
        builder.origin(self.origin.clone()).build()
    }

    pub(crate) async fn submit(&self, job: NewJob) -> Result<()> {
        let outcome = self.store.submit(vec![job]).await?;
        ensure!(
            matches!(outcome, SubmitOutcome::Accepted(_)),
            "a job was not accepted"
        );
        Ok(())
    }

    /// Queues many at once.
    pub(crate) async fn fill(&self, count: usize) -> Result<Vec<JobId>> {
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let jobs: Vec<_> = (0..5000.min(count - ids.len()))
                .map(|_| self.job())
                .collect();
            ids.extend(jobs.iter().map(|job| job.id));
            let outcome = self.store.submit(jobs).await?;
            ensure!(
                matches!(outcome, SubmitOutcome::Accepted(_)),
                "jobs were not accepted"
            );
        }
        Ok(ids)
    }

    pub(crate) async fn cancel(&self, id: JobId) -> Result<()> {
        let selector = Selector::Ids(vec![id]);
        let policy = CancelPolicy::QueuedOnly;
        let outcome = self
            .store
            .cancel(self.account, selector, policy, self.now)
            .await?;
        ensure!(
            outcome == [CancelOutcome::Cancelled { id }],
            "a cancel was refused"
        );
        Ok(())
    }

    pub(crate) async fn claim(&self) -> Result<JobId> {
        let until = self.now.after(std::time::Duration::from_secs(30));
        let mut claims = self
            .store
            .claim(&worker("bench"), 1, until, self.now)
            .await?;
        Ok(claims.pop().context("there was nothing to claim")?.job.id)
    }

    async fn work(&self) -> Result<()> {
        let id = self.claim().await?;
        let fault = Fault::new(FaultCode::SourceMissing, "nothing is run here");
        let ending = Ending::Failed {
            fault,
            results: Vec::new(),
        };
        let fenced = self.store.finish(id, 1, ending, self.now).await?;
        ensure!(fenced == Fenced::Done, "a finish did not count");
        Ok(())
    }
}

fn first_account(account: AccountId, pipeline: PipelineId, created_at: Timestamp) -> FirstAccount {
    let key = AccessKey {
        id: "bench".into(),
        secret: "bench".into(),
        account,
        active: true,
    };
    FirstAccount {
        account,
        project_id: "0".repeat(32),
        access_key: key,
        api_key_digest: [0; 32],
        pipeline: NewPipeline {
            id: pipeline,
            account,
            name: "default".into(),
            state: PipelineState::Active,
            concurrency: None,
            origin: None,
            created_at,
        },
        bucket: Bucket {
            account,
            name: BucketName::new("media").expect("it is a valid name"),
            path: "/media".into(),
            created_at,
        },
        created_at,
    }
}

/// Fills the job's JSON up to [`PAYLOAD`] bytes.
fn origin() -> Origin {
    let spec = serde_json::to_string(&spec("in.mp4", "out.mp4")).map_or(0, |json| json.len());
    let rest = PAYLOAD.saturating_sub(spec + 50);
    Origin {
        dialect: "mps".into(),
        version: 1,
        request: "x".repeat(rest).into(),
    }
}

/// The bytes of JSON that one job of the benchmark has.
pub(crate) fn payload() -> Result<Vec<u8>> {
    let mut json = serde_json::to_vec(&spec("in.mp4", "out.mp4"))?;
    json.extend(serde_json::to_vec(&origin())?);
    Ok(json)
}

pub(crate) fn figures(runtime: &Runtime, dir: &Path) -> Result<Vec<Figure>> {
    let mut bench = Bench::open(runtime, dir)?;
    Ok(vec![
        bench.submit()?,
        bench.single()?,
        bench.size(dir)?,
        bench.cancel()?,
        bench.work()?,
    ])
}

struct Bench<'r> {
    runtime: &'r Runtime,
    queue: Arc<Queue>,
    raw: Raw,
    /// Makes the same sequence of ids for the baseline.
    ids: Ids,
    /// Queued on both sides, none of them near the head of the queue.
    victims: (Vec<JobId>, Vec<Id>),
}

impl<'r> Bench<'r> {
    fn open(runtime: &'r Runtime, dir: &Path) -> Result<Self> {
        let queue = Arc::new(runtime.block_on(Queue::open(&dir.join("queue")))?);
        let raw = Raw::open(&dir.join("raw.db"), &payload()?)?;
        let ids = Ids::seeded(1);
        Ok(Self {
            runtime,
            queue,
            raw,
            ids,
            victims: (Vec::new(), Vec::new()),
        })
    }

    fn raw_ids(&self, count: usize) -> Vec<Id> {
        (0..count)
            .map(|_| *self.ids.job(self.queue.now).as_bytes())
            .collect()
    }

    fn submit(&mut self) -> Result<Figure> {
        const CALLS: usize = 12_000;
        let (ours, baseline) = in_turns(
            ROUNDS,
            || {
                let queue = Arc::clone(&self.queue);
                let call = move |_| {
                    let queue = Arc::clone(&queue);
                    async move { queue.submit(queue.job()).await }
                };
                let took = self.runtime.block_on(together(CALLERS, CALLS, call))?;
                Ok(rate(CALLS, took))
            },
            || self.raw.group(CALLERS, &self.raw_ids(CALLS)),
        )?;
        Ok(Figure {
            name: format!("durable submit, {CALLERS} callers / group commit"),
            unit: "1/s",
            ours,
            baseline,
            goal: Goal::Least(0.6),
        })
    }

    fn single(&mut self) -> Result<Figure> {
        const CALLS: usize = 2000;
        let (ours, baseline) = in_turns(
            ROUNDS,
            || {
                self.runtime.block_on(async {
                    let mut micros = Vec::with_capacity(CALLS);
                    for _ in 0..CALLS {
                        let before = Instant::now();
                        self.queue.submit(self.queue.job()).await?;
                        micros.push(before.elapsed().as_secs_f64() * 1e6);
                    }
                    Ok(percentile(&mut micros, 0.5))
                })
            },
            || self.raw.single(&self.raw_ids(CALLS)),
        )?;
        Ok(Figure {
            name: "durable submit, 1 caller, p50 / single commit".into(),
            unit: "us",
            ours,
            baseline,
            goal: Goal::MostPlus(1.5, 100.0),
        })
    }

    /// Fresh files, filled with the backlog that the cancels and claims then work on.
    fn size(&mut self, dir: &Path) -> Result<Figure> {
        let (queue_dir, raw_path) = (dir.join("queue-sized"), dir.join("raw-sized.db"));
        let queue = self.runtime.block_on(Queue::open(&queue_dir))?;
        let ids = self.runtime.block_on(queue.fill(BACKLOG))?;
        // The last connection to close writes the log back.
        let Queue {
            store, ids: source, ..
        } = queue;
        drop(store);
        let ours = std::fs::metadata(queue_dir.join("reelgate.db"))?.len();
        let mut queue = self.runtime.block_on(Queue::open(&queue_dir))?;
        queue.ids = source;
        queue.pipeline = self.queue.pipeline;
        self.queue = Arc::new(queue);
        self.raw = Raw::open(&raw_path, &payload()?)?;
        let raw_ids = self.raw_ids(BACKLOG);
        self.raw.fill(&raw_ids)?;
        let baseline = self.raw.bytes()?;
        let half = BACKLOG / 2;
        self.victims = (scattered(&ids[half..]), scattered(&raw_ids[half..]));
        Ok(Figure {
            name: "bytes on disk per queued job / bare table".into(),
            unit: "B",
            ours: ours as f64 / BACKLOG as f64,
            baseline: baseline as f64 / BACKLOG as f64,
            goal: Goal::Most(1.3),
        })
    }

    fn cancel(&mut self) -> Result<Figure> {
        const CALLS: usize = 5000;
        let (ours_ids, raw_ids) = std::mem::take(&mut self.victims);
        let (mut ours_ids, mut raw_ids) = (ours_ids.chunks(CALLS), raw_ids.chunks(CALLS));
        let none = "there are too few jobs to cancel";
        let (ours, baseline) = in_turns(
            ROUNDS,
            || {
                let ids: Arc<[JobId]> = ours_ids.next().context(none)?.into();
                let queue = Arc::clone(&self.queue);
                let call = move |number: usize| {
                    let (queue, id) = (Arc::clone(&queue), ids[number]);
                    async move { queue.cancel(id).await }
                };
                let took = self.runtime.block_on(together(CALLERS, CALLS, call))?;
                Ok(rate(CALLS, took))
            },
            || self.raw.cancel(raw_ids.next().context(none)?),
        )?;
        Ok(Figure {
            name: format!("cancel queued by id, {CALLERS} callers / 32 per commit"),
            unit: "1/s",
            ours,
            baseline,
            goal: Goal::Least(0.5),
        })
    }

    fn work(&mut self) -> Result<Figure> {
        const JOBS: usize = 4480;
        let (ours, baseline) = in_turns(
            ROUNDS,
            || {
                let queue = Arc::clone(&self.queue);
                let call = move |_| {
                    let queue = Arc::clone(&queue);
                    async move { queue.work().await }
                };
                let took = self.runtime.block_on(together(CALLERS, JOBS, call))?;
                Ok(rate(JOBS, took))
            },
            || self.raw.work(JOBS),
        )?;
        Ok(Figure {
            name: format!("claim + finish, {CALLERS} workers / 32 per commit"),
            unit: "1/s",
            ours,
            baseline,
            goal: Goal::Least(0.25),
        })
    }
}

/// The same in an order that jumps about, so that neighbours in time are not neighbours on disk.
pub(crate) fn scattered<T: Copy>(values: &[T]) -> Vec<T> {
    // A prime step visits every place once unless the length is a multiple of it.
    const STEP: usize = 7919;
    (0..values.len())
        .map(|n| values[n * STEP % values.len()])
        .collect()
}
