//! `GET /api/v1/jobs/{id}/quality`: how much the outputs of a job look like their source.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::job::Job;
use reelgate_service::{OutputQuality, QualityError};
use serde_json::{Value, json};

use super::job_id;
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, Problem, Query};

/// Answers the documents beside the outputs that were measured:
///
/// ```json
/// {"outputs": [{"object": {"bucket", "key"}, "quality": {"width", "height", "fps", "frames", "kbps", "ssim", "psnr",
///   "step_seconds", "series": [{"at_seconds", "kbps", "ssim", "least_ssim", "psnr"}],
///   "worst": [{"at_seconds", "ssim", "psnr", "still"}]}}]}
/// ```
///
/// 409 for a job that has none, with its `state`; 410 when a document is not there any more.
pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let job = api.service.job(&caller, job_id(&id)?).await?;
    let found = api.service.quality(&caller, &job).await;
    let found = found.map_err(|error| problem(error, &job))?;
    let outputs: Vec<Value> = found.iter().map(shown).collect();
    Ok(Json(json!({"outputs": outputs})).into_response())
}

fn shown(output: &OutputQuality) -> Value {
    json!({"object": output.object, "quality": output.quality})
}

/// A refusal in the words of this API.
fn problem(error: QualityError, job: &Job) -> Problem {
    let detail = error.to_string();
    match error {
        QualityError::Service(error) => error.into(),
        QualityError::NothingMeasured { .. } | QualityError::NotSucceeded { .. } => {
            Problem::new(Code::NoQuality, detail)
                .member("state", job.lifecycle.state.name().as_str())
        }
        QualityError::Gone { .. } | QualityError::Altered { .. } => {
            Problem::new(Code::QualityGone, detail)
        }
    }
}
