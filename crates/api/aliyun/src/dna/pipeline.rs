//! The priority of a pipeline: that of the jobs which are put into it without one of their own.
//!
//! It is kept in a document, because pipelines have none: inside a pipeline it is jobs that are urgent or not.

use reelgate_domain::PipelineId;
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_domain::job::Priority;
use reelgate_service::{Caller, Service, ServiceError};
use serde::{Deserialize, Serialize};

/// One for each pipeline that was changed through product `ice`, by the pipeline's id.
pub(crate) const KIND: DocumentKind = "ice.pipeline";

/// What is kept of a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    pub(crate) priority: Priority,
}

impl Kept {
    pub(crate) fn read(document: &Document) -> Self {
        Self::deserialize(&document.body).unwrap_or_default()
    }
}

/// The priority of jobs of this pipeline.
pub(crate) async fn priority(
    service: &Service,
    caller: &Caller,
    id: PipelineId,
) -> Result<Priority, ServiceError> {
    let kept = service.document(caller, KIND, &id.to_string()).await?;
    Ok(kept.map(|it| Kept::read(&it)).unwrap_or_default().priority)
}
