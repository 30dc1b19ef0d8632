//! The wake-ups that follow a commit.

use tokio::sync::watch;

use crate::contract::Hints;

/// Which wake-ups a write asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wakes(u8);

impl Wakes {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const WORK: Self = Self(1);
    pub(crate) const STOPS: Self = Self(2);
    pub(crate) const CHANGES: Self = Self(4);
    pub(crate) const EVENTS: Self = Self(8);
    pub(crate) const ACCESS: Self = Self(16);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const ALL: Self = Self(u8::MAX);

    /// As nodes tell each other; a bit that this release does not know wakes nobody.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The sending ends.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    work: watch::Sender<u64>,
    stops: watch::Sender<u64>,
    changes: watch::Sender<u64>,
    events: watch::Sender<u64>,
    access: watch::Sender<u64>,
}

impl Bells {
    /// Called after the commit only: before it, whoever woke would find nothing.
    pub(crate) fn ring(&self, wakes: Wakes) {
        for (wake, bell) in [
            (Wakes::WORK, &self.work),
            (Wakes::STOPS, &self.stops),
            (Wakes::CHANGES, &self.changes),
            (Wakes::EVENTS, &self.events),
            (Wakes::ACCESS, &self.access),
        ] {
            if wakes.has(wake) {
                bell.send_modify(|count| *count += 1);
            }
        }
    }

    pub(crate) fn hints(&self) -> Hints {
        Hints {
            work: self.work.subscribe(),
            stops: self.stops.subscribe(),
            changes: self.changes.subscribe(),
            events: self.events.subscribe(),
            access: self.access.subscribe(),
        }
    }
}
