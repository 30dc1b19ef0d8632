//! The pipelines that a project's tasks are jobs of.

use reelgate_domain::access::ProjectId;
use reelgate_domain::{Pipeline, PipelineId};
use reelgate_service::{CreatePipeline, ErrorKind};

use super::asked::Asked;
use super::errors::service_error;
use crate::errors::ApiError;

/// Which of a project's pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// That of nearly all tasks.
    Common,
    /// That of animated pictures: their jobs are of the same kind as those of transcoding tasks.
    Animations,
}

impl Lane {
    const ALL: [Self; 2] = [Self::Animations, Self::Common];

    /// What the names of these pipelines begin with; the project follows.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Common => "mpc-",
            Self::Animations => "mpc-animated-",
        }
    }

    /// By this name it is known to the native API, too. The common one is made with the project.
    fn name(self, asked: &Asked<'_>) -> String {
        format!("{}{}", self.prefix(), asked.project)
    }
}

/// The project whose tasks a pipeline has, and which they are.
pub(super) fn project_of(pipeline: &Pipeline) -> Option<(ProjectId, Lane)> {
    Lane::ALL.into_iter().find_map(|lane| {
        let project = pipeline.name.strip_prefix(lane.prefix())?.parse().ok()?;
        Some((project, lane))
    })
}

/// `None` if there is none yet, or somebody has deleted it or given it another name: then the project has no such tasks.
pub(super) async fn found(asked: &Asked<'_>, lane: Lane) -> Result<Option<PipelineId>, ApiError> {
    let found = asked
        .service
        .pipeline_named(asked.caller, &lane.name(asked))
        .await;
    match found {
        Ok(pipeline) => Ok(Some(pipeline.id)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(service_error(error)),
    }
}

/// For a new task: a pipeline that is not there, or gone, is made.
pub(super) async fn needed(asked: &Asked<'_>, lane: Lane) -> Result<PipelineId, ApiError> {
    if let Some(pipeline) = found(asked, lane).await? {
        return Ok(pipeline);
    }
    let wanted = CreatePipeline {
        name: lane.name(asked),
        concurrency: None,
        origin: None,
    };
    let made = asked.service.create_pipeline(asked.caller, wanted).await;
    let made = made.map_err(service_error)?;
    // Of two that are made at once everybody uses the older one.
    Ok(found(asked, lane).await?.unwrap_or(made.id))
}
