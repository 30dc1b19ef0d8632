//! `GET /api/v1/streams/{id}/health`: what was seen of a stream, as it was kept.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::Timestamp;
use serde::Serialize;

use super::view::HealthView;
use super::{problem, stream_id};
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query, format_time, parse_time};

/// `{"samples": [HEALTH, …], "next_after"}`, the oldest first: what `after` is for the next page, null where there is
/// nothing.
#[derive(Serialize)]
struct SamplesView {
    samples: Vec<HealthView>,
    next_after: Option<String>,
}

/// Parameters: `after` (RFC 3339; without it from the oldest that is kept), `limit` (1 to 1000, by default 100).
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["after", "limit"])?;
    let after = match query.one("after")? {
        Some(text) => parse_time("after", text)?,
        None => Timestamp::from_millis(0),
    };
    let limit = query.limit(100, 1000)?;
    let id = stream_id(&id)?;
    let found = api.service.stream_health(&caller, id, after, limit).await;
    let samples = found.map_err(problem)?;
    let view = SamplesView {
        next_after: samples.last().map(|last| format_time(last.at)),
        samples: samples.iter().map(HealthView::of).collect(),
    };
    Ok(Json(view).into_response())
}
