//! A store in front of the real one that fails on demand, for a worker that has to live with it.

mod access;
mod assets;
mod dna;
mod events;
mod keeping;
mod nodes;
mod streams;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, HistoryEntry, Job, NewJob, Selector, StopMode,
};
use reelgate_domain::media::Staged;
use reelgate_domain::node::Kinds;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{
    AccountId, BucketName, JobId, JobNumber, Pipeline, PipelineId, PipelineState, Timestamp,
    WorkerId,
};
use reelgate_store::{
    Beat, BeatAnswer, Bucket, Claim, DeletePipeline, Ending, Fenced, Hints, JobFilter, NewPipeline,
    PipelinePage, Result, RetryOutcome, Store, StoreError, SubmitOutcome,
};
use tokio::sync::{Barrier, watch};

/// Counts are of calls that are still to fail.
pub(crate) struct Faulty {
    inner: Arc<dyn Store>,
    /// Publishes that are written, and whose answers do not arrive.
    pub(crate) lost_publish_answers: AtomicU32,
    /// Ends of fingerprint jobs wait for each other before the first of them is written.
    pub(crate) meeting: Mutex<Option<Arc<Barrier>>>,
    /// How many such ends came too late: the library had grown.
    pub(crate) outrun: AtomicU32,
    /// Copies of libraries that are to hear of changes wait here before the store is asked.
    pub(crate) before_changes: Barred,
    /// The versions of libraries wait here after the store has answered.
    pub(crate) after_version: Barred,
    /// How often all of a library was asked for, as copies that begin do.
    pub(crate) begun_copies: AtomicU32,
    /// The entry whose fingerprint arrives as something else.
    pub(crate) garbled: Mutex<Option<u64>>,
    pub(crate) failing_finishes: AtomicU32,
    pub(crate) failing_renews: AtomicU32,
    pub(crate) panicking_claims: AtomicU32,
    /// Claims do not return as long as this is true.
    pub(crate) claims_hang: watch::Sender<bool>,
    /// How many claims hung.
    pub(crate) hung_claims: watch::Sender<u32>,
    /// Whose beats are answered `Lost`.
    pub(crate) lost: Mutex<Option<JobId>>,
    /// Jobs that no one can make sense of.
    unreadable: Vec<JobId>,
    /// How many renewals were written.
    pub(crate) renewals: watch::Sender<u32>,
    /// What wake-ups come by instead of the store's own, if they are lost.
    deaf: Option<watch::Sender<u64>>,
}

const ELSEWHERE: &str = "the worker does not ask for this";

impl Faulty {
    pub(crate) fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self::new(inner, None))
    }

    /// A store with jobs that no one can make sense of.
    pub(crate) fn unreadable(inner: Arc<dyn Store>, jobs: Vec<JobId>) -> Arc<Self> {
        Arc::new(Self {
            unreadable: jobs,
            ..Self::new(inner, None)
        })
    }

    /// A store whose wake-ups are lost.
    pub(crate) fn deaf(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self::new(inner, Some(watch::Sender::new(0))))
    }

    fn new(inner: Arc<dyn Store>, deaf: Option<watch::Sender<u64>>) -> Self {
        Self {
            inner,
            deaf,
            lost_publish_answers: AtomicU32::new(0),
            meeting: Mutex::new(None),
            outrun: AtomicU32::new(0),
            before_changes: Barred::default(),
            after_version: Barred::default(),
            begun_copies: AtomicU32::new(0),
            garbled: Mutex::new(None),
            failing_finishes: AtomicU32::new(0),
            failing_renews: AtomicU32::new(0),
            panicking_claims: AtomicU32::new(0),
            claims_hang: watch::Sender::new(false),
            hung_claims: watch::Sender::new(0),
            lost: Mutex::new(None),
            unreadable: Vec::new(),
            renewals: watch::Sender::new(0),
        }
    }
}

/// A place that calls pass, unless it is barred.
#[derive(Default)]
pub(crate) struct Barred {
    is_barred: watch::Sender<bool>,
    /// How many calls came while it was.
    came: watch::Sender<u32>,
}

impl Barred {
    pub(crate) fn bar(&self) {
        self.is_barred.send_replace(true);
    }

    pub(crate) fn open(&self) {
        self.is_barred.send_replace(false);
    }

    /// Waits until a call has come that may not pass.
    pub(crate) async fn holds_one(&self) {
        let mut came = self.came.subscribe();
        let waiting = came.wait_for(|came| *came > 0);
        let waiting = tokio::time::timeout(crate::house::PATIENCE, waiting);
        waiting.await.expect("a call comes").unwrap();
    }

    async fn pass(&self) {
        let mut is_barred = self.is_barred.subscribe();
        if *is_barred.borrow() {
            self.came.send_modify(|came| *came += 1);
            is_barred.wait_for(|is_barred| !is_barred).await.unwrap();
        }
    }
}

/// Whether this call is one that is to fail.
fn is_due(count: &AtomicU32) -> bool {
    let less = |count: u32| count.checked_sub(1);
    count
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
        .is_ok()
}

fn failure() -> StoreError {
    StoreError::Unavailable("as the test wants it".to_owned())
}

#[async_trait]
impl Store for Faulty {
    async fn create_bucket(&self, _: Bucket, _: Option<Once>) -> Result<bool> {
        unreachable!("{ELSEWHERE}")
    }

    async fn bucket(&self, account: AccountId, name: &BucketName) -> Result<Option<Bucket>> {
        self.inner.bucket(account, name).await
    }

    async fn buckets(&self, _: AccountId) -> Result<Vec<Bucket>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn all_buckets(&self) -> Result<Vec<Bucket>> {
        self.inner.all_buckets().await
    }

    async fn create_pipeline(&self, _: NewPipeline, _: Option<Once>) -> Result<Pipeline> {
        unreachable!("{ELSEWHERE}")
    }

    async fn change_pipeline(
        &self,
        _: AccountId,
        _: PipelineId,
        _: PipelineChange,
        _: Option<Once>,
    ) -> Result<Option<Pipeline>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn delete_pipeline(
        &self,
        _: AccountId,
        _: PipelineId,
        _: Option<Once>,
    ) -> Result<DeletePipeline> {
        unreachable!("{ELSEWHERE}")
    }

    async fn pipelines(&self, _: AccountId, _: &[PipelineId]) -> Result<Vec<Pipeline>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn pipeline_named(&self, _: AccountId, _: &str) -> Result<Option<Pipeline>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn list_pipelines(
        &self,
        _: AccountId,
        _: Option<PipelineState>,
        _: u64,
        _: u32,
    ) -> Result<PipelinePage> {
        unreachable!("{ELSEWHERE}")
    }

    async fn submit(&self, _: Vec<NewJob>, _: Option<Once>) -> Result<SubmitOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn jobs(&self, account: AccountId, ids: &[JobId]) -> Result<Vec<Job>> {
        let is_unreadable = |id: &&JobId| self.unreadable.contains(id);
        match ids.iter().find(is_unreadable) {
            None => self.inner.jobs(account, ids).await,
            Some(id) => Err(StoreError::Corrupt {
                table: "jobs",
                column: "spec",
                row: id.to_string(),
                why: "the test wants it".to_owned(),
            }),
        }
    }

    async fn list_jobs(&self, _: AccountId, _: JobFilter, _: u32) -> Result<Vec<Job>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn jobs_numbered(&self, _: AccountId, _: &[JobNumber]) -> Result<Vec<Job>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn job_at(&self, _: AccountId, _: JobFilter, _: u64) -> Result<Option<JobId>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn count_jobs(&self, _: AccountId, _: JobFilter, _: u64) -> Result<u64> {
        unreachable!("{ELSEWHERE}")
    }

    async fn history(&self, _: AccountId, _: JobId) -> Result<Option<Vec<HistoryEntry>>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn cancel(
        &self,
        _: AccountId,
        _: Selector,
        _: CancelPolicy,
        _: StopMode,
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<Vec<CancelOutcome>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn retry(
        &self,
        _: AccountId,
        _: JobId,
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<RetryOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn claim_kinds(
        &self,
        kinds: Kinds,
        worker: &WorkerId,
        slots: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        assert!(!is_due(&self.panicking_claims), "as the test wants it");
        let mut hang = self.claims_hang.subscribe();
        if *hang.borrow() {
            self.hung_claims.send_modify(|count| *count += 1);
        }
        hang.wait_for(|hang| !hang).await.unwrap();
        let inner = &self.inner;
        inner.claim_kinds(kinds, worker, slots, until, now).await
    }

    async fn claim_winners(
        &self,
        worker: &WorkerId,
        slots: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        self.inner.claim_winners(worker, slots, until, now).await
    }

    async fn renew(
        &self,
        beats: Vec<Beat>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BeatAnswer>> {
        if is_due(&self.failing_renews) {
            return Err(failure());
        }
        let lost = *self.lost.lock().unwrap();
        let kept = beats.iter().filter(|beat| Some(beat.job) != lost);
        let kept: Vec<_> = kept.copied().collect();
        let mut answers = self.inner.renew(kept, until, now).await?.into_iter();
        self.renewals.send_modify(|count| *count += 1);
        let answer = |beat: &Beat| match Some(beat.job) == lost {
            true => BeatAnswer::Lost,
            false => answers.next().unwrap(),
        };
        Ok(beats.iter().map(answer).collect())
    }

    async fn publish(&self, job: JobId, staged: Staged, now: Timestamp) -> Result<Fenced> {
        let answer = self.inner.publish(job, staged, now).await;
        match is_due(&self.lost_publish_answers) {
            true => Err(failure()),
            false => answer,
        }
    }

    async fn finish(
        &self,
        job: JobId,
        attempt: u32,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Fenced> {
        if is_due(&self.failing_finishes) {
            return Err(failure());
        }
        self.inner.finish(job, attempt, ending, now).await
    }

    async fn sweep(&self, all: bool, now: Timestamp) -> Result<u64> {
        self.inner.sweep(all, now).await
    }

    async fn unheld(&self, account: AccountId, ids: &[JobId]) -> Result<Vec<JobId>> {
        self.inner.unheld(account, ids).await
    }

    async fn next_deadline(&self) -> Result<Option<Timestamp>> {
        self.inner.next_deadline().await
    }

    async fn check(&self) -> Result<()> {
        unreachable!("{ELSEWHERE}")
    }

    fn hints(&self) -> Hints {
        match &self.deaf {
            None => self.inner.hints(),
            Some(silence) => Hints {
                work: silence.subscribe(),
                stops: silence.subscribe(),
                changes: silence.subscribe(),
                events: silence.subscribe(),
                access: silence.subscribe(),
            },
        }
    }
}
