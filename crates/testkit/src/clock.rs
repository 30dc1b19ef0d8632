//! A clock that moves only when told to.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reelgate_domain::Timestamp;

/// Starts at 2026-01-01T00:00:00Z and stands still.
#[derive(Debug)]
pub struct FixedClock {
    millis: AtomicI64,
}

impl FixedClock {
    pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    /// Moves on and tells the new time.
    pub fn advance(&self, by: Duration) -> Timestamp {
        let by = i64::try_from(by.as_millis()).expect("tests do not wait for millions of years");
        Timestamp::from_millis(self.millis.fetch_add(by, Ordering::SeqCst) + by)
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self {
            millis: AtomicI64::new(Self::START.as_millis()),
        }
    }
}
