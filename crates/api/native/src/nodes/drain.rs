//! `PATCH /api/v1/workers/{worker}`: has a worker start nothing more, or go on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;

use super::view::WorkerJson;
use crate::NativeApi;
use crate::http::{Authorized, InPath, JsonBody, Problem, Query};

/// The body: `{"draining"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    draining: bool,
}

/// Answers the worker as it is now. It is named by its id, or by its name if only one has that.
pub(super) async fn change(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(named): InPath<String>,
    uri: Uri,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let service = &api.service;
    let found = service.set_draining(&caller, &named, body.draining).await?;
    Ok(Json(WorkerJson::of(&found)).into_response())
}
