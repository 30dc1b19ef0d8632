//! `GET /api/v1/jobs/{id}`: one job, at once or when it has ended.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;

use super::view::JobView;
use super::{job_id, patience};
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query};

/// With `?wait=30s` (0 to 60 s) answers when the job has ended, or as it is when the time is over.
/// Also says what a job waits for that is queued, or has started and needs more room.
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
    let waiting = api.service.waiting(&caller, &job).await?;
    let fetched = api.service.progress().fetched(&job);
    let view = JobView::of(&job).waiting_for(waiting).with_fetched(fetched);
    Ok(Json(view).into_response())
}
