//! What the actors note of their calls.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use reelgate_domain::job::{CancelOutcome, CancelPolicy, StateName};
use reelgate_domain::{JobId, PipelineId};

use super::Promise;
use crate::{BeatAnswer, Fenced, Result};

/// When a call began and when it had its answer, in the order of all such moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) began: u64,
    pub(super) ended: u64,
}

impl Span {
    /// Whether it began when the other one had its answer.
    pub(super) const fn follows(self, other: Self) -> bool {
        self.began > other.ended
    }
}

/// Numbers moments.
#[derive(Debug, Default)]
pub(super) struct Moments(AtomicU64);

impl Moments {
    /// Makes a call and tells when.
    pub(super) async fn span<T>(&self, call: impl Future<Output = T>) -> (Span, T) {
        let began = self.0.fetch_add(1, SeqCst);
        let answer = call.await;
        let ended = self.0.fetch_add(1, SeqCst);
        (Span { began, ended }, answer)
    }
}

/// An attempt that a claim has started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) job: JobId,
    pub(super) attempt: u32,
    pub(super) pipeline: PipelineId,
    /// What was lost before.
    pub(super) losses: u8,
    /// It gives a winner's outputs their names.
    pub(super) publishes: bool,
}

/// How a report spoke of its attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Beat,
    Publish,
    Succeed,
    FailForGood,
    FailForNow,
    Stopped,
    GiveBack,
}

/// How a report was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It counted.
    Done,
    /// A stop was accepted before.
    Stopping,
    Lost,
}

impl From<Fenced> for Answer {
    fn from(answer: Fenced) -> Self {
        match answer {
            Fenced::Done => Self::Done,
            Fenced::Stopping => Self::Stopping,
            Fenced::Lost => Self::Lost,
        }
    }
}

impl From<BeatAnswer> for Answer {
    fn from(answer: BeatAnswer) -> Self {
        match answer {
            BeatAnswer::Held => Self::Done,
            BeatAnswer::Stop(_) => Self::Stopping,
            BeatAnswer::Lost => Self::Lost,
        }
    }
}

/// A call and its answer.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// One claim; more jobs than turns if some came as siblings.
    Claim {
        starts: Vec<Start>,
        groups: usize,
    },
    Report {
        job: JobId,
        attempt: u32,
        report: Report,
        answer: Answer,
    },
    Cancel {
        job: JobId,
        policy: CancelPolicy,
        outcome: CancelOutcome,
    },
    Pause(PipelineId),
    Resume(PipelineId),
    /// A look at a job.
    Seen {
        job: JobId,
        state: StateName,
    },
    /// A look at a pipeline.
    Load {
        running: u64,
        limit: Option<u32>,
    },
    /// What a single actor can tell.
    Broken(Promise, String),
}

#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) span: Span,
    pub(super) deed: Deed,
}

/// What one actor has done.
#[derive(Debug, Default)]
pub(super) struct Log(pub(super) Vec<Record>);

impl Log {
    pub(super) fn note(&mut self, span: Span, deed: Deed) {
        self.0.push(Record { span, deed });
    }

    /// The answer, unless the call failed: that is noted.
    pub(super) fn answer<T>(&mut self, span: Span, what: &str, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.note(
                    span,
                    Deed::Broken(Promise::NoError, format!("{what}: {error}")),
                );
                None
            }
        }
    }
}
