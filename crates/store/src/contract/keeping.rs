//! The part of the contract that takes away what is over: finished jobs, events, deliveries and records
//! of calls that have been kept for long enough.
//!
//! What is looked for is found by walking along an index in slices: each looks at a bounded number of
//! rows and answers where the next one goes on, so that no slice holds up a call for long whatever is
//! stored. A walk that is given up half-way is begun anew by the next one; nothing is lost by that.

use std::collections::BTreeMap;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::job::StateName;
use reelgate_domain::{AccountId, JobId, Kept, Timestamp};

use super::Result;

/// What became of a wish to delete a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteJob {
    Deleted,
    Missing,
    /// It has not ended; this is its state.
    Refused(StateName),
}

/// Since when something is kept: what is older has been kept for long enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    /// For accounts that have no time of their own, and for what is of no account.
    pub default: Timestamp,
    pub of: BTreeMap<AccountId, Timestamp>,
}

impl Cutoffs {
    /// The same for all accounts.
    pub fn all(before: Timestamp) -> Self {
        Self {
            default: before,
            of: BTreeMap::new(),
        }
    }

    pub fn of(&self, account: Option<AccountId>) -> Timestamp {
        let own = account.and_then(|account| self.of.get(&account).copied());
        own.unwrap_or(self.default)
    }

    /// What is older than this goes whoever's it is.
    pub fn oldest(&self) -> Timestamp {
        let own = self.of.values().copied().min();
        own.map_or(self.default, |own| own.min(self.default))
    }

    /// What is not older than this is kept whoever's it is.
    pub fn newest(&self) -> Timestamp {
        let own = self.of.values().copied().max();
        own.map_or(self.default, |own| own.max(self.default))
    }
}

/// How far a walk has come, as its engine notes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceCursor(pub(crate) Vec<u8>);

impl SliceCursor {
    /// From what [`SliceCursor::as_bytes`] gave. One that no engine made ends the walk or begins it anew.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One step of a walk over what may have been kept for long enough.
#[derive(Clone, Debug)]
pub struct Slice {
    pub what: Kept,
    pub cutoffs: Cutoffs,
    /// Where the step before ended; the walk begins without it.
    pub from: Option<SliceCursor>,
    /// How many rows are looked at.
    pub most: u32,
}

/// How much of an account has been kept for long enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub rows: u64,
    /// About as many bytes as they take.
    pub bytes: u64,
}

/// What one step found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlived {
    /// By account; what is of none goes by `None`.
    pub of: BTreeMap<Option<AccountId>, Tally>,
    /// Where the next step begins; the walk has ended without it.
    pub next: Option<SliceCursor>,
}

impl Outlived {
    pub(crate) fn count(&mut self, account: Option<AccountId>, bytes: u64) {
        let tally = self.of.entry(account).or_default();
        tally.rows += 1;
        tally.bytes += bytes;
    }
}

/// What is kept for a time, and taken away.
#[async_trait]
pub trait KeepStore: Send + Sync + 'static {
    /// Sets for how many days an account keeps something, or goes back to the default; false if there
    /// is no such account.
    async fn set_retention(
        &self,
        account: AccountId,
        what: Kept,
        days: Option<u32>,
    ) -> Result<bool>;

    /// What has been set for an account, in days.
    async fn retention(&self, account: AccountId) -> Result<BTreeMap<Kept, u32>>;

    /// What has been set for all accounts for which anything has.
    async fn retentions(&self) -> Result<BTreeMap<AccountId, BTreeMap<Kept, u32>>>;

    /// Takes a job away that has ended, with its history and its results; its outputs stay where they
    /// are, and its events and deliveries as long as these are kept. Its number and its id never come
    /// again. Also takes away one that cannot be read but for its state. Goes before queued submits,
    /// and has room to write when they have none left.
    async fn delete_job(
        &self,
        account: AccountId,
        id: JobId,
        once: Option<Once>,
    ) -> Result<DeleteJob>;

    /// What the next step of a walk would take away; changes nothing.
    ///
    /// * Jobs: those that ended before the cutoff, unless they belong to an asset that there is
    ///   ([`AssetStore::asset_jobs`](super::AssetStore::asset_jobs)).
    /// * Events: those from before it, unless they have yet to become deliveries.
    /// * Deliveries: those that ended before it.
    /// * Audit: records from before it.
    /// * Attempts: nothing, because these are not in the store.
    async fn outlived(&self, slice: Slice) -> Result<Outlived>;

    /// Takes that away, in one write, and tells how much it was. What has changed since it was found
    /// stays. Goes before queued submits, and has room to write when they have none left.
    async fn clear(&self, slice: Slice) -> Result<Outlived>;

    /// Calls that were signed up to this time may have been made before this store was restored, and
    /// nothing here knows of them; `None` if it never was.
    async fn signed_after(&self) -> Result<Option<Timestamp>>;
}
