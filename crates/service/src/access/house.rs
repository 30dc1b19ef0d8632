//! Keeping house: writes the audit, and removes what nobody needs any more.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{Service, ServiceError};

/// How long a record waits for others to be written with.
const FLUSH_EVERY: Duration = Duration::from_millis(50);
/// After a failure: the store is asked less often.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// Rows of each kind removed by one write.
const PRUNED_AT_ONCE: u32 = 1000;
/// Writes of one round; the rest waits for the next one.
const MOST_PRUNES: u32 = 1000;

/// Tokens stay this long after their end, so that who shows one is told that it has expired.
const TOLD_EXPIRED: Duration = Duration::from_secs(5 * 60);

impl Service {
    /// Keeps house until `stop` turns true or its sender is gone; then writes what still waits and ends.
    pub async fn keep_house(&self, mut stop: watch::Receiver<bool>) {
        let mut flushes = interval(FLUSH_EVERY);
        flushes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tidy_at = Instant::now();
        let mut is_waiting = false;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                _ = flushes.tick() => {}
            }
            match self.flush_audit().await {
                Ok(()) => is_waiting = false,
                Err(error) => {
                    // Once for each time that it begins to wait.
                    if !is_waiting {
                        tracing::warn!(error = cause(&error), "the audit waits: {error}");
                    }
                    is_waiting = true;
                    flushes.reset_after(AFTER_FAILURE);
                }
            }
            if tidy_at <= Instant::now() {
                self.tidy().await;
                tidy_at = Instant::now() + TIDY_EVERY;
            }
        }
        if let Err(error) = self.flush_audit().await {
            tracing::error!(
                error = cause(&error),
                "calls are missing in the audit: {error}"
            );
        }
    }

    pub(super) async fn tidy(&self) {
        self.access.tidy(self.clock.now());
        if let Err(error) = self.prune().await {
            tracing::warn!(
                error = cause(&error),
                "what is outdated stays for now: {error}"
            );
        }
        if let Err(error) = self.finish_rotation().await {
            tracing::warn!(
                error = cause(&error),
                "a rotation waits to be finished: {error}"
            );
        }
        if let Err(error) = self.drop_retired_master_keys().await {
            tracing::warn!(
                error = cause(&error),
                "retired master keys stay for now: {error}"
            );
        }
    }

    /// Removes signed calls that cannot come again, tokens that have ended, and old records of calls.
    async fn prune(&self) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let before = |duration: Duration| {
            let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            reelgate_domain::Timestamp::from_millis(now.as_millis().saturating_sub(millis))
        };
        let (ended, audited) = (before(TOLD_EXPIRED), before(self.access.audit_keep));
        for _ in 0..MOST_PRUNES {
            if !self.store.prune(ended, audited, PRUNED_AT_ONCE).await? {
                break;
            }
            // There may be much to remove, and the records of calls have room for some seconds only. Whoever
            // keeps house tells of a failure.
            let _ = self.flush_audit().await;
        }
        Ok(())
    }
}

fn cause(
    error: &ServiceError,
) -> Option<tracing::field::DisplayValue<&(dyn std::error::Error + 'static)>> {
    std::error::Error::source(error).map(tracing::field::display)
}
