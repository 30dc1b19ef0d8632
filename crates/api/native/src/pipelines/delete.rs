//! `DELETE /api/v1/pipelines/{id or name}`: deletes a pipeline all of whose jobs have ended.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::find_pipeline;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem};

/// Answers 204, or 409 while jobs are queued or running. Its jobs can still be read.
pub(crate) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
) -> Result<StatusCode, Problem> {
    let found = find_pipeline(&api.service, &caller, &name).await?;
    api.service.delete_pipeline(&caller, found.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
