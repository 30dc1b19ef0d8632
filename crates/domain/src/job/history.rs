//! What has happened to a job, as its owner may read it.

use serde::{Deserialize, Serialize};

use crate::ids::WorkerId;
use crate::job::cancel::StopMode;
use crate::job::fault::FaultCode;
use crate::job::lifecycle::StateName;
use crate::time::Timestamp;

/// One thing that happened to a job. Stored as versioned JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub at: Timestamp,
    /// The newest attempt at that time, 0 before the first.
    pub attempt: u32,
    #[serde(flatten)]
    pub what: Happening,
}

/// What can happen to a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happening {
    /// It was submitted.
    Queued,
    /// An attempt started on a worker.
    Started {
        worker: WorkerId,
    },
    /// A cancel was accepted: what was decided, and the state that it met.
    CancelAccepted {
        from: StateName,
        decision: StateName,
        mode: StopMode,
    },
    /// The processes of a job that was asked to stop are gone, by themselves or killed.
    ProcessesGone {
        killed: bool,
    },
    /// The attempt failed. `again` tells whether another one follows.
    AttemptFailed {
        code: FaultCode,
        message: String,
        again: bool,
    },
    /// The worker handed the job back.
    GivenBack,
    /// Somebody queued the failed job again, as if it had never started.
    Retried,
    Succeeded,
    Failed,
    Cancelled,
}
