//! `DeletePipeline`: only a pipeline whose jobs have all ended can go.

use reelgate_domain::PipelineId;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id: PipelineId = request::id("PipelineId", request::required(params, "PipelineId")?)?;
    let deleted = service.delete_pipeline(caller, id).await;
    deleted.map_err(service_error)?;
    Ok(json!({"PipelineId": id.to_string()}))
}
