//! `GET /api/v1/streams/{id}`: one stream, at once or when it is settled.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;

use super::view::{StreamView, is_settled};
use super::{problem, stream_id};
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query};
use crate::jobs::patience;

/// With `?wait=30s` (0 to 60 s) answers when the stream is live, or is not to run and its processes are gone, or as it
/// is when the time is over.
pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["wait"])?;
    let id = stream_id(&id)?;
    let stream = match query.one("wait")? {
        None => api.service.stream(&caller, id).await,
        Some(wait) => {
            let patience = patience(wait)?;
            let waiting = api.service.stream_when(&caller, id, patience, is_settled);
            waiting.await
        }
    };
    Ok(Json(StreamView::of(&stream.map_err(problem)?)).into_response())
}
