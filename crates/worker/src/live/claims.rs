//! The claim loop of streams: takes those that are to run and that nobody holds, and sweeps what ran out. It keeps
//! nothing that would be lost if it had to be started anew.

use std::sync::Arc;
use std::time::Duration;

use reelgate_media::live::BootTime;
use reelgate_store::{Hints, StoreError};
use tokio::sync::watch;

use super::driver::Driver;
use super::keeper::Inbox;
use super::seats::{End, Seats};
use super::{LiveConfig, LiveTools};
use crate::Turned;
use crate::contact::{Contact, Heard};

/// When to look again after a sweep that let something go.
const SOON: Duration = Duration::from_millis(5);

/// The claim loop of streams.
pub(crate) struct Claims {
    config: Arc<LiveConfig>,
    tools: LiveTools,
    seats: Arc<Seats>,
    turned: Arc<Turned>,
    keeper: Inbox,
    hints: Hints,
    taken: watch::Receiver<u32>,
    contact: Contact,
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
        let contact = Contact::new(tools.clock.now());
        Self {
            config,
            tools,
            seats,
            turned,
            keeper,
            hints,
            taken,
            contact,
        }
    }

    /// Goes round until `stopped` turns true, and takes nothing while the worker drains.
    pub(crate) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut draining = self.seats.watch_draining();
        while !*stopped.borrow() {
            let idle = self.sweep_if_due().await;
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
                self.lost_contact("claiming streams", &error);
                tokio::time::sleep(self.config.poll_every).await;
                false
            }
        }
    }

    /// Lets go of streams whose leases have run out. Returns how long to wait at most before looking again.
    async fn sweep_if_due(&mut self) -> Duration {
        let poll_every = self.config.poll_every;
        let deadline = self
            .tools
            .store
            .next_stream_deadline(&self.config.cluster)
            .await;
        let now = self.tools.clock.now();
        let deadline = match deadline {
            Ok(deadline) => deadline,
            Err(error) => {
                self.lost_contact("looking for deadlines of streams", &error);
                return poll_every;
            }
        };
        let lease = self.config.lease;
        let unusual = (lease / 2).max(2 * poll_every);
        let patience = (self.config.renew_every + poll_every).min(lease);
        if let Heard::Again(silence) = self.contact.heard(now, unusual, patience) {
            let seconds = silence.as_secs();
            tracing::info!("the store answers about streams again, after {seconds} s");
        }
        let Some(deadline) = deadline else {
            return poll_every;
        };
        if deadline > now {
            return deadline.since(now).min(poll_every);
        }
        if let Some(patience) = self.contact.patience(now) {
            return patience.min(poll_every);
        }
        match self.tools.store.sweep_streams(now).await {
            // What is due is claimed at once, or waits for room here.
            Ok(0) => poll_every,
            Ok(moved) => {
                tracing::warn!(
                    moved,
                    "{moved} live streams were let go: their workers gave no sign of life"
                );
                SOON
            }
            Err(error) => {
                self.lost_contact("sweeping streams", &error);
                poll_every
            }
        }
    }

    /// The store does not answer. That it goes on is worth no line a second.
    fn lost_contact(&mut self, what: &str, error: &StoreError) {
        if self.contact.lost() {
            tracing::error!(%error, "{what} failed; trying again until it works");
        } else {
            tracing::debug!(%error, "{what} failed again");
        }
        let message = format!("{what} failed: {error}");
        self.seats.troubles.note(self.tools.clock.now(), message);
    }
}
