//! The embedded engine: one SQLite file, one thread that writes, a few connections that read.
//!
//! All statements are in `sql`, all rows become domain words in `rows`. Writes are closures that
//! the writer thread runs inside a shared transaction; being in that thread is what orders them, so
//! cancel, claim and pause are arbitrated by their order in its inbox.

mod access;
mod assets;
mod buckets;
mod cancel;
mod claim;
mod connect;
mod copying;
mod dna;
mod documents;
mod error;
mod events;
#[cfg(test)]
mod full_disk_tests;
mod headroom;
mod history;
mod inbox;
mod keeping;
mod listing;
mod lock;
mod migrate;
#[cfg(feature = "mutants")]
mod mutants;
mod nodes;
mod pipelines;
mod readers;
mod report;
mod retry;
mod rows;
mod sql;
#[cfg(test)]
mod sql_tests;
mod streams;
mod submit;
mod sweep;
mod transition;
#[cfg(feature = "simulation")]
pub mod twin;
mod unreadable;
mod writer;
#[cfg(test)]
mod writer_tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, HistoryEntry, Job, NewJob, Selector, StopMode,
};
use reelgate_domain::media::Staged;
use reelgate_domain::node::Kinds;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{
    AccountId, BucketName, JobId, JobNumber, Pipeline, PipelineId, PipelineState, Place, Timestamp,
    WorkerId,
};
use tokio::sync::{Semaphore, watch};

use self::headroom::Headroom;
use self::inbox::{Inbox, Lane};
use self::lock::DirectoryLock;
use self::readers::Readers;
use self::writer::Tx;
use crate::contract::{
    Beat, BeatAnswer, Bucket, Claim, DeletePipeline, Ending, Fenced, Hints, JobFilter, NewPipeline,
    PipelinePage, Result, RetryOutcome, Store, StoreError, SubmitOutcome,
};
use crate::family;
use crate::hints::Bells;

const FILE_NAME: &str = "reelgate.db";

/// Submits that may wait for the writer before further ones have to wait outside.
const NORMAL_ROOM: usize = 4096;

/// The store in one SQLite file. Dropping it finishes what was queued, then lets the directory go.
pub struct SqliteStore {
    inbox: Arc<Inbox>,
    normal_room: Semaphore,
    bells: Arc<Bells>,
    readers: Arc<Readers>,
    served: Arc<AtomicI64>,
    walk: access::Walk,
    nodes: Arc<nodes::Nodes>,
    delivery_turns: Arc<events::Turns>,
    /// Canonical.
    dir: PathBuf,
    writer: Option<JoinHandle<()>>,
    writer_alive: watch::Receiver<()>,
    /// Of a twin, which has no thread and no file.
    #[cfg(feature = "simulation")]
    seat: Option<twin::Seat>,
    // Dropped after the writer has ended, because fields are dropped after `drop` has run.
    _lock: Option<DirectoryLock>,
}

impl SqliteStore {
    /// Opens the store in a directory, making both if they are missing, and brings its schema to
    /// this release. Refuses a directory that another process serves and a database that a newer
    /// release has written.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::open_with(dir, Headroom::open)
    }

    fn open_with(dir: &Path, headroom: impl FnOnce(&Path) -> Result<Headroom>) -> Result<Self> {
        std::fs::create_dir_all(dir)
            .map_err(|error| StoreError::Unavailable(format!("{}: {error}", dir.display())))?;
        let dir = dir
            .canonicalize()
            .map_err(|error| StoreError::Unavailable(format!("{}: {error}", dir.display())))?;
        let lock = DirectoryLock::take(&dir)?;
        let path = dir.join(FILE_NAME);
        let mut connection = connect::writer(&path)?;
        // Earlier releases stored secrets as they were.
        connect::overwrite(&connection, true)?;
        migrate::migrate(&mut connection, migrate::MIGRATIONS)?;
        connect::overwrite(&connection, false)?;
        connect::empty_log_if_possible(&connection)?;
        let served = rows::cell(&connection, sql::LAST_SERVED, [])?.unwrap_or(0);
        let readers = Readers::open(&path)?;
        let mut headroom = headroom(&dir)?;
        let inbox = Arc::new(Inbox::default());
        let bells = Arc::new(Bells::default());
        let (thread_inbox, thread_bells) = (Arc::clone(&inbox), Arc::clone(&bells));
        let (living, writer_alive) = watch::channel(());
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                let _living = living;
                writer::run(&connection, thread_inbox, &thread_bells, &mut headroom);
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread to write: {error}")))?;
        Ok(Self {
            inbox,
            normal_room: Semaphore::new(NORMAL_ROOM),
            bells,
            readers,
            served: Arc::new(AtomicI64::new(served)),
            walk: access::Walk::default(),
            nodes: Arc::default(),
            delivery_turns: Arc::default(),
            dir,
            writer: Some(writer),
            writer_alive,
            #[cfg(feature = "simulation")]
            seat: None,
            _lock: Some(lock),
        })
    }

    /// Its other side is dropped when the writer ends, after which every write fails.
    pub fn writer_alive(&self) -> watch::Receiver<()> {
        self.writer_alive.clone()
    }

    /// The bucket with its path as it is stored: below the store's own directory it is kept
    /// relative to that, so that the directory can be moved.
    fn within(&self, bucket: Bucket) -> Bucket {
        let inside = bucket.place.directory();
        match inside.and_then(|path| path.strip_prefix(&self.dir).ok()) {
            Some(relative) => Bucket {
                place: Place::Directory(relative.to_owned()),
                ..bucket
            },
            None => bucket,
        }
    }

    /// The bucket with its path made absolute again.
    fn anywhere(&self, bucket: Bucket) -> Bucket {
        let Some(path) = bucket.place.directory() else {
            return bucket;
        };
        // Joining an absolute path gives that path.
        Bucket {
            place: Place::Directory(self.dir.join(path)),
            ..bucket
        }
    }

    /// Empties the log, which still holds the pages as they were. Should something hold that up, the
    /// next start does it.
    async fn empty_log(&self) {
        #[cfg(feature = "simulation")]
        if self.seat.is_some() {
            return;
        }
        let path = self.dir.join(FILE_NAME);
        // On a connection of its own, because the writer's may be inside a transaction.
        let emptied =
            tokio::task::spawn_blocking(move || connect::empty_log(&connect::beside(&path)?));
        let outcome = emptied
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()));
        if let Err(error) = outcome.flatten() {
            tracing::error!(%error, "the log still holds what was replaced, until the next start");
        }
    }

    /// Has the writer run `write`; returns when it is on disk. If the caller goes away meanwhile,
    /// the write still happens.
    async fn write<T, F>(&self, lane: Lane, write: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        #[cfg(feature = "simulation")]
        if let Some(seat) = &self.seat {
            return seat.write(lane, write).await;
        }
        let gone = || StoreError::Unavailable("the writer has ended".into());
        let _room = match lane {
            Lane::Normal => Some(self.normal_room.acquire().await.map_err(|_| gone())?),
            Lane::Urgent => None,
        };
        let (intention, answer) = writer::call(write);
        self.inbox.push(lane, intention).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.inbox.close();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer thread has panicked");
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_bucket(&self, bucket: Bucket, once: Option<Once>) -> Result<bool> {
        let bucket = self.within(bucket);
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || buckets::create(tx, &bucket))
        })
        .await
    }

    async fn bucket(&self, account: AccountId, name: &BucketName) -> Result<Option<Bucket>> {
        let name = name.clone();
        let found = self
            .readers
            .look_up(move |connection| buckets::get(connection, account, &name))
            .await?;
        Ok(found.map(|bucket| self.anywhere(bucket)))
    }

    async fn buckets(&self, account: AccountId) -> Result<Vec<Bucket>> {
        let found = self
            .readers
            .read(move |connection| buckets::of_account(connection, account))
            .await?;
        Ok(found
            .into_iter()
            .map(|bucket| self.anywhere(bucket))
            .collect())
    }

    async fn all_buckets(&self) -> Result<Vec<Bucket>> {
        let found = self.readers.read(buckets::every).await?;
        Ok(found
            .into_iter()
            .map(|bucket| self.anywhere(bucket))
            .collect())
    }

    async fn create_pipeline(&self, pipeline: NewPipeline, once: Option<Once>) -> Result<Pipeline> {
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || pipelines::create(tx, &pipeline))
        })
        .await
    }

    async fn change_pipeline(
        &self,
        account: AccountId,
        id: PipelineId,
        change: PipelineChange,
        once: Option<Once>,
    ) -> Result<Option<Pipeline>> {
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || pipelines::change(tx, account, id, &change))
        })
        .await
    }

    async fn delete_pipeline(
        &self,
        account: AccountId,
        id: PipelineId,
        once: Option<Once>,
    ) -> Result<DeletePipeline> {
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || pipelines::delete(tx, account, id))
        })
        .await
    }

    async fn pipelines(&self, account: AccountId, ids: &[PipelineId]) -> Result<Vec<Pipeline>> {
        let ids = ids.to_vec();
        self.readers
            .look_up(move |connection| pipelines::get_many(connection, account, &ids))
            .await
    }

    async fn pipeline_named(&self, account: AccountId, name: &str) -> Result<Option<Pipeline>> {
        let name = name.to_owned();
        self.readers
            .look_up(move |connection| pipelines::named(connection, account, &name))
            .await
    }

    async fn list_pipelines(
        &self,
        account: AccountId,
        state: Option<PipelineState>,
        offset: u64,
        limit: u32,
    ) -> Result<PipelinePage> {
        self.readers
            .read(move |connection| pipelines::list(connection, account, state, offset, limit))
            .await
    }

    async fn submit(&self, jobs: Vec<NewJob>, once: Option<Once>) -> Result<SubmitOutcome> {
        let rows = submit::NewRow::encode_all(&jobs)?;
        let numbers = self
            .write(Lane::Normal, move |tx| {
                access::counted(tx, once, || submit::submit(tx, &rows))
            })
            .await?;
        Ok(match numbers {
            Ok(numbers) => {
                let jobs = jobs.into_iter().zip(numbers);
                SubmitOutcome::Accepted(jobs.map(|(job, n)| family::stored(job, n)).collect())
            }
            Err(pipeline) => SubmitOutcome::PipelineMissing(pipeline),
        })
    }

    async fn jobs(&self, account: AccountId, ids: &[JobId]) -> Result<Vec<Job>> {
        let ids = ids.to_vec();
        #[cfg(feature = "simulation")]
        if self.lacks() == Some(twin::Rule::CancelsShow) {
            return self.jobs_but_for_cancels(account, ids).await;
        }
        self.readers
            .read(move |connection| listing::get_many(connection, account, &ids))
            .await
    }

    async fn list_jobs(
        &self,
        account: AccountId,
        filter: JobFilter,
        limit: u32,
    ) -> Result<Vec<Job>> {
        self.readers
            .read(move |connection| listing::list(connection, account, &filter, limit))
            .await
    }

    async fn jobs_numbered(&self, account: AccountId, numbers: &[JobNumber]) -> Result<Vec<Job>> {
        let numbers = numbers.to_vec();
        self.readers
            .read(move |connection| listing::get_numbered(connection, account, &numbers))
            .await
    }

    async fn job_at(
        &self,
        account: AccountId,
        filter: JobFilter,
        place: u64,
    ) -> Result<Option<JobId>> {
        self.readers
            .read(move |connection| listing::at(connection, account, &filter, place))
            .await
    }

    async fn count_jobs(&self, account: AccountId, filter: JobFilter, most: u64) -> Result<u64> {
        self.readers
            .read(move |connection| listing::count(connection, account, &filter, most))
            .await
    }

    async fn history(&self, account: AccountId, id: JobId) -> Result<Option<Vec<HistoryEntry>>> {
        self.readers
            .read(move |connection| history::of(connection, account, id))
            .await
    }

    async fn cancel(
        &self,
        account: AccountId,
        selector: Selector,
        policy: CancelPolicy,
        mode: StopMode,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Vec<CancelOutcome>> {
        #[cfg(feature = "simulation")]
        if let Some(id) = self.cancels_blindly(&selector, policy) {
            let cancelled = self.cancel_check_then_act(account, id, policy, now).await?;
            return Ok(vec![cancelled]);
        }
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || {
                cancel::cancel(tx, account, &selector, (policy, mode), now)
            })
        })
        .await
    }

    async fn retry(
        &self,
        account: AccountId,
        id: JobId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<RetryOutcome> {
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || retry::retry(tx, account, id, now))
        })
        .await
    }

    async fn claim_kinds(
        &self,
        kinds: Kinds,
        worker: &WorkerId,
        slots: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        #[cfg(feature = "simulation")]
        if let Some(rule) = self.lacks()
            && let Some(claims) = self
                .claim_without(rule, worker, (slots, lease_until, now))
                .await
        {
            return claims;
        }
        let wanted = claim::Wanted::new(worker, slots, lease_until, now).of(kinds);
        let served = Arc::clone(&self.served);
        let tick = move || served.fetch_add(1, Ordering::Relaxed) + 1;
        self.write(Lane::Urgent, move |tx| claim::claim(tx, &wanted, &tick))
            .await
    }

    async fn claim_winners(
        &self,
        worker: &WorkerId,
        slots: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        let wanted = claim::Wanted::new(worker, slots, lease_until, now);
        self.write(Lane::Urgent, move |tx| claim::lost_publishers(tx, &wanted))
            .await
    }

    async fn renew(
        &self,
        beats: Vec<Beat>,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BeatAnswer>> {
        self.write(Lane::Urgent, move |tx| {
            report::renew(tx, &beats, lease_until, now)
        })
        .await
    }

    async fn publish(&self, job: JobId, staged: Staged, now: Timestamp) -> Result<Fenced> {
        #[cfg(feature = "simulation")]
        match self.lacks() {
            Some(twin::Rule::FencedPublish) => {
                return self.publish_any_attempt(job, staged, now).await;
            }
            Some(twin::Rule::StopBeforeWin) => {
                return self.publish_over_a_stop(job, staged, now).await;
            }
            _ => {}
        }
        self.write(Lane::Urgent, move |tx| {
            report::publish(tx, job, &staged, now)
        })
        .await
    }

    async fn finish(
        &self,
        job: JobId,
        attempt: u32,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Fenced> {
        #[cfg(feature = "simulation")]
        if self.lacks() == Some(twin::Rule::FencedFinish) {
            return self.finish_any_attempt(job, attempt, ending, now).await;
        }
        self.write(Lane::Urgent, move |tx| {
            report::finish(tx, job, attempt, &ending, now)
        })
        .await
    }

    async fn sweep(&self, all: bool, now: Timestamp) -> Result<u64> {
        #[cfg(feature = "simulation")]
        if self.lacks() == Some(twin::Rule::StopsAreSwept) {
            return self.sweep_but_for_stops(now).await;
        }
        self.write(Lane::Urgent, move |tx| sweep::sweep(tx, all, now))
            .await
    }

    async fn unheld(&self, account: AccountId, ids: &[JobId]) -> Result<Vec<JobId>> {
        let ids = ids.to_vec();
        self.readers
            .read(move |connection| sweep::unheld(connection, account, &ids))
            .await
    }

    async fn next_deadline(&self) -> Result<Option<Timestamp>> {
        self.readers.read(sweep::next_deadline).await
    }

    async fn check(&self) -> Result<()> {
        let pulse = |tx: &Tx<'_>| rows::execute(tx.connection(), sql::PULSE, []).map(drop);
        self.write(Lane::Normal, pulse).await
    }

    fn hints(&self) -> Hints {
        self.bells.hints()
    }
}
