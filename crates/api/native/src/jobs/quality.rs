//! `GET /api/v1/jobs/{id}/quality`: how much the outputs of a job look like their source.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_service::OutputQuality;
use serde_json::{Value, json};

use super::{job_id, unwritten};
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, Problem, Query};

/// For a job without outputs that were measured, and for what is not there any more.
const CODES: (Code, Code) = (Code::NoQuality, Code::QualityGone);

/// Answers the documents beside the outputs that were measured:
///
/// ```json
/// {"outputs": [{"object": {"bucket", "key"}, "quality": {"width", "height", "fps", "frames", "kbps", "ssim", "psnr",
///   "vmaf", "xpsnr", "step_seconds", "series": [{"at_seconds", "kbps", "ssim", "least_ssim", "psnr", "vmaf", "xpsnr"}],
///   "worst": [{"at_seconds", "ssim", "psnr", "still"}]}}]}
/// ```
///
/// What could not be measured is null, and left out of points. 409 for a job that has none, with its `state` and `kind`;
/// 410 when a document is not there any more.
pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let job = api.service.job(&caller, job_id(&id)?).await?;
    let found = api.service.quality(&caller, &job).await;
    let found = found.map_err(|error| unwritten(error, &job, CODES))?;
    let outputs: Vec<Value> = found.iter().map(shown).collect();
    Ok(Json(json!({"outputs": outputs})).into_response())
}

fn shown(output: &OutputQuality) -> Value {
    json!({"object": output.object, "quality": output.quality})
}
