//! Cancelling jobs: one write decides between the cancel and the start.

use reelgate_domain::job::{CancelOutcome, CancelPolicy, Selector, StopMode};

use crate::{Caller, Service, ServiceError};

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
            .cancel(caller.account, selector, policy, mode, now)
            .await?)
    }
}
