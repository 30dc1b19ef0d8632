//! Creating a pipeline.

use reelgate_domain::job::Origin;
use reelgate_domain::{Pipeline, PipelineId, PipelineState};
use reelgate_store::NewPipeline;

use crate::pipelines::check_name;
use crate::{Caller, Service, ServiceError};

/// What a new pipeline is to be.
#[derive(Clone, Debug)]
pub struct CreatePipeline {
    pub name: String,
    pub concurrency: Option<u32>,
    pub origin: Option<Origin>,
}

impl Service {
    /// Creates an active pipeline.
    pub async fn create_pipeline(
        &self,
        caller: &Caller,
        wanted: CreatePipeline,
    ) -> Result<Pipeline, ServiceError> {
        check_name(&wanted.name)?;
        let now = self.clock.now();
        let pipeline = NewPipeline {
            id: PipelineId::from_bytes(self.ids.uuid(now)),
            account: caller.account,
            name: wanted.name,
            state: PipelineState::Active,
            concurrency: wanted.concurrency,
            origin: wanted.origin,
            created_at: now,
        };
        let once = caller.making(pipeline.id);
        Ok(self.store.create_pipeline(pipeline, once).await?)
    }
}
