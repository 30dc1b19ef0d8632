//! Whether a stream is to run, who may have processes of it, and the events that change this.

use serde::{Deserialize, Serialize};

use crate::job::Lease;
use crate::time::Timestamp;

/// Where a stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The number of the newest start; 0 before the first.
    pub run: u32,
    /// Whether it is to run.
    pub wanted: bool,
    /// The number of the newest attempt, 0 before the first. Only grows: it fences the writes of
    /// earlier ones.
    pub attempt: u32,
    /// Whoever may still have processes of it. Nobody else starts any before that is over.
    pub held: Option<Held>,
    /// No attempt starts before.
    pub ready_at: Option<Timestamp>,
    pub last_start_at: Option<Timestamp>,
    pub last_stop_at: Option<Timestamp>,
    /// Why the newest run was given up, if nobody stopped it.
    pub ended: Option<RunEnd>,
}

/// A worker's right to run the stream's newest attempt until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub lease: Lease,
    /// The start that the attempt belongs to. If that is not the newest, it is to end.
    pub run: u32,
}

/// Why a run ended that nobody stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    pub at: Timestamp,
    pub reason: EndReason,
    pub message: String,
}

/// What made a run end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The source was away for longer than it may be.
    SourceLost,
    /// What was asked for cannot be done, however often it is tried.
    Unfit,
}

/// What can happen to a stream. Events of a worker carry the attempt they speak for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    Start,
    Stop,
    /// A worker takes it.
    Claim {
        lease: Lease,
    },
    /// The worker is alive.
    Renew {
        attempt: u32,
        until: Timestamp,
    },
    /// The attempt's processes are gone. The stream waits until then if it is still wanted.
    Gone {
        attempt: u32,
        ready_at: Option<Timestamp>,
    },
    /// The attempt's processes are gone and nothing is tried again.
    End {
        attempt: u32,
        end: RunEnd,
    },
    /// The lease has run out; its guard has ended the processes before.
    LeaseEnded,
}

/// An event that cannot happen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    #[error("the stream runs already")]
    Running,
    #[error("the stream does not run")]
    NotRunning,
    #[error("somebody else holds the stream, or nobody does")]
    NotHeld,
    #[error("the stream waits")]
    Waits,
}

impl Standing {
    /// Of a stream that was just made.
    pub const fn new() -> Self {
        Self {
            run: 0,
            wanted: false,
            attempt: 0,
            held: None,
            ready_at: None,
            last_start_at: None,
            last_stop_at: None,
            ended: None,
        }
    }

    /// Whether the attempt that is held is to go on.
    pub fn goes_on(&self) -> bool {
        let is_newest = |held: &Held| held.run == self.run;
        self.wanted && self.held.as_ref().is_some_and(is_newest)
    }

    /// Whether a worker may take it now.
    pub fn is_claimable(&self, now: Timestamp) -> bool {
        self.wanted && self.held.is_none() && self.ready_at.is_none_or(|at| at <= now)
    }

    /// What it is after `event`, or why that cannot happen.
    pub fn after(&self, event: &StreamEvent, now: Timestamp) -> Result<Self, NotNow> {
        match event {
            StreamEvent::Start if self.wanted => Err(NotNow::Running),
            StreamEvent::Start => Ok(Self {
                run: self.run.saturating_add(1),
                wanted: true,
                ready_at: None,
                last_start_at: Some(now),
                ended: None,
                ..self.clone()
            }),
            StreamEvent::Stop if !self.wanted => Err(NotNow::NotRunning),
            StreamEvent::Stop => Ok(self.over(now, None)),
            StreamEvent::Claim { .. } if !self.is_claimable(now) => Err(NotNow::Waits),
            StreamEvent::Claim { lease } => Ok(Self {
                attempt: self.attempt.checked_add(1).ok_or(NotNow::Waits)?,
                held: Some(Held {
                    lease: lease.clone(),
                    run: self.run,
                }),
                ready_at: None,
                ..self.clone()
            }),
            StreamEvent::Renew { attempt, until } => {
                let mut held = self.held_by(*attempt)?.clone();
                held.lease.until = held.lease.until.max(*until);
                Ok(Self {
                    held: Some(held),
                    ..self.clone()
                })
            }
            StreamEvent::Gone { attempt, ready_at } => {
                let goes_on = self.held_by(*attempt).map(|_| self.goes_on())?;
                Ok(Self {
                    held: None,
                    // A start that waited for the old processes waits for nothing else.
                    ready_at: ready_at.filter(|_| goes_on),
                    ..self.clone()
                })
            }
            StreamEvent::End { attempt, end } => {
                self.held_by(*attempt)?;
                let free = Self {
                    held: None,
                    ..self.clone()
                };
                match self.goes_on() {
                    true => Ok(free.over(now, Some(end.clone()))),
                    false => Ok(free),
                }
            }
            StreamEvent::LeaseEnded => match &self.held {
                Some(held) if held.lease.until <= now => Ok(Self {
                    held: None,
                    ..self.clone()
                }),
                _ => Err(NotNow::NotHeld),
            },
        }
    }

    fn held_by(&self, attempt: u32) -> Result<&Held, NotNow> {
        let held = self.held.as_ref().filter(|_| self.attempt == attempt);
        held.ok_or(NotNow::NotHeld)
    }

    fn over(&self, now: Timestamp, ended: Option<RunEnd>) -> Self {
        Self {
            wanted: false,
            ready_at: None,
            last_stop_at: Some(now),
            ended,
            ..self.clone()
        }
    }
}

impl Default for Standing {
    fn default() -> Self {
        Self::new()
    }
}
