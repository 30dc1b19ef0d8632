//! `UpdatePipeline`: name, state and priority of a pipeline; what is absent stays. Pausing and resuming go this way.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-updatepipeline>

use reelgate_domain::pipeline::PipelineChange;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::codes::Code;
use super::errors::{Refusal, service_error};
use super::{pipeline, request};
use crate::mps::parse_pipeline;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::pipeline(request::required(params, "PipelineId")?)?;
    let state = match request::optional(params, "Status") {
        None => None,
        Some(word) => {
            let bad = || Refusal::new(Code::InvalidState, "Status");
            Some(parse_pipeline(word).ok_or_else(bad)?)
        }
    };
    let priority = request::priority(params)?;
    let change = PipelineChange {
        name: request::optional(params, "Name").map(str::to_owned),
        state,
        ..PipelineChange::default()
    };
    let changed = service.change_pipeline(caller, id, change).await;
    changed.map_err(service_error)?;
    let noted = pipeline::note(service, caller, id, priority).await;
    noted.map_err(service_error)?;
    Ok(json!({"Success": true}))
}
