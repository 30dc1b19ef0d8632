//! A job as transitions see it, and what its row holds of a lifecycle: the same in every engine.

use std::ops::{AddAssign, Sub};

use reelgate_domain::job::{JobState, Lifecycle, StateName, StopMode};
use reelgate_domain::{JobId, Timestamp};

use crate::hints::Wakes;

/// A state as stored.
pub(crate) const fn state_code(state: StateName) -> i64 {
    match state {
        StateName::Queued => 0,
        StateName::Running => 1,
        StateName::Publishing => 2,
        StateName::Stopping => 3,
        StateName::Succeeded => 4,
        StateName::Failed => 5,
        StateName::Cancelled => 6,
    }
}

/// What a transition needs to know of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) number: i64,
    pub(crate) id: JobId,
    pub(crate) pipeline: i64,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) progress: u8,
    pub(crate) started_at: Option<Timestamp>,
}

/// Whom a transition wakes.
pub(crate) fn wakes(next: &Lifecycle) -> Wakes {
    match next.state {
        JobState::Stopping { .. } => Wakes::CHANGES.and(Wakes::STOPS),
        // A job that ends may make room below its pipeline's limit.
        JobState::Queued { .. }
        | JobState::Succeeded { .. }
        | JobState::Failed { .. }
        | JobState::Cancelled { .. } => Wakes::CHANGES.and(Wakes::WORK),
        JobState::Running { .. } | JobState::Publishing { .. } => Wakes::CHANGES,
    }
}

/// When a queued job may start, if not at once.
pub(crate) fn ready_at(lifecycle: &Lifecycle) -> Option<Timestamp> {
    match lifecycle.state {
        JobState::Queued { ready_at } => ready_at,
        _ => None,
    }
}

/// When a job ended.
pub(crate) fn finished_at(lifecycle: &Lifecycle) -> Option<Timestamp> {
    match lifecycle.state {
        JobState::Succeeded { finished_at }
        | JobState::Failed { finished_at, .. }
        | JobState::Cancelled { finished_at } => Some(finished_at),
        _ => None,
    }
}

/// Whether the processes of a stopping job are to be killed at once.
pub(crate) fn is_hurried(state: &JobState) -> bool {
    matches!(
        state,
        JobState::Stopping {
            mode: StopMode::Now,
            ..
        }
    )
}

/// What a job counts for in its pipeline, or by how much that changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) queued: i64,
    pub(crate) ready: i64,
    pub(crate) running: i64,
}

impl Tally {
    pub(crate) fn of(lifecycle: &Lifecycle) -> Self {
        let (queued, ready, running) = match &lifecycle.state {
            JobState::Queued { ready_at: None } => (1, 1, 0),
            JobState::Queued { ready_at: Some(_) } => (1, 0, 0),
            state if state.lease().is_some() => (0, 0, 1),
            _ => (0, 0, 0),
        };
        Self {
            queued,
            ready,
            running,
        }
    }
}

impl Sub for Tally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            queued: self.queued - other.queued,
            ready: self.ready - other.ready,
            running: self.running - other.running,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.queued += other.queued;
        self.ready += other.ready;
        self.running += other.running;
    }
}
