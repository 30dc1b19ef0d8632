//! The cleaner: takes away what has been kept for long enough, so slowly that no call is slower for it.

use std::future::Future;
use std::time::Duration;

use reelgate_domain::{Kept, Timestamp};
use reelgate_store::Slice;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::{Service, ServiceError};

/// What is in the store. What attempts have left in buckets is a worker's to remove.
pub(super) const KINDS: [Kept; 4] = [Kept::Jobs, Kept::Deliveries, Kept::Events, Kept::Audit];

/// The first round is not at the start, when there is enough to do.
const FIRST_AFTER: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(3600);

/// How long it can be looked up how a live stream did.
const HEALTH_KEPT_MS: i64 = 7 * 24 * 3600 * 1000;

/// How fast slices follow each other: after each comes a pause so many times as long as it took. It
/// takes longer where others write too, so that busy times make the pauses longer.
pub(super) struct Pace {
    pauses: u32,
    rows: u32,
}

impl Pace {
    /// For a cleaner that nobody waits for: a tenth of one writer's time at the most.
    const fn in_background() -> Self {
        Self {
            pauses: 9,
            rows: 40,
        }
    }

    /// For somebody who waits: half of it.
    pub(super) const fn by_hand() -> Self {
        Self {
            pauses: 1,
            rows: 100,
        }
    }

    /// How many rows a slice has: few enough that a call behind it waits some milliseconds.
    pub(super) const fn rows(&self) -> u32 {
        self.rows
    }

    pub(super) async fn step<T>(&mut self, slice: impl Future<Output = T>) -> T {
        const SHORTEST: Duration = Duration::from_millis(1);
        const LONGEST: Duration = Duration::from_secs(5);
        let begun = Instant::now();
        let done = slice.await;
        let pause = begun.elapsed() * self.pauses;
        tokio::time::sleep(pause.clamp(SHORTEST, LONGEST)).await;
        done
    }
}

impl Service {
    /// Cleans up, round after round, until `stop` turns true or its sender is gone. One round walks over
    /// what there is once; whatever it finds is gone or stays as a whole when the process dies. Of several
    /// nodes the first does it for all, and should there be two such for a moment, both find the same.
    pub async fn keep_clean(&self, mut stop: watch::Receiver<bool>) {
        let mut pause = FIRST_AFTER;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
            if !self.company.is_first() {
                // The one that does it may end at any time.
                pause = FIRST_AFTER;
                continue;
            }
            pause = EVERY;
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                outcome = self.clean() => if let Err(error) = outcome {
                    let cause = std::error::Error::source(&error).map(tracing::field::display);
                    tracing::warn!(error = cause, "what is outdated stays for now: {error}");
                },
            }
        }
    }

    /// One round; see [`Service::keep_clean`].
    pub async fn clean(&self) -> Result<(), ServiceError> {
        let cutoffs = self.cutoffs(self.clock.now()).await?;
        let mut pace = Pace::in_background();
        for what in KINDS {
            let mut slice = Slice {
                what,
                cutoffs: cutoffs(what),
                from: None,
                most: pace.rows(),
            };
            let mut rows = 0;
            loop {
                let outlived = pace.step(self.store.clear(slice.clone())).await?;
                rows += outlived.of.values().map(|tally| tally.rows).sum::<u64>();
                slice.from = outlived.next;
                if slice.from.is_none() {
                    break;
                }
            }
            if rows > 0 {
                tracing::info!(rows, "{rows} {what} had been kept for long enough");
            }
        }
        let before = self.clock.now().as_millis().saturating_sub(HEALTH_KEPT_MS);
        let before = Timestamp::from_millis(before);
        while pace.step(self.store.prune_streams(before)).await? {}
        let now = self.clock.now();
        while pace.step(self.store.prune_libraries(now)).await? {}
        Ok(())
    }
}
