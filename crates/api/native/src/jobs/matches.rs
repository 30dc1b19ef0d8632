//! `GET /api/v1/jobs/{id}/matches`: what a fingerprint job has found.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;

use super::{job_id, unwritten};
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, Problem, Query};

/// For a job that has found nothing to tell of, and for what is not there any more.
const CODES: (Code, Code) = (Code::NoMatches, Code::MatchesGone);

/// Answers the document that the job wrote:
///
/// ```json
/// {"library": "id", "version", "entries": [{"key", "number", "similarity", "segments": [
///   {"channel", "input": {"start", "end"}, "reference": {"start", "end"}, "similarity", "speed", "mirrored",
///    "text": {"input", "reference"}}]}]}
/// ```
///
/// 409 for a job that has none, with its `state` and `kind`; 410 when the document is not there any more.
pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let job = api.service.job(&caller, job_id(&id)?).await?;
    let found = api.service.matches(&caller, &job).await;
    let matches = found.map_err(|error| unwritten(error, &job, CODES))?;
    Ok(Json(matches).into_response())
}
