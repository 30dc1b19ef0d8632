//! What streams hold that are being stored: each a part, and all of them together no more than a bound.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::client::SLOWEST_UPLOAD;

/// Shares are counted in these.
const UNIT: u64 = 64 << 10;

/// What a stream may hold without a share: most objects of a player are playlists and covers.
pub(super) const FREE: u64 = 256 << 10;

/// A slow sender keeps its share for so long in any case.
const GRACE: Duration = Duration::from_secs(60);

/// The memory for all uploads. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    free: Arc<Semaphore>,
    units: u32,
}

/// A part's share of it, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    _permit: OwnedSemaphorePermit,
    memory: Memory,
    since: Instant,
}

impl Memory {
    pub(super) fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT))
            .unwrap_or(u32::MAX)
            .max(1);
        let free = Arc::new(Semaphore::new(units as usize));
        Self { free, units }
    }

    /// The share for a part of so many bytes, once there is room. A whole part at once: many that have half of
    /// what they need would wait for each other. None if that takes too long.
    pub(super) async fn share(&self, bytes: u64, patience: Duration) -> Option<Share> {
        let wanted = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let free = Arc::clone(&self.free);
        let turn = free.acquire_many_owned(wanted.min(self.units));
        let permit = tokio::time::timeout(patience, turn).await.ok()?.ok()?;
        Some(Share {
            _permit: permit,
            memory: self.clone(),
            since: Instant::now(),
        })
    }
}

impl Share {
    /// Whether its sender is so slow that it keeps others waiting for nothing.
    pub(super) fn is_wasted(&self, bytes: u64) -> bool {
        let fair = GRACE + Duration::from_secs(bytes / SLOWEST_UPLOAD);
        self.memory.free.available_permits() == 0 && self.since.elapsed() > fair
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn whoever_finds_no_room_waits_for_its_turn_and_not_for_ever() {
        let memory = Memory::new(4 * UNIT);
        let first = memory.share(3 * UNIT, LONG).await.unwrap();
        assert!(memory.share(2 * UNIT, GRACE).await.is_none());
        let next = memory.share(2 * UNIT, LONG);
        tokio::pin!(next);
        assert!(futures_util::poll!(&mut next).is_pending());
        drop(first);
        assert!(next.await.is_some());
        // What is larger than all of it has all of it.
        assert!(memory.share(99 * UNIT, LONG).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_is_wasted_on_a_slow_sender_only_if_there_is_no_other() {
        let memory = Memory::new(2 * UNIT);
        let slow = memory.share(UNIT, LONG).await.unwrap();
        tokio::time::advance(GRACE * 2).await;
        assert!(!slow.is_wasted(0));
        let _other = memory.share(UNIT, LONG).await.unwrap();
        assert!(slow.is_wasted(0));
        assert!(!slow.is_wasted(SLOWEST_UPLOAD * 61));
    }
}
