//! Cancelling jobs: one write decides between the cancel and the start.

use std::time::Duration;

use reelgate_domain::JobId;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Happening, HistoryEntry, Selector, StateName, StopMode,
};
use reelgate_store::Gone;

use crate::{Caller, Service, ServiceError};

/// What a cancel of one job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelDecision {
    /// Nothing of it runs and nothing will. `from` is the state that the cancel met; `gone` tells of
    /// the processes, if there were any.
    Cancelled { from: StateName, gone: Option<Gone> },
    /// What runs was asked to end; the job is cancelled when that is gone.
    Stopping { from: StateName },
    /// It stays as it is; whether an attempt that counts ever started.
    Refused { state: StateName, started: bool },
}

impl Service {
    /// Cancels what the selector names as far as the policy allows, in one write; one outcome per
    /// entry, in order. `mode` is how what runs is ended. `Cancelled` means that the job never
    /// starts, or never starts again.
    pub async fn cancel(
        &self,
        caller: &Caller,
        selector: Selector,
        policy: CancelPolicy,
        mode: StopMode,
    ) -> Result<Vec<CancelOutcome>, ServiceError> {
        let now = self.clock.now();
        Ok(self
            .store
            .cancel(caller.account, selector, policy, mode, now, caller.once)
            .await?)
    }

    /// Cancels one job as far as the policy allows, and waits until it is cancelled, but no longer
    /// than `patience`.
    pub async fn cancel_job(
        &self,
        caller: &Caller,
        id: JobId,
        policy: CancelPolicy,
        mode: StopMode,
        patience: Duration,
    ) -> Result<CancelDecision, ServiceError> {
        let selector = Selector::ids(vec![id]);
        let outcomes = self.cancel(caller, selector, policy, mode).await?;
        let from = match outcomes.into_iter().next() {
            Some(CancelOutcome::Cancelled { from, .. }) => {
                return Ok(CancelDecision::Cancelled { from, gone: None });
            }
            Some(CancelOutcome::Stopping { from, .. }) => from,
            Some(CancelOutcome::Refused { state, started, .. }) => {
                return Ok(CancelDecision::Refused { state, started });
            }
            Some(CancelOutcome::Missing { .. }) | None => {
                return Err(ServiceError::missing("job", id));
            }
        };
        if patience.is_zero() {
            return Ok(CancelDecision::Stopping { from });
        }
        // What was decided is on disk and has to be told, also when nothing more can be read.
        let ended = self.end_of_cancel(caller, id, from, patience).await;
        Ok(ended.unwrap_or(CancelDecision::Stopping { from }))
    }

    async fn end_of_cancel(
        &self,
        caller: &Caller,
        id: JobId,
        from: StateName,
        patience: Duration,
    ) -> Result<CancelDecision, ServiceError> {
        let job = self.job_ended(caller, id, patience).await?;
        if job.lifecycle.state.name() != StateName::Cancelled {
            return Ok(CancelDecision::Stopping { from });
        }
        let gone = gone(&self.history(caller, id).await?);
        Ok(CancelDecision::Cancelled { from, gone })
    }
}

/// When the newest attempt's processes were gone, if that was noted.
fn gone(history: &[HistoryEntry]) -> Option<Gone> {
    history.iter().rev().find_map(|entry| match entry.what {
        Happening::ProcessesGone { killed } => Some(Gone {
            at: entry.at,
            killed,
        }),
        _ => None,
    })
}
