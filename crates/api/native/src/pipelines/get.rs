//! `GET /api/v1/pipelines/{id or name}`: one pipeline.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::find_pipeline;
use super::view::PipelineView;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem};

pub(crate) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let pipeline = find_pipeline(&api.service, &caller, &name).await?;
    Ok(Json(PipelineView::of(&pipeline)).into_response())
}
