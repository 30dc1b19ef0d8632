//! What the cases arrange with: a store with one account, and short words for what is done often.

use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Fault, FaultCode, HistoryEntry, Job, NewJob, Selector, StateName,
    StopMode,
};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{AccountId, JobId, Pipeline, PipelineId, PipelineState, Timestamp};
use reelgate_testkit::{FixedClock, Ids, JobBuilder, staged, worker};

use super::Home;
use super::tenants::first_account;
use crate::{
    Beat, BeatAnswer, Claim, CreateAccount, Ending, Fenced, Gone, NewPipeline, RetryOutcome, Store,
    SubmitOutcome,
};

/// What the cases' workers say of processes that they stopped.
pub(super) const GONE: Gone = Gone {
    at: FixedClock::START,
    killed: false,
};

/// How long the cases' leases last.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// A store with one account, whose pipeline is `default`.
pub struct World {
    pub store: Arc<dyn Store>,
    pub clock: Arc<FixedClock>,
    pub ids: Arc<Ids>,
    pub account: AccountId,
    pub pipeline: PipelineId,
}

/// What can have become of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    New,
    /// Queued again after a failure, not ready yet.
    Delayed,
    /// Queued again, handed back by its worker.
    GivenBack,
    /// Queued again by hand.
    Retried,
    Running,
    Publishing,
    Stopping,
    /// Stopping, and its processes are to be killed at once.
    StoppingNow,
    Succeeded,
    Failed,
    CancelledNew,
    CancelledStarted,
    /// Cancelled after it was queued again by hand.
    CancelledRetried,
}

impl Shape {
    pub const ALL: [Self; 13] = [
        Self::New,
        Self::Delayed,
        Self::GivenBack,
        Self::Retried,
        Self::Running,
        Self::Publishing,
        Self::Stopping,
        Self::StoppingNow,
        Self::Succeeded,
        Self::Failed,
        Self::CancelledNew,
        Self::CancelledStarted,
        Self::CancelledRetried,
    ];

    pub fn state(self) -> StateName {
        match self {
            Self::New | Self::Delayed | Self::GivenBack | Self::Retried => StateName::Queued,
            Self::Running => StateName::Running,
            Self::Publishing => StateName::Publishing,
            Self::Stopping | Self::StoppingNow => StateName::Stopping,
            Self::Succeeded => StateName::Succeeded,
            Self::Failed => StateName::Failed,
            Self::CancelledNew | Self::CancelledStarted | Self::CancelledRetried => {
                StateName::Cancelled
            }
        }
    }

    /// Whether an attempt that counts has started.
    pub fn started(self) -> bool {
        self.ran() && !matches!(self, Self::Retried | Self::CancelledRetried)
    }

    /// Whether there ever was an attempt.
    fn ran(self) -> bool {
        !matches!(self, Self::New | Self::CancelledNew)
    }
}

impl World {
    pub async fn new(home: &dyn Home) -> Self {
        let (clock, ids) = (Arc::new(FixedClock::default()), Arc::new(Ids::default()));
        let store = home.open().await;
        let first = first_account(&ids, clock.now());
        let (account, pipeline) = (first.account.id, first.pipelines[0].id);
        let created = store
            .create_account(first, None)
            .await
            .expect("create_account");
        assert_eq!(created, CreateAccount::Created);
        Self {
            store,
            clock,
            ids,
            account,
            pipeline,
        }
    }

    /// The same world, seen from another node.
    pub async fn beside(&self, home: &dyn Home) -> Self {
        Self {
            store: home.open_beside(&self.store).await,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            account: self.account,
            pipeline: self.pipeline,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A job of the default pipeline with the next id.
    pub fn new_job(&self) -> JobBuilder {
        self.new_job_in(self.pipeline)
    }

    pub fn new_job_in(&self, pipeline: PipelineId) -> JobBuilder {
        JobBuilder::new(self.account, pipeline, self.ids.job(self.now()), self.now())
    }

    pub async fn add_pipeline(&self, name: &str, concurrency: Option<u32>) -> PipelineId {
        let new = NewPipeline {
            id: self.ids.pipeline(self.now()),
            account: self.account,
            name: name.into(),
            state: PipelineState::Active,
            concurrency,
            origin: None,
            created_at: self.now(),
        };
        self.store
            .create_pipeline(new, None)
            .await
            .expect("pipeline")
            .id
    }

    pub async fn submit(&self, jobs: Vec<NewJob>) -> Vec<Job> {
        match self.store.submit(jobs, None).await.expect("submit") {
            SubmitOutcome::Accepted(jobs) => jobs,
            SubmitOutcome::PipelineMissing(id) => panic!("pipeline {id} is missing"),
        }
    }

    /// Submits `count` jobs to a pipeline, oldest first.
    pub async fn fill(&self, pipeline: PipelineId, count: usize) -> Vec<JobId> {
        let jobs = (0..count)
            .map(|_| self.new_job_in(pipeline).build())
            .collect();
        self.submit(jobs)
            .await
            .into_iter()
            .map(|job| job.id)
            .collect()
    }

    /// Submits `count` siblings to a pipeline by one call, oldest first.
    pub async fn siblings(&self, pipeline: PipelineId, count: usize) -> Vec<JobId> {
        let submission = self.ids.submission(self.now());
        let one = || self.new_job_in(pipeline).submission(submission).build();
        let jobs = (0..count).map(|_| one()).collect();
        let jobs = self.submit(jobs).await;
        jobs.into_iter().map(|job| job.id).collect()
    }

    pub async fn submit_one(&self) -> JobId {
        self.fill(self.pipeline, 1).await[0]
    }

    pub async fn claim(&self, slots: u32) -> Vec<Claim> {
        let now = self.now();
        self.store
            .claim(&worker("w"), slots, now.after(LEASE), now)
            .await
            .expect("claim")
    }

    pub async fn claim_ids(&self, slots: u32) -> Vec<JobId> {
        self.claim(slots)
            .await
            .into_iter()
            .map(|claim| claim.job.id)
            .collect()
    }

    /// Submits a job and starts it; nothing else may be claimable.
    pub async fn running(&self) -> Job {
        let id = self.submit_one().await;
        let mut claims = self.claim(1).await;
        assert_eq!(claims.len(), 1);
        let job = claims.remove(0).job;
        assert_eq!(job.id, id, "something else was claimable");
        job
    }

    pub async fn finish(&self, job: JobId, attempt: u32, ending: Ending) -> Fenced {
        self.store
            .finish(job, attempt, ending, self.now())
            .await
            .expect("finish")
    }

    pub async fn publish(&self, job: JobId, attempt: u32) -> Fenced {
        self.store
            .publish(job, staged(attempt), self.now())
            .await
            .expect("publish")
    }

    pub async fn cancel(&self, job: JobId, policy: CancelPolicy) -> CancelOutcome {
        self.cancel_how(job, policy, StopMode::Graceful).await
    }

    pub async fn cancel_how(
        &self,
        job: JobId,
        policy: CancelPolicy,
        mode: StopMode,
    ) -> CancelOutcome {
        let selector = Selector::ids(vec![job]);
        let outcomes = self
            .store
            .cancel(self.account, selector, policy, mode, self.now(), None)
            .await;
        let mut outcomes = outcomes.expect("cancel");
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    pub async fn retry(&self, job: JobId) -> RetryOutcome {
        let now = self.now();
        self.store
            .retry(self.account, job, now, None)
            .await
            .expect("retry")
    }

    /// One heartbeat of an attempt, for a lease of the usual length.
    pub async fn beat(&self, job: JobId, attempt: u32, progress: u8) -> BeatAnswer {
        let beat = Beat {
            job,
            attempt,
            progress,
        };
        let now = self.now();
        let answers = self.store.renew(vec![beat], now.after(LEASE), now).await;
        answers.expect("renew")[0]
    }

    pub async fn history(&self, id: JobId) -> Vec<HistoryEntry> {
        let history = self.store.history(self.account, id).await;
        history.expect("history").expect("the job exists")
    }

    pub async fn job(&self, id: JobId) -> Job {
        let mut jobs = self.store.jobs(self.account, &[id]).await.expect("jobs");
        assert_eq!(jobs.len(), 1, "job {id} is missing");
        jobs.remove(0)
    }

    pub async fn state(&self, id: JobId) -> StateName {
        self.job(id).await.lifecycle.state.name()
    }

    pub async fn sweep(&self) -> u64 {
        self.store.sweep(false, self.now()).await.expect("sweep")
    }

    pub async fn set_state(&self, pipeline: PipelineId, state: PipelineState) {
        let change = PipelineChange {
            state: Some(state),
            ..PipelineChange::default()
        };
        let changed = self
            .store
            .change_pipeline(self.account, pipeline, change, None)
            .await;
        assert_eq!(changed.expect("change").map(|it| it.state), Some(state));
    }

    pub async fn pipeline(&self, id: PipelineId) -> Pipeline {
        let mut found = self
            .store
            .pipelines(self.account, &[id])
            .await
            .expect("pipelines");
        assert_eq!(found.len(), 1, "pipeline {id} is missing");
        found.remove(0)
    }

    /// How many jobs of the pipeline are queued and running, by its counts.
    pub async fn load(&self, id: PipelineId) -> (u64, u64) {
        let pipeline = self.pipeline(id).await;
        (pipeline.queued, pipeline.running)
    }

    /// A job of that shape, in a pipeline of its own that is paused afterwards, so that other
    /// claims of the case do not take it. Nothing else may be claimable.
    pub async fn shaped(&self, shape: Shape) -> Job {
        let pipeline = self.add_pipeline("shape", None).await;
        let id = self.fill(pipeline, 1).await[0];
        if shape.ran() {
            assert_eq!(
                self.claim_ids(1).await,
                [id],
                "something else was claimable"
            );
        }
        self.bring_to(id, shape).await;
        self.set_state(pipeline, PipelineState::Paused).await;
        let job = self.job(id).await;
        assert_eq!(job.lifecycle.state.name(), shape.state());
        assert_eq!(job.lifecycle.has_started(), shape.started());
        job
    }

    async fn bring_to(&self, id: JobId, shape: Shape) {
        match shape {
            Shape::New | Shape::Running => {}
            Shape::Delayed => {
                self.finish(id, 1, failed(FaultCode::EngineFailed)).await;
            }
            Shape::GivenBack => {
                self.finish(id, 1, Ending::GivenBack).await;
            }
            Shape::Publishing => {
                self.publish(id, 1).await;
            }
            Shape::Stopping | Shape::CancelledNew => {
                self.cancel(id, CancelPolicy::Any).await;
            }
            Shape::Succeeded => {
                self.publish(id, 1).await;
                self.finish(id, 1, Ending::Succeeded).await;
            }
            Shape::Failed => {
                self.finish(id, 1, failed(FaultCode::SourceUnreadable))
                    .await;
            }
            Shape::Retried | Shape::CancelledRetried => {
                self.finish(id, 1, failed(FaultCode::SourceUnreadable))
                    .await;
                assert_eq!(self.retry(id).await, RetryOutcome::Queued);
                if shape == Shape::CancelledRetried {
                    self.cancel(id, CancelPolicy::QueuedOnly).await;
                }
            }
            Shape::StoppingNow => {
                self.cancel_how(id, CancelPolicy::Any, StopMode::Now).await;
            }
            Shape::CancelledStarted => {
                self.cancel(id, CancelPolicy::Any).await;
                self.finish(id, 1, Ending::Stopped(GONE)).await;
            }
        }
    }
}

/// The answer of a cancel that found the job queued.
pub(super) const fn cancelled(id: JobId) -> CancelOutcome {
    let from = StateName::Queued;
    CancelOutcome::Cancelled { id, from }
}

/// A failed attempt without results.
pub(super) fn failed(code: FaultCode) -> Ending {
    let fault = Fault::new(code, "it did not work").with_log_tail("the last line");
    Ending::Failed {
        fault,
        results: Vec::new(),
    }
}
