//! Keeping house: writes the audit, and removes what nobody needs any more.

use std::time::Duration;

use reelgate_domain::Kept;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::{Service, ServiceError};

/// How long a record waits for others to be written with.
const FLUSH_AFTER: Duration = Duration::from_millis(50);
/// After a failure: the store is asked less often.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// Rows of each kind removed by one write.
const PRUNED_AT_ONCE: u32 = 1000;
/// Writes of one round; the rest waits for the next one.
const MOST_PRUNES: u32 = 1000;

impl Service {
    /// Keeps house until `stop` turns true or its sender is gone; then writes what still waits and ends.
    pub async fn keep_house(&self, mut stop: watch::Receiver<bool>) {
        let mut tidy_at = Instant::now();
        // None: nothing waits.
        let mut flush_at: Option<Instant> = None;
        let mut has_failed = false;
        loop {
            let flush = async {
                match flush_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = async { drop(stop.wait_for(|stop| *stop).await) } => break,
                () = self.access.audit.arrival(), if flush_at.is_none() => {
                    flush_at = Some(Instant::now() + FLUSH_AFTER);
                }
                () = flush => {
                    flush_at = None;
                    if let Err(error) = self.flush_audit().await {
                        // Once for each time that it begins to wait.
                        if !has_failed {
                            tracing::warn!(error = cause(&error), "the audit waits: {error}");
                        }
                        has_failed = true;
                        flush_at = Some(Instant::now() + AFTER_FAILURE);
                    } else {
                        has_failed = false;
                    }
                }
                () = sleep_until(tidy_at) => {
                    self.tidy().await;
                    tidy_at = Instant::now() + TIDY_EVERY;
                }
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
        if let Err(error) = self.prune_calls().await {
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

    /// Removes signed calls that cannot come again, tokens that have ended, and records of calls that no
    /// account keeps. Those that some do keep are the cleaner's business. One node does it for all.
    async fn prune_calls(&self) -> Result<(), ServiceError> {
        if !self.company.is_first() {
            return Ok(());
        }
        let now = self.clock.now();
        let audited = self.cutoffs(now).await?(Kept::Audit).oldest();
        for _ in 0..MOST_PRUNES {
            if !self.store.prune(now, audited, PRUNED_AT_ONCE).await? {
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
