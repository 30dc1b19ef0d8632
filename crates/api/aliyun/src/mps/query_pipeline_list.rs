//! `QueryPipelineList`: pipelines by id.

use reelgate_domain::PipelineId;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::pipeline::{self, View};
use super::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let ids: Vec<PipelineId> =
        request::ids("PipelineIds", request::required(params, "PipelineIds")?)?;
    let found = service.pipelines(caller, &ids).await;
    let found = found.map_err(service_error)?;
    let missing: Vec<String> = ids
        .iter()
        .filter(|id| found.iter().all(|pipeline| pipeline.id != **id))
        .map(PipelineId::to_string)
        .collect();
    let pipelines: Vec<Value> = found
        .iter()
        .map(|pipeline| pipeline::render(pipeline, View::AddOrQuery))
        .collect();
    let mut answer = json!({"PipelineList": {"Pipeline": pipelines}});
    if !missing.is_empty() {
        answer["NonExistPids"] = json!({"String": missing});
    }
    Ok(answer)
}
