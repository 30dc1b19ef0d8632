//! Deleting a pipeline.

use reelgate_domain::PipelineId;
use reelgate_store::DeletePipeline;

use crate::{Caller, ErrorKind, Service, ServiceError};

impl Service {
    /// Deletes a pipeline all of whose jobs have ended; the jobs can still be read.
    ///
    /// Fails with `Conflict` while jobs are queued or running.
    pub async fn delete_pipeline(
        &self,
        caller: &Caller,
        id: PipelineId,
    ) -> Result<(), ServiceError> {
        match self
            .store
            .delete_pipeline(caller.account, id, caller.once)
            .await?
        {
            DeletePipeline::Deleted => Ok(()),
            DeletePipeline::Missing => Err(ServiceError::missing("pipeline", id)),
            DeletePipeline::Busy { queued, running } => {
                let message =
                    format!("pipeline {id} still has {queued} queued and {running} running jobs");
                Err(ServiceError::new(ErrorKind::Conflict, id, message))
            }
        }
    }
}
