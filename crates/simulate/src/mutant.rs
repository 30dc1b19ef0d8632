//! What would be without one of the rules. Simulations have to notice each.

use reelgate_store::twin::Rule;

/// A rule that is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mutant {
    /// A cancel looks, and acts afterwards on what it saw.
    CancelWithoutCompareAndSet,
    /// An attempt that lost its job can end it.
    NoFencingAtFinish,
    /// An attempt that lost its job can win it.
    NoFencingAtPublish,
    /// An attempt that was asked to stop wins all the same.
    StopIgnoredAtPublish,
    /// A claim knows of pauses from an earlier look.
    PauseCached,
    /// A claim knows of running jobs from an earlier look.
    LimitCached,
    /// A claim starts the least urgent job.
    OrderReversed,
    /// A sweep leaves jobs alone that are being stopped.
    SweepIgnoresStopping,
    /// A cancelled job keeps its pipeline's slot.
    SlotLeaked,
    /// Nobody is told that a job has ended.
    EventLost,
    /// A lost worker costs no attempt, so a job that kills workers never ends.
    LossesForgotten,
    /// A cancelled job is queued again.
    CancelForgotten,
    /// Outputs get their names before the store has decided.
    NamesBeforeWin,
    /// A delivery does not wait for the ones of its job before it.
    DeliveriesOvertake,
    /// A delivery is given up after the first try.
    DeliveriesTriedOnce,
    /// Whoever sends a delivery does not see that the job was cancelled.
    CancelsUnseen,
    /// A worker looks for work and stops only when it is woken.
    HintsOnly,
}

impl Mutant {
    /// The rule of the store that it lacks.
    pub(crate) fn rule(self) -> Option<Rule> {
        match self {
            Self::CancelWithoutCompareAndSet => Some(Rule::CompareAndSet),
            Self::NoFencingAtFinish => Some(Rule::FencedFinish),
            Self::NoFencingAtPublish => Some(Rule::FencedPublish),
            Self::StopIgnoredAtPublish => Some(Rule::StopBeforeWin),
            Self::PauseCached => Some(Rule::PauseInClaim),
            Self::LimitCached => Some(Rule::LimitInClaim),
            Self::OrderReversed => Some(Rule::OldestFirst),
            Self::SweepIgnoresStopping => Some(Rule::StopsAreSwept),
            Self::SlotLeaked => Some(Rule::SlotsComeBack),
            Self::EventLost => Some(Rule::EndsAreEvents),
            Self::LossesForgotten => Some(Rule::LossesCount),
            Self::CancelForgotten => Some(Rule::EndsAreFinal),
            Self::DeliveriesOvertake => Some(Rule::DeliveriesWait),
            Self::DeliveriesTriedOnce => Some(Rule::FailedTriesRepeat),
            Self::CancelsUnseen => Some(Rule::CancelsShow),
            Self::NamesBeforeWin | Self::HintsOnly => None,
        }
    }
}
