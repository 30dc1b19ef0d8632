//! Live streams: what is wanted of them, who holds them, and what was seen of them.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{
    Health, RunEnd, Stream, StreamId, StreamName, StreamNote, StreamPlan, StreamSpec,
};
use reelgate_domain::{AccountId, Timestamp, WorkerId};

use super::{Fenced, Result};

/// A stream that is about to be stored. It does not run.
#[derive(Clone, Debug, PartialEq)]
pub struct NewStream {
    pub id: StreamId,
    pub account: AccountId,
    pub cluster: ClusterName,
    pub name: StreamName,
    pub spec: StreamSpec,
    pub created_at: Timestamp,
    /// The most streams that the account may have.
    pub most: u32,
}

/// What is to change of a stream. Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamChange {
    pub name: Option<StreamName>,
    pub spec: Option<StreamSpec>,
    /// The spec from which this change was made; `Changed` if the stream has another one by now, so that of two
    /// changes neither undoes the other. Absent: whatever it is.
    pub seen: Option<StreamSpec>,
    /// Whether a stream that runs may be changed: without a plan in its name only.
    pub may_run: bool,
    /// What a running stream runs from now on, where it may run. Its places are taken in the same write; those
    /// of the plan before come free once its processes are gone. Absent: a stream that runs is not changed.
    /// One that does not run takes the rest without it.
    pub plan: Option<StreamPlan>,
}

/// What became of a wish about a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamOutcome {
    /// As it is now.
    Done(Box<Stream>),
    /// The account has none of this id in this cluster.
    Missing,
    /// It runs already, or runs where it must not.
    Running,
    /// It does not run.
    NotRunning,
    /// A stream that is to run, or whose processes may still be there, publishes to this place. Whose it is
    /// is not told: it may be another account's.
    PlaceTaken(String),
    /// The account has as many as it may have.
    Full,
    /// It was changed between being read and this.
    Changed,
}

/// Which streams a listing shows. Absent fields filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFilter {
    pub cluster: Option<ClusterName>,
    /// Only those that are to run, or are not.
    pub wanted: Option<bool>,
    /// This id, or a name that has this in it.
    pub keyword: Option<String>,
    /// Made, and last touched, at this time or later.
    pub since: Option<Timestamp>,
    pub oldest_first: bool,
    pub offset: u64,
}

/// Some streams, and how many there are in all.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamPage {
    pub streams: Vec<Stream>,
    pub total: u64,
}

/// A sign of life for one attempt, with what was seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamBeat {
    pub stream: StreamId,
    pub attempt: u32,
    /// The revision of the plan that it runs. Processes of earlier ones are gone: their places come free.
    pub revision: u32,
    pub health: Option<Health>,
    /// Whether the health is kept as history too.
    pub sample: bool,
    /// What has happened since the last beat.
    pub notes: Vec<StreamNote>,
}

/// What a worker learns about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamAnswer {
    /// The lease holds; this is the revision of the plan that is to run.
    Held { revision: u32 },
    /// It is to end; the lease holds until that is done.
    Stop,
    /// Somebody else may hold it: its processes must be gone already.
    Lost,
}

/// How an attempt ended. Its processes are gone in all cases.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEnding {
    /// It is tried again if it is still wanted, not before that time.
    Gone { ready_at: Option<Timestamp> },
    /// It is not tried again.
    Given(RunEnd),
}

/// The part of the contract that is about live streams.
///
/// Every change is decided by `Standing::after` on the row as it is inside the write, and notes what
/// happened in that write. A stream that cannot be read is logged and left out of listings and claims; asked
/// for by id it is the error.
///
/// If the process dies before a method has answered, its write has happened wholly or not at all; what was
/// answered holds. A claim whose answer got lost runs out with its lease.
#[async_trait]
pub trait StreamStore: Send + Sync {
    async fn create_stream(&self, new: NewStream, once: Option<Once>) -> Result<StreamOutcome>;

    /// The account's stream of this id, whatever its cluster.
    async fn stream(&self, account: AccountId, id: StreamId) -> Result<Option<Stream>>;

    /// Newest first unless asked otherwise, at most `limit` of them.
    async fn list_streams(
        &self,
        account: AccountId,
        filter: StreamFilter,
        limit: u32,
    ) -> Result<StreamPage>;

    /// Changes a stream: one that runs only by a plan, whose revision is one more than the stream's (`Changed`
    /// if it is not). `touched_at` becomes `now`.
    async fn change_stream(
        &self,
        account: AccountId,
        id: StreamId,
        change: StreamChange,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome>;

    /// Deletes a stream that is neither to run nor held by anybody, with what was noted of it. One that is
    /// stopped and still held is deleted as soon as it is let go; nobody sees it any more from now on.
    async fn delete_stream(
        &self,
        account: AccountId,
        id: StreamId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome>;

    /// Makes a stream that does not run one that is to run this plan, whose revision is one more than that of
    /// the stream's last (`Changed` if it is not, and also if the spec is not `seen`, of which the plan was made).
    /// Takes the plan's places in the same write: of two starts that publish to one place, also of different
    /// accounts, one is told `PlaceTaken`.
    async fn start_stream(
        &self,
        account: AccountId,
        id: StreamId,
        seen: StreamSpec,
        plan: StreamPlan,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome>;

    /// Makes a stream that is to run one that is not. From this write on nobody starts anything for it; the one
    /// who holds it learns it by [`Hints::stops`](super::Hints::stops) and its next beat. Its places stay taken
    /// until the processes are gone. Goes before what waits of bulk writes, and has room to write when they have
    /// none left.
    async fn stop_stream(
        &self,
        account: AccountId,
        id: StreamId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome>;

    /// Gives a worker at most `most` of the cluster's streams that are to run and that nobody holds, those that
    /// have waited longest first.
    async fn claim_streams(
        &self,
        cluster: &ClusterName,
        worker: &WorkerId,
        most: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Stream>>;

    /// Renews leases and keeps what was seen; one answer per beat, in order. Of an attempt that is lost nothing
    /// is kept.
    async fn renew_streams(
        &self,
        beats: Vec<StreamBeat>,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<StreamAnswer>>;

    /// The plan of an attempt that holds its stream, as it is now; `None` if it holds it no more.
    async fn held_stream(&self, id: StreamId, attempt: u32) -> Result<Option<Stream>>;

    /// Ends an attempt whose processes are gone. `Stopping` says that the stream was not wanted any more, or
    /// was started anew meanwhile; the attempt's end is noted all the same.
    async fn finish_stream(
        &self,
        id: StreamId,
        attempt: u32,
        ending: StreamEnding,
        notes: Vec<StreamNote>,
        now: Timestamp,
    ) -> Result<Fenced>;

    /// Lets go of streams whose leases have run out, and returns of how many. There is no hurry for those of a
    /// process that has died: its guards may be at work until then.
    async fn sweep_streams(&self, now: Timestamp) -> Result<u64>;

    /// When the next lease of a stream runs out, of whatever cluster, since its own may have no worker left; or
    /// when one of this cluster that waits becomes claimable.
    async fn next_stream_deadline(&self, cluster: &ClusterName) -> Result<Option<Timestamp>>;

    /// What has happened to a stream, the newest first, at most `limit`.
    async fn stream_notes(
        &self,
        account: AccountId,
        id: StreamId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<StreamNote>>;

    /// Kept samples of a stream's health after a time, oldest first, at most `limit`.
    async fn stream_health(
        &self,
        account: AccountId,
        id: StreamId,
        after: Timestamp,
        limit: u32,
    ) -> Result<Vec<Health>>;

    /// How many streams are to run, how many of them are held, and how many are not, of all accounts.
    async fn count_streams(&self) -> Result<StreamCounts>;

    /// Removes samples older than `before` and all but the newest notes, a bounded number of them at once;
    /// whether there may be more.
    async fn prune_streams(&self, before: Timestamp) -> Result<bool>;
}

/// How many streams there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounts {
    pub wanted: u64,
    pub held: u64,
    pub idle: u64,
}
