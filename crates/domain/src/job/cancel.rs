//! Who may be cancelled when, and what a cancel answers.

use serde::{Deserialize, Serialize};

use crate::ids::{JobId, JobNumber, PipelineId};
use crate::job::JobKind;
use crate::job::kind::ingest::SourceUrl;
use crate::job::lifecycle::{JobState, Lifecycle, StateName};
use crate::node::Kinds;

/// In which states a cancel is accepted. The dialect chooses, the domain judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelPolicy {
    /// Only a job of which no attempt has ever started.
    QueuedOnly,
    /// Only a job that was started, or is live (for streams also a queued one).
    RunningOnly,
    /// Whatever has not ended.
    Any,
}

/// How the processes of a running job are ended.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum StopMode {
    /// Asked first, killed if they do not end in time.
    #[default]
    Graceful,
    /// Killed at once.
    Now,
}

impl StopMode {
    /// The mode's word in the native API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Graceful => "graceful",
            Self::Now => "now",
        }
    }
}

/// What a policy says about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelVerdict {
    /// Nothing runs: the job is cancelled by the same write.
    CancelNow,
    /// An attempt runs: it is asked to stop and the job is `stopping` until it has.
    AskToStop,
    /// The job stays as it is.
    Refuse,
}

impl CancelPolicy {
    /// Judges a cancel of a job in this state. A job that waits for another attempt counts as
    /// running for `QueuedOnly` and `RunningOnly`.
    pub const fn judge(self, lifecycle: &Lifecycle, mode: StopMode) -> CancelVerdict {
        use CancelVerdict::{AskToStop, CancelNow, Refuse};
        match &lifecycle.state {
            JobState::Queued { .. } => match (self, lifecycle.has_started()) {
                (Self::QueuedOnly, false) | (Self::RunningOnly, true) | (Self::Any, _) => CancelNow,
                (Self::QueuedOnly, true) | (Self::RunningOnly, false) => Refuse,
            },
            JobState::Running { .. } => match self {
                Self::QueuedOnly => Refuse,
                Self::RunningOnly | Self::Any => AskToStop,
            },
            // Whoever asked politely before may lose patience.
            JobState::Stopping {
                mode: StopMode::Graceful,
                ..
            } if matches!((self, mode), (Self::Any, StopMode::Now)) => AskToStop,
            // From `publishing` on the outputs are decided: a cancel comes too late.
            JobState::Publishing { .. }
            | JobState::Stopping { .. }
            | JobState::Succeeded { .. }
            | JobState::Failed { .. }
            | JobState::Cancelled { .. } => Refuse,
        }
    }
}

/// Which jobs a cancel means. Jobs of other accounts never match, and jobs of other kinds neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    pub kinds: Kinds,
    /// Only jobs of this pipeline match, and none once it has been deleted; absent: of any.
    pub pipeline: Option<PipelineId>,
    pub named: Named,
}

impl Selector {
    /// Jobs of any kind.
    pub const fn ids(ids: Vec<JobId>) -> Self {
        Self::all(Named::Ids(ids))
    }

    /// Whatever goes by these names.
    pub const fn all(named: Named) -> Self {
        Self {
            kinds: Kinds::ALL,
            pipeline: None,
            named,
        }
    }

    /// Of these only those of this kind.
    #[must_use]
    pub fn of(self, kind: JobKind) -> Self {
        let kinds = Kinds::NONE.and(kind);
        Self { kinds, ..self }
    }

    /// Of these only those of this pipeline.
    #[must_use]
    pub fn within(self, pipeline: PipelineId) -> Self {
        let pipeline = Some(pipeline);
        Self { pipeline, ..self }
    }
}

/// How a selector names jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Ids(Vec<JobId>),
    Numbers(Vec<JobNumber>),
    /// The jobs that fetch these addresses: every one of each.
    SourceUrls(Vec<SourceUrl>),
}

/// What became of one job that a cancel named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// Nothing ran and nothing will. `from` is the state it was cancelled in.
    Cancelled { id: JobId, from: StateName },
    /// It runs and was asked to stop; `from` tells whether it had been asked before.
    Stopping { id: JobId, from: StateName },
    /// No such job in this account. `index` is its place in the selector's list.
    Missing { index: usize },
    /// It stays as it was; this is the state that refused, and whether an attempt ever started.
    Refused {
        id: JobId,
        state: StateName,
        started: bool,
    },
}
