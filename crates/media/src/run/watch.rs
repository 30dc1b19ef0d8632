//! What is looked at while a process runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// When a process last made progress.
#[derive(Debug)]
pub(super) struct Pulse {
    begun: Instant,
    /// Milliseconds after `begun`.
    last_ms: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            last_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn beat(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.begun + Duration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }

    /// Completes once there was no progress for this long.
    pub(super) async fn stalled(&self, longest: Option<Duration>) {
        let Some(longest) = longest else {
            return std::future::pending().await;
        };
        while self.last().elapsed() < longest {
            tokio::time::sleep_until(self.last() + longest).await;
        }
    }
}
