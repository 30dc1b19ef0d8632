//! The pipeline that a project's tasks are jobs of.

use reelgate_domain::access::ProjectId;
use reelgate_domain::{Pipeline, PipelineId};
use reelgate_service::{CreatePipeline, ErrorKind};

use super::asked::Asked;
use super::errors::service_error;
use crate::errors::ApiError;

/// What the names of these pipelines begin with; the project follows.
const PREFIX: &str = "mpc-";

/// It is made with the project; by this name it is known to the native API, too.
fn name(asked: &Asked<'_>) -> String {
    format!("{PREFIX}{}", asked.project)
}

/// The project whose tasks a pipeline has.
pub(super) fn project_of(pipeline: &Pipeline) -> Option<ProjectId> {
    pipeline.name.strip_prefix(PREFIX)?.parse().ok()
}

/// `None` if somebody has deleted it or given it another name: then the project has no tasks.
pub(super) async fn found(asked: &Asked<'_>) -> Result<Option<PipelineId>, ApiError> {
    let found = asked
        .service
        .pipeline_named(asked.caller, &name(asked))
        .await;
    match found {
        Ok(pipeline) => Ok(Some(pipeline.id)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(service_error(error)),
    }
}

/// For a new task: a pipeline that is gone is made again.
pub(super) async fn needed(asked: &Asked<'_>) -> Result<PipelineId, ApiError> {
    if let Some(pipeline) = found(asked).await? {
        return Ok(pipeline);
    }
    let wanted = CreatePipeline {
        name: name(asked),
        concurrency: None,
        origin: None,
    };
    let made = asked.service.create_pipeline(asked.caller, wanted).await;
    let made = made.map_err(service_error)?;
    // Of two that are made at once everybody uses the older one.
    Ok(found(asked).await?.unwrap_or(made.id))
}
