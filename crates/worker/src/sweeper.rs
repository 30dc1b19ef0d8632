//! Sweeping what ran out, beside the claims of a loop or alone: when to look, and what is said while the store does not
//! answer.

use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::node::ClusterName;
use reelgate_service::Clock;
use reelgate_store::{Result, Store, StoreError};

use crate::contact::{Contact, Heard};
use crate::overview::Troubles;

/// When to look again after a sweep that moved something: there may be more that is due next.
const SOON: Duration = Duration::from_millis(5);

/// What is swept.
pub(crate) enum Swept {
    /// Leases of jobs end, and retries become ready.
    Jobs,
    /// Leases of streams end, in whichever cluster. What becomes claimable in this one is told of in time.
    Streams(ClusterName),
}

impl Swept {
    async fn deadline(&self, store: &dyn Store) -> Result<Option<Timestamp>> {
        match self {
            Self::Jobs => store.next_deadline().await,
            Self::Streams(cluster) => store.next_stream_deadline(cluster).await,
        }
    }

    async fn sweep(&self, store: &dyn Store, now: Timestamp) -> Result<u64> {
        match self {
            Self::Jobs => store.sweep(false, now).await,
            Self::Streams(_) => store.sweep_streams(now).await,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Streams(_) => "live streams",
        }
    }

    fn tell(&self, moved: u64) {
        match self {
            Self::Jobs => {
                tracing::info!(moved, "{moved} jobs moved on because their time was up");
            }
            Self::Streams(_) => tracing::warn!(
                moved,
                "{moved} live streams were let go: their workers gave no sign of life"
            ),
        }
    }
}

/// How long leases last, how often they are renewed, and how often it is looked without a hint.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) lease: Duration,
    pub(crate) renew_every: Duration,
    pub(crate) poll_every: Duration,
}

/// Sweeps, and knows whether the store answers.
pub(crate) struct Sweeper {
    swept: Swept,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    contact: Contact,
}

impl Sweeper {
    pub(crate) fn new(
        swept: Swept,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        pace: Pace,
    ) -> Self {
        let contact = Contact::new(clock.now());
        Self {
            swept,
            store,
            clock,
            pace,
            contact,
        }
    }

    /// Sweeps if something is due. Returns how long to wait at most before looking again.
    pub(crate) async fn if_due(&mut self, troubles: &Troubles) -> Duration {
        let Pace {
            lease,
            renew_every,
            poll_every,
        } = self.pace;
        let word = self.swept.word();
        let now = self.clock.now();
        let deadline = match self.swept.deadline(&*self.store).await {
            Ok(deadline) => deadline,
            Err(error) => {
                self.lost_contact(
                    &format!("looking for deadlines of {word}"),
                    &error,
                    troubles,
                );
                return poll_every;
            }
        };
        // A loop that has nothing to do is silent for as long as it waits between looks.
        let unusual = (lease / 2).max(2 * poll_every);
        let patience = (renew_every + poll_every).min(lease);
        if let Heard::Again(silence) = self.contact.heard(now, unusual, patience) {
            let seconds = silence.as_secs();
            tracing::info!("the store answers about {word} again, after {seconds} s");
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
        match self.swept.sweep(&*self.store, now).await {
            // What is due waits for room, and its end wakes the loop.
            Ok(0) => poll_every,
            Ok(moved) => {
                self.swept.tell(moved);
                SOON
            }
            Err(error) => {
                self.lost_contact(&format!("sweeping {word}"), &error, troubles);
                poll_every
            }
        }
    }

    /// The store does not answer. That it goes on is worth no line a second.
    pub(crate) fn lost_contact(&mut self, what: &str, error: &StoreError, troubles: &Troubles) {
        if self.contact.lost() {
            tracing::error!(%error, "{what} failed; trying again until it works");
        } else {
            tracing::debug!(%error, "{what} failed again");
        }
        troubles.note(self.clock.now(), format!("{what} failed: {error}"));
    }
}
