//! `GET /api/v1/jobs/{id}`: one job, at once or when it has ended.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;

use super::job_id;
use super::view::JobView;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query};

const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// With `?wait=30s` (0 to 60 s) answers when the job has ended, or as it is when the time is over.
pub(crate) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["wait"])?;
    let id = job_id(&id)?;
    let job = match query.one("wait")? {
        None => api.service.job(&caller, id).await?,
        Some(wait) => api.service.job_ended(&caller, id, patience(wait)?).await?,
    };
    Ok(Json(JobView::of(&job)).into_response())
}

fn patience(text: &str) -> Result<Duration, Problem> {
    let seconds = text.strip_suffix('s').unwrap_or(text).parse().ok();
    seconds
        .map(Duration::from_secs)
        .filter(|wait| *wait <= LONGEST_WAIT)
        .ok_or_else(|| {
            let detail = format!("wait must be whole seconds from 0s to 60s, not {text:?}");
            Problem::invalid_field("wait", detail)
        })
}
