//! Pipelines: queues that can be paused and may limit how many of their jobs run at once.

use serde::{Deserialize, Serialize};

use crate::access::AccountId;
use crate::ids::PipelineId;
use crate::job::Origin;
use crate::time::Timestamp;

/// Whether a pipeline starts jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PipelineState {
    /// Queued jobs start as slots come free.
    Active,
    /// Nothing queued starts; what runs goes on; submits and cancels are accepted.
    Paused,
}

/// A queue of jobs. Pipelines have no kind: every dialect sees every pipeline of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    pub id: PipelineId,
    pub account: AccountId,
    /// At most 128 bytes; not unique.
    pub name: String,
    pub state: PipelineState,
    /// How many jobs of this pipeline may run at once; `None` is no limit but the workers' slots.
    pub concurrency: Option<u32>,
    /// What the dialect that made it wants to remember, which only that dialect reads.
    pub origin: Option<Origin>,
    pub created_at: Timestamp,
    /// Jobs waiting to start, those that wait for a second attempt included.
    pub queued: u64,
    /// Jobs that hold a lease.
    pub running: u64,
}

/// A change to a pipeline; absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineChange {
    pub name: Option<String>,
    pub state: Option<PipelineState>,
    /// `Some(None)` lifts the limit.
    pub concurrency: Option<Option<u32>>,
    pub origin: Option<Origin>,
}

/// The longest name a pipeline may have, in bytes.
pub const MAX_NAME_BYTES: usize = 128;
