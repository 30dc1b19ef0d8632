//! A state of the model, and the job in it as the domain knows it.

use std::time::Duration;

use reelgate_domain::job::{Fault, FaultCode, JobState, Lease, Lifecycle, StateName, StopMode};
use reelgate_domain::{Timestamp, WorkerId};

/// A moment is as long as the first delay of a retry.
const MOMENT: Duration = Duration::from_secs(2);
/// How many moments a lease lasts.
pub(super) const LEASE: i8 = 2;
/// When it is: always. Leases and delays are relative to it.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

pub(super) fn in_moments(moments: i8) -> Timestamp {
    let millis = i64::from(moments) * MOMENT.as_millis() as i64;
    Timestamp::from_millis(NOW.as_millis() + millis)
}

/// How many moments are left; none if it is past.
fn moments_until(at: Timestamp) -> i8 {
    let left = at.as_millis() - NOW.as_millis();
    let moment = MOMENT.as_millis() as i64;
    i8::try_from((left + moment - 1).div_euclid(moment).clamp(0, 100)).unwrap_or(0)
}

/// A lifecycle, as small as it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Job {
    pub(super) name: StateName,
    /// Of a lease or a delay; `None` if there is none.
    pub(super) left: Option<i8>,
    pub(super) holder: u8,
    pub(super) mode: StopMode,
    pub(super) attempt: u32,
    pub(super) forgiven: u32,
    pub(super) losses: u8,
}

impl Job {
    pub(super) fn lifecycle(&self) -> Lifecycle {
        let lease = || Lease {
            worker: WorkerId(self.holder.to_string()),
            until: in_moments(self.left.unwrap_or(0)),
        };
        let finished_at = NOW;
        let state = match self.name {
            StateName::Queued => JobState::Queued {
                ready_at: self.left.map(in_moments),
            },
            StateName::Running => JobState::Running { lease: lease() },
            StateName::Publishing => JobState::Publishing { lease: lease() },
            StateName::Stopping => JobState::Stopping {
                lease: lease(),
                mode: self.mode,
            },
            StateName::Succeeded => JobState::Succeeded { finished_at },
            StateName::Failed => JobState::Failed {
                finished_at,
                fault: fault(),
            },
            StateName::Cancelled => JobState::Cancelled { finished_at },
        };
        Lifecycle {
            state,
            attempt: self.attempt,
            forgiven: self.forgiven,
            losses: self.losses,
        }
    }

    pub(super) fn of(lifecycle: &Lifecycle) -> Self {
        let (mut left, mut holder, mut mode) = (None, 0, StopMode::Graceful);
        if let Some(lease) = lifecycle.state.lease() {
            left = Some(moments_until(lease.until));
            holder = lease.worker.0.parse().unwrap_or(0);
        }
        match &lifecycle.state {
            JobState::Queued { ready_at } => left = ready_at.map(moments_until),
            JobState::Stopping { mode: how, .. } => mode = *how,
            _ => {}
        }
        Self {
            name: lifecycle.state.name(),
            left,
            holder,
            mode,
            attempt: lifecycle.attempt,
            forgiven: lifecycle.forgiven,
            losses: lifecycle.losses,
        }
    }
}

/// What an attempt fails of: something that may end differently another time.
pub(super) fn fault() -> Fault {
    Fault::new(FaultCode::EngineFailed, "it failed")
}

/// How far a worker is with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Works,
    /// Its outputs are staged.
    Staged,
    /// The store says that these outputs have won: those of this attempt.
    Won(u32),
    /// They have their names.
    Placed,
    /// It was asked to stop.
    Told,
}

/// What a worker believes to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hold {
    pub(super) attempt: u32,
    pub(super) stage: Stage,
}

/// What the last cancel was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cancel {
    None,
    /// It has looked, and will act on what it saw. Only flawed ones do.
    Looked(Job),
    Cancelled,
    Stopping,
}

/// Everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) job: Job,
    pub(super) workers: [Option<Hold>; 2],
    /// Whether a worker has seen the pipeline active. Only flawed ones remember.
    pub(super) saw_active: bool,
    pub(super) paused: bool,
    /// Whose outputs have won.
    pub(super) winner: Option<u32>,
    pub(super) cancel: Cancel,
    pub(super) cancels_left: u8,
    pub(super) pauses_left: u8,
    pub(super) retries_left: u8,
    pub(super) crashes_left: u8,
    pub(super) gives_left: u8,
    /// How often a worker that lives may still sleep past its lease.
    pub(super) lapses_left: u8,
}

impl State {
    pub(super) fn start() -> Self {
        Self {
            job: Job::of(&Lifecycle::queued()),
            workers: [None; 2],
            saw_active: false,
            paused: false,
            winner: None,
            cancel: Cancel::None,
            cancels_left: 2,
            pauses_left: 1,
            retries_left: 1,
            crashes_left: 1,
            gives_left: 1,
            lapses_left: 1,
        }
    }
}
