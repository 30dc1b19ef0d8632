//! Deleting jobs that have ended.

use reelgate_domain::JobId;
use reelgate_domain::job::StateName;
use reelgate_store::DeleteJob;

use crate::{Caller, Service, ServiceError};

/// What became of a wish to delete a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteDecision {
    Deleted,
    /// It has not ended; this is its state.
    Refused(StateName),
}

impl Service {
    /// Takes away a job that has ended, with its history. Its outputs stay.
    pub async fn delete_job(
        &self,
        caller: &Caller,
        id: JobId,
    ) -> Result<DeleteDecision, ServiceError> {
        let deleted = self.store.delete_job(caller.account, id, caller.once);
        match deleted.await? {
            DeleteJob::Deleted => Ok(DeleteDecision::Deleted),
            DeleteJob::Refused(state) => Ok(DeleteDecision::Refused(state)),
            DeleteJob::Missing => Err(ServiceError::missing("job", id)),
        }
    }
}
