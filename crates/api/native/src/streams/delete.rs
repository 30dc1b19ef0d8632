//! `DELETE /api/v1/streams/{id}`: deletes a stream that does not run.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{problem, stream_id};
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem};

/// Answers 204, or 409 while it is to run. What it has recorded stays.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    let deleted = api.service.delete_stream(&caller, stream_id(&id)?).await;
    deleted.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
