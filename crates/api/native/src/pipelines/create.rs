//! `POST /api/v1/pipelines`: creates an active pipeline.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use reelgate_domain::Pipeline;
use reelgate_domain::job::Origin;
use reelgate_service::CreatePipeline;
use serde::Deserialize;
use serde_json::json;

use super::view::PipelineView;
use super::{check_concurrency, find_pipeline};
use crate::NativeApi;
use crate::http::{Again, Answering, Authorized, JsonBody, Problem, created};

/// The body: `{"name", "concurrency"}`; without `concurrency` there is no limit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
    #[serde(default)]
    concurrency: Option<u32>,
}

/// Answers 201 with the pipeline.
pub(crate) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    check_concurrency(body.concurrency)?;
    let wanted = CreatePipeline {
        name: body.name,
        concurrency: body.concurrency,
        origin: Some(Origin {
            dialect: NativeApi::NAME.to_owned(),
            version: 1,
            request: json!({}),
        }),
    };
    let pipeline = api.service.create_pipeline(&caller, wanted).await?;
    Ok(answer(&pipeline))
}

/// Answers with the pipeline as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let found = find_pipeline(&again.api.service, &again.caller, &again.made);
        Ok(answer(&found.await?))
    })
}

fn answer(pipeline: &Pipeline) -> Response {
    let location = format!("/api/v1/pipelines/{}", pipeline.id);
    created(&location, PipelineView::of(pipeline))
}
