//! `GET /api/v1/streams/{id}/thumbnail`: the newest picture of a stream.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::{problem, stream_id};
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem};

/// Answers a JPEG, or 404 while there is none.
pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
) -> Result<Response, Problem> {
    let stream = api.service.stream(&caller, stream_id(&id)?).await;
    let stream = stream.map_err(problem)?;
    let found = api.service.stream_thumbnail(&caller, stream.id).await?;
    let picture = found.ok_or_else(|| Problem::missing("a thumbnail of stream", &id))?;
    let mut response = Response::new(Body::from(picture));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    // There is another one soon.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
