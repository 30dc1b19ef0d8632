//! `CreatePipeline`: a new pipeline, active at once.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-createpipeline>

use reelgate_service::{Caller, CreatePipeline, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::{pipeline, request};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let name = request::required(params, "Name")?;
    pipeline::check_speed(request::required(params, "Speed")?)?;
    let priority = request::priority(params)?;
    let wanted = CreatePipeline {
        name: name.to_owned(),
        concurrency: None,
        origin: None,
    };
    let made = service.create_pipeline(caller, wanted).await;
    let made = made.map_err(service_error)?;
    let kept = match priority {
        None => None,
        Some(_) => {
            let kept = pipeline::note(service, caller, made.id, priority).await;
            Some(kept.map_err(service_error)?)
        }
    };
    Ok(json!({"Pipeline": pipeline::render(&made, kept.as_ref())}))
}
