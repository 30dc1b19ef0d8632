//! `GET /api/v1/workers`: the processes that share the store, the oldest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Serialize;

use super::view::WorkerJson;
use crate::NativeApi;
use crate::http::{Authorized, Problem, Query};

/// `{"workers": [WORKER, …]}`.
#[derive(Serialize)]
struct WorkersJson<'a> {
    workers: Vec<WorkerJson<'a>>,
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let found = api.service.nodes(&caller).await?;
    let workers = found.iter().map(WorkerJson::of).collect();
    Ok(Json(WorkersJson { workers }).into_response())
}
