//! `PATCH /api/v1/pipelines/{id or name}`: pauses, resumes, renames, sets the limit.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use reelgate_domain::PipelineState;
use reelgate_domain::pipeline::PipelineChange;
use serde::Deserialize;

use super::view::PipelineView;
use super::{check_concurrency, find_pipeline};
use crate::NativeApi;
use crate::http::{Authorized, InPath, JsonBody, Problem, nullable};

/// The body: `{"state": "active" | "paused", "name", "concurrency"}`; what is left out stays.
/// `"concurrency": null` lifts the limit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    #[serde(default)]
    state: Option<PipelineState>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    concurrency: Option<Option<u32>>,
}

/// Answers the pipeline as it is now. When a pause is answered, nothing of it starts any more.
pub(crate) async fn change(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response, Problem> {
    check_concurrency(body.concurrency.flatten())?;
    let found = find_pipeline(&api.service, &caller, &name).await?;
    let change = PipelineChange {
        name: body.name,
        state: body.state,
        concurrency: body.concurrency,
        origin: None,
    };
    let pipeline = api
        .service
        .change_pipeline(&caller, found.id, change)
        .await?;
    Ok(Json(PipelineView::of(&pipeline)).into_response())
}
