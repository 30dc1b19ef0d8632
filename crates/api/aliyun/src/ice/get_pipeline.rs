//! `GetPipeline`: one pipeline of the account.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-getpipeline>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::{pipeline, request};
use crate::dna::pipeline::KIND;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::pipeline(request::required(params, "PipelineId")?)?;
    let found = service.pipeline(caller, id).await.map_err(service_error)?;
    let kept = service.document(caller, KIND, &id.to_string()).await;
    let kept = kept.map_err(service_error)?;
    Ok(json!({"Pipeline": pipeline::render(&found, kept.as_ref())}))
}
