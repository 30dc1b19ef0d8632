//! Queueing failed jobs again.

use reelgate_domain::job::{Job, StateName};
use reelgate_domain::{JobId, PipelineId};
use reelgate_store::RetryOutcome;

use crate::{Caller, Service, ServiceError};

/// What became of a wish to queue a failed job again.
#[derive(Clone, Debug, PartialEq)]
pub enum RetryDecision {
    /// It is queued as if it had never started, or already on its way again.
    Queued(Box<Job>),
    /// It has not failed; this is its state.
    Refused(StateName),
    /// Its pipeline was deleted, so there is nothing to queue it in.
    PipelineDeleted(PipelineId),
}

impl Service {
    /// Queues a failed job again, under its id and as if it had never started.
    pub async fn retry(&self, caller: &Caller, id: JobId) -> Result<RetryDecision, ServiceError> {
        let now = self.clock.now();
        let once = caller.making(id);
        match self.store.retry(caller.account, id, now, once).await? {
            RetryOutcome::Queued => {
                let job = self.job(caller, id).await?;
                Ok(RetryDecision::Queued(Box::new(job)))
            }
            RetryOutcome::Missing => Err(ServiceError::missing("job", id)),
            RetryOutcome::Refused(state) => Ok(RetryDecision::Refused(state)),
            RetryOutcome::PipelineMissing(pipeline) => Ok(RetryDecision::PipelineDeleted(pipeline)),
        }
    }
}
