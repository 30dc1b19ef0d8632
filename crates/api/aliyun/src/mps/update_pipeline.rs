//! `UpdatePipeline`: name, state and role of a pipeline. Pausing and resuming go this way.

use reelgate_domain::PipelineId;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::{Code, Refusal, service_error};
use super::notify::NotifyConfig;
use super::origin::{self, PipelineRequest};
use super::pipeline::{self, View};
use super::{request, status};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id: PipelineId = request::id("PipelineId", request::required(params, "PipelineId")?)?;
    let name = pipeline::name(params)?;
    let state = status::parse_pipeline(request::required(params, "State")?)
        .ok_or_else(|| Refusal::new(Code::InvalidState, "State"))?;
    let notify = pipeline::notify_config(params)?;
    pipeline::check_extend_config(params)?;
    let mut change = PipelineChange {
        name: Some(name.to_owned()),
        state: Some(state),
        ..PipelineChange::default()
    };
    let role = pipeline::role(params)?;
    if role.is_some() || notify.is_some() {
        let before = service.pipeline(caller, id).await.map_err(service_error)?;
        // Another dialect's note on its pipeline is worth more than a role that nobody assumes.
        if origin::is_writable(before.origin.as_ref()) {
            let known = PipelineRequest::of(before.origin.as_ref());
            let request = PipelineRequest {
                role: role.or(known.role),
                notify: notify.unwrap_or(known.notify),
            };
            change.origin = Some(request.into_origin());
        } else if notify.is_some_and(|notify| notify != NotifyConfig::default()) {
            return Err(Refusal::new(Code::NotSupported, "NotifyConfig").into());
        }
    }
    let changed = service.change_pipeline(caller, id, change).await;
    let changed = changed.map_err(service_error)?;
    Ok(json!({"Pipeline": pipeline::render(&changed, View::Update)}))
}
