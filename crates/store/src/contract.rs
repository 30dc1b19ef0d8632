//! The contract every engine keeps: one method per atomic intention.
//!
//! What holds for all of them:
//!
//! * A method that writes returns `Ok` only when the write is on disk. If the process dies before
//!   it returns, the write has happened wholly or not at all, and the caller cannot know which;
//!   after it has returned, the write survives any crash.
//! * `Err` from a method that writes means that nothing was written, with one exception: an engine that
//!   is reached over a network loses the answer to a commit together with the connection, asks what
//!   became of it, and may get no answer to that either. Then it is [`StoreError::Unavailable`] with a
//!   text that says so, and the write has happened wholly or not at all, as after a crash. Whoever
//!   repeats a write after `Unavailable` reckons with its having happened: by a [`Once`], by an
//!   attempt's number, or by looking.
//! * Every transition of a job is decided by [`Lifecycle::after`] on the row as it is inside the
//!   write, and names the state and attempt it leaves. Two intentions on the same job are ordered;
//!   the second sees what the first did. The one exception is a row of which not even state and
//!   attempt make sense: claims and sweeps that meet it fail the job without asking.
//! * A pause that has returned is seen by every claim that returns later than it.
//! * No method's cost grows with the number of stored jobs: each touches rows by index. A listing
//!   also pays for each job that it passes over because it cannot be read.
//! * Things of another account do not exist.
//! * A method that takes a [`Once`] writes it in the same transaction as its effect. If it is there
//!   already, the method fails with [`StoreError::Replayed`] and nothing is written. Any other answer
//!   uses it up, and so does one that says that nothing was done; an error does not. One whose time
//!   has passed may be forgotten.
//! * Of a [`Once`] with a note that is kept with it, for [`AccessStore::noted`]. An answer that says that
//!   nothing was made, queued or changed leaves such a call free, so that what is noted has happened.
//! * Absence is `Ok(None)` or a missing entry; a row that cannot be read is an error naming it.
//! * A job that cannot be read stops nothing but itself. Methods that are about whatever jobs there
//!   are log it and go on with the others; each says what becomes of the job.
//!
//! [`Lifecycle::after`]: reelgate_domain::job::Lifecycle::after

mod access;
mod assets;
mod dna;
mod events;
mod keeping;
mod nodes;
mod streams;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Fault, HistoryEntry, Job, NewJob, Origin, Selector, StateName,
    StopMode,
};
use reelgate_domain::media::{OutputResult, Staged};
use reelgate_domain::node::Kinds;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{
    AccountId, BucketName, JobId, JobNumber, Pipeline, PipelineId, PipelineState, Place, Timestamp,
    WorkerId,
};
use tokio::sync::watch;

pub use access::{
    AccessStore, Attach, AuditFilter, Create, CreateAccount, DeletePolicy, NewAccount, Put,
    Resealed, Rotate, SealedSecret,
};
pub use assets::{
    AssetFilter, AssetJobFilter, AssetStanding, AssetStore, ChangeAsset, DocumentWrite,
    DocumentsBelow, PutDocument, PutOutcome, RegisterAsset, RegisterOutcome, WriteOutcome,
};
pub use dna::{
    CreateLibrary, DnaEffect, DnaStore, LibraryChange, LibraryChanges, NewEntry, PublishDna,
};
pub use events::{
    ClaimedDelivery, DeliveryClaim, DeliveryFilter, DestinationChange, EventPage, EventStore,
    NewDelivery, Replay, Settled,
};
pub use keeping::{Cutoffs, DeleteJob, KeepStore, Outlived, Slice, SliceCursor, Tally};
pub use nodes::{DeleteCluster, Join, NodeStore, Sign, Told};
pub use streams::{
    NewStream, StreamAnswer, StreamBeat, StreamChange, StreamCounts, StreamEnding, StreamFilter,
    StreamOutcome, StreamPage, StreamStore,
};

/// What a store method returns.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why an intention was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine could not be reached or refused for now; the same call may succeed later. Of a write
    /// nothing has happened, unless the text says that this is not known.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// There is no room left to write.
    #[error("the store has no space left: {0}")]
    Full(String),
    /// The call that this was to be part of has been made before.
    #[error("the call has been made before")]
    Replayed,
    /// A stored row makes no sense to this release.
    #[error("{table}.{column} of row {row} cannot be read: {why}")]
    Corrupt {
        table: &'static str,
        column: &'static str,
        row: String,
        why: String,
    },
}

/// A bucket and where its objects are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub account: AccountId,
    pub name: BucketName,
    /// Of an S3 bucket, `sealed` is stored apart and can be put in another seal by
    /// [`AccessStore::reseal`], under its `secret_id`.
    pub place: Place,
    pub created_at: Timestamp,
}

/// A pipeline that is about to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPipeline {
    pub id: PipelineId,
    pub account: AccountId,
    pub name: String,
    pub state: PipelineState,
    pub concurrency: Option<u32>,
    pub origin: Option<Origin>,
    pub created_at: Timestamp,
}

/// One page of pipelines, oldest first, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelinePage {
    pub pipelines: Vec<Pipeline>,
    pub total: u64,
}

/// What became of a wish to delete a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletePipeline {
    Deleted,
    Missing,
    /// It has jobs that have not ended.
    Busy {
        queued: u64,
        running: u64,
    },
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq)]
pub enum SubmitOutcome {
    /// Every job is queued; in the order given.
    Accepted(Vec<Job>),
    /// The pipeline that a job names does not exist; none of them was stored.
    PipelineMissing(PipelineId),
}

/// Which jobs a listing shows, newest first. Absent fields filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    pub kinds: Kinds,
    /// Any of these states; empty means all.
    pub states: Vec<StateName>,
    /// Only jobs that have never started (`Some(false)`), or that have (`Some(true)`).
    pub started: Option<bool>,
    pub pipeline: Option<PipelineId>,
    /// Created at this time or later, and at this time or earlier.
    pub created_from: Option<Timestamp>,
    pub created_to: Option<Timestamp>,
    /// Only jobs older than this one: the last of the page before.
    pub before: Option<JobId>,
}

/// A job that a worker holds from now on, with those that it holds in the same slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub job: Job,
    /// Jobs of the same submission with the same input, pipeline and priority that were queued as
    /// well: they have started with it, each in an attempt of its own. None for `Work::Publish`.
    pub siblings: Vec<Job>,
    pub work: Work,
}

/// What there is to do for a claimed job. The attempt's number is in `job.lifecycle.attempt`.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Run it from the start.
    Run,
    /// An earlier attempt won and was lost before its outputs had their final names: finish that.
    Publish(Staged),
}

/// A sign of life for one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub job: JobId,
    pub attempt: u32,
    /// 0 to 100.
    pub progress: u8,
}

/// What a worker learns about an attempt from its heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeatAnswer {
    /// The lease holds until the new time.
    Held,
    /// A cancel was accepted: end the attempt in this manner and report [`Ending::Stopped`]. The
    /// lease holds. May come again with more hurry.
    Stop(StopMode),
    /// The attempt is over as far as the store knows; whatever it still does must not be seen.
    Lost,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The outputs that `publish` named have their final names.
    Succeeded,
    /// It failed; what the outputs came to, if it got that far.
    Failed {
        fault: Fault,
        results: Vec<OutputResult>,
    },
    /// It was asked to stop, its processes are gone and so is what they wrote.
    Stopped(Gone),
    /// It is handed back untouched and may start elsewhere at once.
    GivenBack,
}

/// When the processes of a stopped attempt were gone, and whether they had to be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    pub at: Timestamp,
    pub killed: bool,
}

/// What became of a wish to queue a failed job again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOutcome {
    /// It is queued as if it had never started.
    Queued,
    Missing,
    /// It has not failed; this is its state.
    Refused(StateName),
    /// Its pipeline has been deleted.
    PipelineMissing(PipelineId),
}

/// Whether a worker's write still counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fenced {
    /// It was written.
    Done,
    /// A cancel was accepted before it: nothing was written but, for [`Store::finish`], the end of
    /// the stop.
    Stopping,
    /// Another attempt holds the job or it has ended: nothing was written.
    Lost,
}

/// Wake-ups that tell a process where a look may be worth it. They may be lost or come without
/// cause; the rows are the truth.
#[derive(Clone, Debug)]
pub struct Hints {
    /// Something may have become claimable.
    pub work: watch::Receiver<u64>,
    /// A running job was asked to stop, or a stream that runs, or such a stream was changed.
    pub stops: watch::Receiver<u64>,
    /// Some job or stream changed its state, or something was noted of a stream.
    pub changes: watch::Receiver<u64>,
    /// Something happened that others are told of, or became due to be sent.
    pub events: watch::Receiver<u64>,
    /// Who may do what has changed, and another process may have changed it. An engine that belongs to one
    /// process need not ring it.
    pub access: watch::Receiver<u64>,
}

/// The record of everything and the queue, in one.
#[async_trait]
pub trait Store:
    AccessStore + AssetStore + EventStore + NodeStore + KeepStore + StreamStore + DnaStore
{
    /// Stores a bucket; false if the account already has one of this name.
    async fn create_bucket(&self, bucket: Bucket, once: Option<Once>) -> Result<bool>;

    async fn bucket(&self, account: AccountId, name: &BucketName) -> Result<Option<Bucket>>;

    /// The account's buckets, by name.
    async fn buckets(&self, account: AccountId) -> Result<Vec<Bucket>>;

    /// The buckets of all accounts, for workers that look after what lies in them.
    async fn all_buckets(&self) -> Result<Vec<Bucket>>;

    async fn create_pipeline(&self, pipeline: NewPipeline, once: Option<Once>) -> Result<Pipeline>;

    /// Changes a pipeline; `None` if there is none. Goes before queued submits, and has room to
    /// write when they have none left.
    async fn change_pipeline(
        &self,
        account: AccountId,
        id: PipelineId,
        change: PipelineChange,
        once: Option<Once>,
    ) -> Result<Option<Pipeline>>;

    /// Deletes a pipeline whose jobs have all ended. Its jobs can still be read.
    async fn delete_pipeline(
        &self,
        account: AccountId,
        id: PipelineId,
        once: Option<Once>,
    ) -> Result<DeletePipeline>;

    /// Those of the pipelines that exist, in the order asked for, each once.
    async fn pipelines(&self, account: AccountId, ids: &[PipelineId]) -> Result<Vec<Pipeline>>;

    /// The account's oldest pipeline of this name.
    async fn pipeline_named(&self, account: AccountId, name: &str) -> Result<Option<Pipeline>>;

    /// A page of the account's pipelines.
    async fn list_pipelines(
        &self,
        account: AccountId,
        state: Option<PipelineState>,
        offset: u64,
        limit: u32,
    ) -> Result<PipelinePage>;

    /// Queues jobs, all or none. After `Ok` they run sooner or later or are cancelled. Ids are new
    /// and carry the time of `created_at`, by which listings select; one that is taken is an error.
    /// All jobs of a submission come in one call: those of another call are no siblings.
    async fn submit(&self, jobs: Vec<NewJob>, once: Option<Once>) -> Result<SubmitOutcome>;

    /// Those of the jobs that exist, newest first, each once. Jobs that cannot be read are left out
    /// and logged, so that they hide no others; if nothing else is found, the newest of them is the
    /// error.
    async fn jobs(&self, account: AccountId, ids: &[JobId]) -> Result<Vec<Job>>;

    /// The newest jobs that match, at most `limit`: fewer only if there are no more of them. Jobs
    /// that cannot be read are left out and logged, and older ones take their places.
    async fn list_jobs(
        &self,
        account: AccountId,
        filter: JobFilter,
        limit: u32,
    ) -> Result<Vec<Job>>;

    /// Those of the jobs that exist, newest first, each once; as [`Store::jobs`] does with what cannot be
    /// read.
    async fn jobs_numbered(&self, account: AccountId, numbers: &[JobNumber]) -> Result<Vec<Job>>;

    /// The job at this place of what a listing would show, 0 being the newest; `None` if that has fewer. It
    /// costs as many entries of an index as it passes over.
    async fn job_at(
        &self,
        account: AccountId,
        filter: JobFilter,
        place: u64,
    ) -> Result<Option<JobId>>;

    /// How many jobs match, or `most` if there are more. It costs as many entries of an index as it counts,
    /// and counts what cannot be read, too.
    async fn count_jobs(&self, account: AccountId, filter: JobFilter, most: u64) -> Result<u64>;

    /// What has happened to a job, oldest first; `None` if there is no such job. The mode of a cancel
    /// that found nothing running is not kept and reads `Graceful`. Of what releases without
    /// histories have done it tells what the job's row says.
    async fn history(&self, account: AccountId, id: JobId) -> Result<Option<Vec<HistoryEntry>>>;

    /// Cancels what the selector names, as far as the policy allows: one write for the whole call,
    /// one outcome per entry of the selector, in its order; of an address one for each of the jobs that
    /// fetch it, the newest first, or that there are none. `mode` is how processes are ended; a
    /// later cancel may ask for more hurry. Goes before queued submits, and has room to write when
    /// they have none left.
    async fn cancel(
        &self,
        account: AccountId,
        selector: Selector,
        policy: CancelPolicy,
        mode: StopMode,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Vec<CancelOutcome>>;

    /// Queues a failed job again, under its id and as if it had never started: its results and its
    /// fault are gone, its history stays.
    async fn retry(
        &self,
        account: AccountId,
        id: JobId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<RetryOutcome>;

    /// Starts at most `slots` jobs for a worker. Claiming is starting: a job that is returned here
    /// is running, and a cancel after it finds it so. First come `publishing` jobs whose lease has
    /// run out, then, of all active pipelines with a job ready and below their limit, the one with
    /// the fewest running jobs (of several, the one not served for longest) gives its oldest job of
    /// the highest priority, and again. A job that waits for another attempt counts as older than
    /// those of its priority that never started. Progress starts again at 0, except for publishers.
    /// If the process dies before it gets the answer, the leases run out.
    ///
    /// With a job start its siblings, as far as its pipeline's limit allows: jobs of the same
    /// submission, input, pipeline and priority that are ready too. They share its slot, each
    /// counts towards the limit, and the pipeline has had one turn.
    ///
    /// A job whose turn it is and that cannot be read is logged, fails for good with
    /// [`FaultCode::SpecUnfit`](reelgate_domain::job::FaultCode::SpecUnfit) and takes no slot; the
    /// next one has its turn. After many of them in one call the claim ends with free slots and rings
    /// [`Hints::work`].
    async fn claim(
        &self,
        worker: &WorkerId,
        slots: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        let kinds = Kinds::ALL;
        self.claim_kinds(kinds, worker, slots, lease_until, now)
            .await
    }

    /// As [`Store::claim`], for a worker that runs these kinds of jobs only: of each pipeline it takes the next
    /// of those. Lost winners come whatever kind they are of: what is left to do for them is the same.
    async fn claim_kinds(
        &self,
        kinds: Kinds,
        worker: &WorkerId,
        slots: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>>;

    /// The part of [`Store::claim`] that needs no room for files: takes at most `slots` `publishing`
    /// jobs whose lease has run out, and starts nothing.
    async fn claim_winners(
        &self,
        worker: &WorkerId,
        slots: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>>;

    /// Renews leases and records progress; one answer per beat, in order. A lease never becomes
    /// shorter and progress never goes back within an attempt. A job that cannot be read is logged
    /// and answered `Lost`; its lease is not renewed.
    async fn renew(
        &self,
        beats: Vec<Beat>,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BeatAnswer>>;

    /// Declares this attempt the winner, with the outputs it staged. From here on a cancel is
    /// refused; if the process dies, whoever claims the job next gives them their final names. Can
    /// be repeated after an error that left open whether it was written.
    async fn publish(&self, job: JobId, staged: Staged, now: Timestamp) -> Result<Fenced>;

    /// Ends an attempt. `Failed` may queue the job again, as [`Lifecycle::after`] decides; its
    /// results are kept only if the job has failed for good. An ending that does not apply to the
    /// job as it is, such as success without a publish before it, is answered `Lost`.
    ///
    /// [`Lifecycle::after`]: reelgate_domain::job::Lifecycle::after
    async fn finish(
        &self,
        job: JobId,
        attempt: u32,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Fenced>;

    /// Ends leases that have run out: running jobs are queued again or fail, stopping ones are
    /// cancelled. With `all`, every lease counts as run out: for an engine that one process owns,
    /// at its start. `publishing` jobs stay as they are and wait for a claim. Also makes retries
    /// ready whose time has come: until then no claim takes them. Returns how many jobs moved. A job
    /// whose lease has run out and that cannot be read is logged and fails for good.
    async fn sweep(&self, all: bool, now: Timestamp) -> Result<u64>;

    /// Those of the jobs that exist and that no worker holds: nobody needs what their attempts left
    /// lying. Jobs that are not known here may be those of another store with the same bucket.
    async fn unheld(&self, account: AccountId, ids: &[JobId]) -> Result<Vec<JobId>>;

    /// When the next delayed retry becomes ready or the next lease runs out, if any is pending. Lies
    /// in the past as long as nobody sweeps, or nobody claims a `publishing` job whose lease has run
    /// out.
    async fn next_deadline(&self) -> Result<Option<Timestamp>>;

    /// Whether the store can be written to right now; used by readiness.
    async fn check(&self) -> Result<()>;

    fn hints(&self) -> Hints;
}
