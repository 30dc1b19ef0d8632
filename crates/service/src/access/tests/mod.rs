//! What the tests of access share, and those that need a store.

use std::sync::Mutex;
use std::time::Duration;

use reelgate_domain::Timestamp;

use crate::Clock;

/// A clock that stands still until it is moved.
pub(super) struct FixedClock(Mutex<Timestamp>);

impl Default for FixedClock {
    fn default() -> Self {
        Self(Mutex::new(Timestamp::from_millis(1_763_712_000_000)))
    }
}

impl FixedClock {
    pub(super) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.after(by);
    }

    pub(super) fn set_back(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        let millis = now.as_millis() - i64::try_from(by.as_millis()).unwrap();
        *now = Timestamp::from_millis(millis);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
