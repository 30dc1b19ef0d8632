//! The states of a job and the events that move it between them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::WorkerId;
use crate::job::cancel::{CancelPolicy, CancelVerdict, StopMode};
use crate::job::fault::Fault;
use crate::time::Timestamp;

/// How many attempts may be lost to vanished workers or transient failures before the job fails.
pub const MAX_LOSSES: u8 = 3;

/// How long a job waits after its `losses`th failed or lost attempt: 2 s, then 8 s. One whose first
/// loss is that of a worker has waited for the lease, and waits no more.
pub const fn retry_delay(losses: u8) -> Duration {
    match losses {
        0 | 1 => Duration::from_secs(2),
        _ => Duration::from_secs(8),
    }
}

/// A worker's right to run the job's current attempt until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub worker: WorkerId,
    pub until: Timestamp,
}

/// Where a job is. Each state holds only what is true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waits for a slot; not before `ready_at` if that is given.
    Queued {
        ready_at: Option<Timestamp>,
    },
    /// An attempt works on it.
    Running {
        lease: Lease,
    },
    /// The outputs are complete and staged; this attempt's are the ones that get the final names.
    Publishing {
        lease: Lease,
    },
    /// A cancel was accepted and the attempt is being ended.
    Stopping {
        lease: Lease,
        mode: StopMode,
    },
    Succeeded {
        finished_at: Timestamp,
    },
    Failed {
        finished_at: Timestamp,
        fault: Fault,
    },
    Cancelled {
        finished_at: Timestamp,
    },
}

/// A state without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    Queued,
    Running,
    Publishing,
    Stopping,
    Succeeded,
    Failed,
    Cancelled,
}

impl StateName {
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Publishing,
        Self::Stopping,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether nothing can happen to the job any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// The state's word in the native API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Publishing => "publishing",
            Self::Stopping => "stopping",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl JobState {
    pub const fn name(&self) -> StateName {
        match self {
            Self::Queued { .. } => StateName::Queued,
            Self::Running { .. } => StateName::Running,
            Self::Publishing { .. } => StateName::Publishing,
            Self::Stopping { .. } => StateName::Stopping,
            Self::Succeeded { .. } => StateName::Succeeded,
            Self::Failed { .. } => StateName::Failed,
            Self::Cancelled { .. } => StateName::Cancelled,
        }
    }

    /// The lease, in the states that have one.
    pub const fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Running { lease } | Self::Publishing { lease } | Self::Stopping { lease, .. } => {
                Some(lease)
            }
            Self::Queued { .. }
            | Self::Succeeded { .. }
            | Self::Failed { .. }
            | Self::Cancelled { .. } => None,
        }
    }
}

/// A job's state with the counters that outlive states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    pub state: JobState,
    /// The number of the newest attempt, 0 before the first. Only grows: it fences the writes of
    /// earlier attempts.
    pub attempt: u32,
    /// Attempts up to this number no longer count: the job was queued as new after them.
    pub forgiven: u32,
    /// Attempts lost to vanished workers or transient failures.
    pub losses: u8,
}

/// What can happen to a job. Events of a worker carry the attempt they speak for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker takes the job: this is its start.
    Claim { lease: Lease },
    /// The worker is alive.
    Renew { attempt: u32, until: Timestamp },
    /// The outputs are staged and complete; this attempt wins.
    Publish { attempt: u32 },
    /// The outputs have their final names.
    Succeed { attempt: u32 },
    /// The attempt failed.
    Fail { attempt: u32, fault: Fault },
    /// The worker hands the job back untouched, as at a shutdown; costs no loss.
    GiveBack { attempt: u32 },
    /// The attempt that was asked to stop is gone, with what it had written.
    Stopped { attempt: u32 },
    /// The lease has run out.
    LeaseEnded,
    /// Somebody wants the job to end.
    Cancel {
        policy: CancelPolicy,
        mode: StopMode,
    },
    /// Somebody wants a failed job to be queued as if it had never started.
    Retry,
}

impl Event {
    /// The event's word in messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "claim",
            Self::Renew { .. } => "renew",
            Self::Publish { .. } => "publish",
            Self::Succeed { .. } => "succeed",
            Self::Fail { .. } => "fail",
            Self::GiveBack { .. } => "give back",
            Self::Stopped { .. } => "stopped",
            Self::LeaseEnded => "lease ended",
            Self::Cancel { .. } => "cancel",
            Self::Retry => "retry",
        }
    }

    const fn attempt(&self) -> Option<u32> {
        match self {
            Self::Renew { attempt, .. }
            | Self::Publish { attempt }
            | Self::Succeed { attempt }
            | Self::Fail { attempt, .. }
            | Self::GiveBack { attempt }
            | Self::Stopped { attempt } => Some(*attempt),
            Self::Claim { .. } | Self::LeaseEnded | Self::Cancel { .. } | Self::Retry => None,
        }
    }
}

/// An event that cannot happen in a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} does not apply to a job that is {state:?} in attempt {attempt}")]
pub struct Illegal {
    pub state: StateName,
    pub event: &'static str,
    pub attempt: u32,
}

impl Lifecycle {
    /// A job that was just submitted.
    pub const fn queued() -> Self {
        Self {
            state: JobState::Queued { ready_at: None },
            attempt: 0,
            forgiven: 0,
            losses: 0,
        }
    }

    /// Whether an attempt that counts has started.
    pub const fn has_started(&self) -> bool {
        self.attempt > self.forgiven
    }

    /// The lifecycle after `event`, or why it cannot happen. An event of an attempt that is not
    /// the current one never applies.
    pub fn after(&self, event: &Event, now: Timestamp) -> Result<Self, Illegal> {
        let illegal = || Illegal {
            state: self.state.name(),
            event: event.name(),
            attempt: self.attempt,
        };
        if event
            .attempt()
            .is_some_and(|attempt| attempt != self.attempt)
        {
            return Err(illegal());
        }
        match (&self.state, event) {
            (JobState::Queued { ready_at }, Event::Claim { lease })
                if ready_at.is_none_or(|at| at <= now) =>
            {
                let attempt = self.attempt.checked_add(1).ok_or_else(illegal)?;
                Ok(Self {
                    attempt,
                    ..self.with(JobState::Running {
                        lease: lease.clone(),
                    })
                })
            }
            (_, Event::Cancel { policy, mode }) => {
                self.cancelled(*policy, *mode, now).ok_or_else(illegal)
            }
            (JobState::Running { lease }, Event::Renew { until, .. }) => {
                Ok(self.with(JobState::Running {
                    lease: renewed(lease, *until),
                }))
            }
            (JobState::Publishing { lease }, Event::Renew { until, .. }) => {
                Ok(self.with(JobState::Publishing {
                    lease: renewed(lease, *until),
                }))
            }
            (JobState::Stopping { lease, mode }, Event::Renew { until, .. }) => {
                Ok(self.with(JobState::Stopping {
                    lease: renewed(lease, *until),
                    mode: *mode,
                }))
            }
            (JobState::Running { lease }, Event::Publish { .. }) => {
                Ok(self.with(JobState::Publishing {
                    lease: lease.clone(),
                }))
            }
            (JobState::Publishing { .. }, Event::Succeed { .. }) => {
                Ok(self.with(JobState::Succeeded { finished_at: now }))
            }
            (JobState::Running { .. }, Event::Fail { fault, .. }) => Ok(self.failed(fault, now)),
            (JobState::Publishing { lease }, Event::Fail { fault, .. }) => {
                Ok(self.publishing_failed(lease, fault, now))
            }
            // The winning outputs are staged: whoever takes over only has to name them.
            (JobState::Publishing { lease: old }, Event::Claim { lease }) if old.until <= now => {
                let attempt = self.attempt.checked_add(1).ok_or_else(illegal)?;
                Ok(Self {
                    attempt,
                    ..self.with(JobState::Publishing {
                        lease: lease.clone(),
                    })
                })
            }
            (JobState::Running { .. }, Event::GiveBack { .. }) => {
                Ok(self.with(JobState::Queued { ready_at: None }))
            }
            (JobState::Running { lease }, Event::LeaseEnded) if lease.until <= now => {
                Ok(self.lost(&lease.worker, now))
            }
            (JobState::Stopping { lease, .. }, Event::LeaseEnded) if lease.until <= now => {
                Ok(self.with(JobState::Cancelled { finished_at: now }))
            }
            // What the runner made of its attempt no longer matters once a stop was accepted.
            (
                JobState::Stopping { .. },
                Event::Stopped { .. } | Event::Fail { .. } | Event::GiveBack { .. },
            ) => Ok(self.with(JobState::Cancelled { finished_at: now })),
            (JobState::Failed { .. }, Event::Retry) => Ok(Self {
                state: JobState::Queued { ready_at: None },
                attempt: self.attempt,
                forgiven: self.attempt,
                losses: 0,
            }),
            _ => Err(illegal()),
        }
    }

    fn with(&self, state: JobState) -> Self {
        Self { state, ..*self }
    }

    fn cancelled(&self, policy: CancelPolicy, mode: StopMode, now: Timestamp) -> Option<Self> {
        let stopping = |lease: &Lease| {
            self.with(JobState::Stopping {
                lease: lease.clone(),
                mode,
            })
        };
        match (policy.judge(self, mode), &self.state) {
            (CancelVerdict::CancelNow, _) => {
                Some(self.with(JobState::Cancelled { finished_at: now }))
            }
            (
                CancelVerdict::AskToStop,
                JobState::Running { lease } | JobState::Stopping { lease, .. },
            ) => Some(stopping(lease)),
            (CancelVerdict::AskToStop | CancelVerdict::Refuse, _) => None,
        }
    }

    /// Another attempt for what may end differently, while there are attempts left.
    fn failed(&self, fault: &Fault, now: Timestamp) -> Self {
        let losses = self.losses.saturating_add(1);
        let state = if fault.code.is_transient() && losses < MAX_LOSSES {
            JobState::Queued {
                ready_at: Some(now.after(retry_delay(losses))),
            }
        } else {
            JobState::Failed {
                finished_at: now,
                fault: fault.clone(),
            }
        };
        Self {
            losses,
            ..self.with(state)
        }
    }

    /// What the first worker is lost of is mostly its own affair, so another one takes the job at once.
    /// A job that goes on losing workers is left alone for a while, like one that fails.
    fn lost(&self, worker: &WorkerId, now: Timestamp) -> Self {
        let lost = self.failed(&Fault::lost(worker), now);
        match lost.state {
            JobState::Queued { .. } if lost.losses == 1 => {
                lost.with(JobState::Queued { ready_at: None })
            }
            _ => lost,
        }
    }

    /// The outputs are already decided, so what is tried again is giving them their names: the
    /// lease runs out when the delay is over, and then anybody may take the job.
    fn publishing_failed(&self, lease: &Lease, fault: &Fault, now: Timestamp) -> Self {
        let losses = self.losses.saturating_add(1);
        let state = if fault.code.is_transient() && losses < MAX_LOSSES {
            let until = now.after(retry_delay(losses));
            JobState::Publishing {
                lease: Lease {
                    worker: lease.worker.clone(),
                    until,
                },
            }
        } else {
            JobState::Failed {
                finished_at: now,
                fault: fault.clone(),
            }
        };
        Self {
            losses,
            ..self.with(state)
        }
    }
}

fn renewed(lease: &Lease, until: Timestamp) -> Lease {
    Lease {
        worker: lease.worker.clone(),
        until: lease.until.max(until),
    }
}

#[cfg(test)]
mod tests;
