//! Which answers say that a call has had its effect.

use reelgate_domain::Pipeline;
use reelgate_domain::event::Destination;
use reelgate_domain::job::CancelOutcome;

use crate::contract::{
    ChangeAsset, Create, CreateAccount, CreateLibrary, DeleteJob, DeletePipeline, PutOutcome,
    RegisterAsset, RegisterOutcome, Replay, RetryOutcome, Rotate, StreamOutcome, WriteOutcome,
};
use crate::hints::Wakes;

/// What becomes of a call that counts once.
pub(crate) trait Outcome {
    /// Whether anything was made, queued or changed.
    fn is_done(&self) -> bool;
}

impl Outcome for () {
    fn is_done(&self) -> bool {
        true
    }
}

impl Outcome for bool {
    fn is_done(&self) -> bool {
        *self
    }
}

impl Outcome for Pipeline {
    fn is_done(&self) -> bool {
        true
    }
}

impl Outcome for Option<Pipeline> {
    fn is_done(&self) -> bool {
        self.is_some()
    }
}

impl Outcome for Option<Destination> {
    fn is_done(&self) -> bool {
        self.is_some()
    }
}

/// Jobs that are queued, or what stood against it.
impl<T, E> Outcome for Result<Vec<T>, E> {
    fn is_done(&self) -> bool {
        self.is_ok()
    }
}

impl Outcome for Vec<CancelOutcome> {
    fn is_done(&self) -> bool {
        self.iter().any(|outcome| match outcome {
            CancelOutcome::Cancelled { .. } | CancelOutcome::Stopping { .. } => true,
            CancelOutcome::Missing { .. } | CancelOutcome::Refused { .. } => false,
        })
    }
}

impl Outcome for RetryOutcome {
    fn is_done(&self) -> bool {
        *self == Self::Queued
    }
}

impl Outcome for DeletePipeline {
    fn is_done(&self) -> bool {
        *self == Self::Deleted
    }
}

impl Outcome for DeleteJob {
    fn is_done(&self) -> bool {
        *self == Self::Deleted
    }
}

impl Outcome for CreateAccount {
    fn is_done(&self) -> bool {
        *self == Self::Created
    }
}

impl Outcome for Create {
    fn is_done(&self) -> bool {
        *self == Self::Created
    }
}

impl Outcome for Rotate {
    fn is_done(&self) -> bool {
        *self == Self::Rotated
    }
}

impl Outcome for Replay {
    fn is_done(&self) -> bool {
        *self == Self::Queued
    }
}

impl Outcome for RegisterOutcome {
    fn is_done(&self) -> bool {
        match self {
            Self::Done(assets) => assets.contains(&RegisterAsset::Made),
            Self::ReferenceTaken(_) | Self::PipelineMissing(_) => false,
        }
    }
}

impl Outcome for ChangeAsset {
    fn is_done(&self) -> bool {
        matches!(self, Self::Changed(_))
    }
}

impl Outcome for WriteOutcome {
    fn is_done(&self) -> bool {
        matches!(self, Self::Written)
    }
}

impl Outcome for PutOutcome {
    fn is_done(&self) -> bool {
        matches!(self, Self::Stored(_))
    }
}

impl Outcome for StreamOutcome {
    fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Outcome for CreateLibrary {
    fn is_done(&self) -> bool {
        *self == Self::Created
    }
}

/// How many were removed, where there was something to remove them from.
impl Outcome for Option<u64> {
    fn is_done(&self) -> bool {
        self.is_some()
    }
}

/// With whom it wakes.
impl<T: Outcome> Outcome for (T, Wakes) {
    fn is_done(&self) -> bool {
        self.0.is_done()
    }
}
