//! `AddPipeline`: a new pipeline, active at once.

use reelgate_service::{Caller, CreatePipeline, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::origin::PipelineRequest;
use super::pipeline::{self, View};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let name = pipeline::name(params)?;
    pipeline::check_speed(params)?;
    let request = PipelineRequest {
        role: pipeline::role(params)?,
        notify: pipeline::notify_config(params)?.unwrap_or_default(),
    };
    let wanted = CreatePipeline {
        name: name.to_owned(),
        concurrency: None,
        origin: Some(request.into_origin()),
    };
    let made = service.create_pipeline(caller, wanted).await;
    let made = made.map_err(service_error)?;
    Ok(json!({"Pipeline": pipeline::render(&made, View::AddOrQuery)}))
}
