//! Changing a pipeline: pausing and resuming are changes of its state.

use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{Pipeline, PipelineId};

use crate::pipelines::check_name;
use crate::{Caller, Service, ServiceError};

impl Service {
    /// Changes a pipeline. Once a change to `Paused` has returned, no job of it starts.
    pub async fn change_pipeline(
        &self,
        caller: &Caller,
        id: PipelineId,
        change: PipelineChange,
    ) -> Result<Pipeline, ServiceError> {
        if let Some(name) = &change.name {
            check_name(name)?;
        }
        let changed = self
            .store
            .change_pipeline(caller.account, id, change, caller.once)
            .await?;
        changed.ok_or_else(|| ServiceError::missing("pipeline", id))
    }
}
