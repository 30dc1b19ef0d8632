//! Looking pipelines up and listing them.

use reelgate_domain::{Pipeline, PipelineId, PipelineState};
use reelgate_store::PipelinePage;

use crate::{Caller, Service, ServiceError};

/// Which pipelines to list, oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct PipelineQuery {
    pub state: Option<PipelineState>,
    pub offset: u64,
    /// 1 to 100.
    pub limit: u32,
}

impl Service {
    /// Those of the pipelines that exist, in the order asked for.
    pub async fn pipelines(
        &self,
        caller: &Caller,
        ids: &[PipelineId],
    ) -> Result<Vec<Pipeline>, ServiceError> {
        Ok(self.store.pipelines(caller.account, ids).await?)
    }

    /// One pipeline.
    pub async fn pipeline(
        &self,
        caller: &Caller,
        id: PipelineId,
    ) -> Result<Pipeline, ServiceError> {
        let found = self.store.pipelines(caller.account, &[id]).await?;
        found
            .into_iter()
            .next()
            .ok_or_else(|| ServiceError::missing("pipeline", id))
    }

    /// The oldest pipeline of this name.
    pub async fn pipeline_named(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Pipeline, ServiceError> {
        let found = self.store.pipeline_named(caller.account, name).await?;
        found.ok_or_else(|| ServiceError::missing("pipeline", name))
    }

    pub async fn list_pipelines(
        &self,
        caller: &Caller,
        query: PipelineQuery,
    ) -> Result<PipelinePage, ServiceError> {
        let limit = query.limit.clamp(1, 100);
        Ok(self
            .store
            .list_pipelines(caller.account, query.state, query.offset, limit)
            .await?)
    }
}
