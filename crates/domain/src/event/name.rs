//! What can happen to a job that others are told of.

use std::fmt;
use std::str::FromStr;

use crate::job::{Lifecycle, StateName};

/// What happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventName {
    /// It was submitted.
    Queued,
    /// An attempt has started.
    Started,
    /// The attempt has ended without an outcome, and another one follows.
    Requeued,
    /// Somebody queued the failed job again, as if it had never started.
    Retried,
    /// A cancel was accepted and what runs is being ended.
    Stopping,
    Succeeded,
    Failed,
    Cancelled,
}

/// The text is no event's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no event {0:?}")]
pub struct UnknownEvent(String);

impl EventName {
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Started,
        Self::Requeued,
        Self::Retried,
        Self::Stopping,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// What there is to tell when a job's lifecycle becomes this: nothing where the change is of no
    /// interest to others, such as a renewed lease, or a publisher that takes over.
    pub const fn of(before: Option<&Lifecycle>, after: &Lifecycle) -> Option<Self> {
        let Some(before) = before else {
            return Some(Self::Queued);
        };
        match (before.state.name(), after.state.name()) {
            (StateName::Queued, StateName::Running) => Some(Self::Started),
            (StateName::Failed, StateName::Queued) => Some(Self::Retried),
            (StateName::Running, StateName::Queued) => Some(Self::Requeued),
            (StateName::Running, StateName::Stopping) => Some(Self::Stopping),
            (from, StateName::Succeeded) if !from.is_final() => Some(Self::Succeeded),
            (from, StateName::Failed) if !from.is_final() => Some(Self::Failed),
            (from, StateName::Cancelled) if !from.is_final() => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// The name in the native API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "job.queued",
            Self::Started => "job.started",
            Self::Requeued => "job.requeued",
            Self::Retried => "job.retried",
            Self::Stopping => "job.stopping",
            Self::Succeeded => "job.succeeded",
            Self::Failed => "job.failed",
            Self::Cancelled => "job.cancelled",
        }
    }

    /// Whether it is part of a job's cancel: the only ones to be told after that was accepted.
    pub const fn is_of_a_cancel(self) -> bool {
        matches!(self, Self::Stopping | Self::Cancelled)
    }

    /// The name as it is stored: its place in [`EventName::ALL`].
    pub const fn code(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Started => 1,
            Self::Requeued => 2,
            Self::Retried => 3,
            Self::Stopping => 4,
            Self::Succeeded => 5,
            Self::Failed => 6,
            Self::Cancelled => 7,
        }
    }

    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventName {
    type Err = UnknownEvent;

    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        let found = Self::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| UnknownEvent(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_from_their_texts_and_codes() {
        for name in EventName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
            assert_eq!(EventName::from_code(name.code()), Some(name));
        }
        assert_eq!(EventName::from_code(8), None);
        assert!("queued".parse::<EventName>().is_err());
    }
}
