//! The claim loop of streams: takes those that are to run and that nobody holds, and sweeps what ran out. It keeps
//! nothing that would be lost if it had to be started anew.

use std::sync::Arc;

use reelgate_media::live::BootTime;
use reelgate_store::Hints;
use tokio::sync::watch;

use super::driver::Driver;
use super::keeper::Inbox;
use super::seats::{End, Seats};
use super::{LiveConfig, LiveTools};
use crate::Turned;
use crate::sweeper::{Sweeper, Swept};

/// The claim loop of streams.
pub(crate) struct Claims {
    config: Arc<LiveConfig>,
    tools: LiveTools,
    seats: Arc<Seats>,
    turned: Arc<Turned>,
    keeper: Inbox,
    hints: Hints,
    taken: watch::Receiver<u32>,
    sweeper: Sweeper,
}

impl Claims {
    pub(crate) fn new(
        config: Arc<LiveConfig>,
        tools: LiveTools,
        seats: Arc<Seats>,
        turned: Arc<Turned>,
        keeper: Inbox,
    ) -> Self {
        let hints = tools.store.hints();
        let taken = seats.watch_taken();
        let swept = Swept::Streams(config.cluster.clone());
        let (store, clock) = (Arc::clone(&tools.store), Arc::clone(&tools.clock));
        let sweeper = Sweeper::new(swept, store, clock, config.pace());
        Self {
            config,
            tools,
            seats,
            turned,
            keeper,
            hints,
            taken,
            sweeper,
        }
    }

    /// Goes round until `stopped` turns true, and takes nothing while the worker drains.
    pub(crate) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut draining = self.seats.watch_draining();
        while !*stopped.borrow() {
            let idle = self.sweeper.if_due(&self.seats.troubles).await;
            // Seen before the claim, so that a start during it wakes the loop again.
            self.hints.work.mark_unchanged();
            // A loop that cannot claim counts as one that stands still.
            let is_draining = *draining.borrow_and_update();
            if is_draining || self.claim().await {
                self.turned.now(self.tools.clock.now());
            }
            let may_claim = self.free() > 0 && !is_draining;
            tokio::select! {
                biased;
                told = stopped.changed() => if told.is_err() {
                    // A worker that was dropped without a word wants nothing more, either.
                    self.seats.end_all(End::HandBack);
                    break;
                },
                Ok(()) = self.taken.changed() => {}
                Ok(()) = draining.changed() => {}
                Ok(()) = self.hints.work.changed(), if may_claim => {}
                () = tokio::time::sleep(idle) => {}
            }
        }
    }

    /// A stream that is let go from here on wakes the loop.
    fn free(&mut self) -> u32 {
        let taken = *self.taken.borrow_and_update();
        self.config.streams.saturating_sub(taken)
    }

    /// Whether it could: a claim that finds nothing is a good one.
    async fn claim(&mut self) -> bool {
        let free = self.free();
        if free == 0 {
            return true;
        }
        self.hints.stops.mark_unchanged();
        let Self { config, tools, .. } = self;
        // Before the call: the lease may end so long after it was written, whenever its answer comes.
        let until = BootTime::now() + config.lease.saturating_sub(config.margin);
        let now = tools.clock.now();
        let claimed = tools.store.claim_streams(
            &config.cluster,
            &config.worker,
            free,
            now.after(config.lease),
            now,
        );
        match claimed.await {
            Ok(streams) => {
                let is_any = !streams.is_empty();
                for stream in streams {
                    let (config, tools) = (Arc::clone(&self.config), self.tools.clone());
                    Driver::start(stream, until, config, tools, &self.seats, &self.keeper);
                }
                // A stop of one of these may have rung before anybody here knew of them.
                if is_any && self.hints.stops.has_changed().unwrap_or(false) {
                    self.seats.beat_now.notify_one();
                }
                true
            }
            Err(error) => {
                let troubles = &self.seats.troubles;
                self.sweeper
                    .lost_contact("claiming live streams", &error, troubles);
                tokio::time::sleep(self.config.poll_every).await;
                false
            }
        }
    }
}
