//! `DeletePipeline`: only a pipeline whose jobs have all ended can go.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-deletepipeline>

use reelgate_service::{Caller, ErrorKind, Service};
use serde_json::{Value, json};

use super::codes::Code;
use super::errors::{Refusal, service_error};
use super::request;
use crate::dna::pipeline::KIND;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::pipeline(request::required(params, "PipelineId")?)?;
    let deleted = service.delete_pipeline(caller, id).await;
    deleted.map_err(|error| match error.kind {
        ErrorKind::Conflict => Refusal::new(Code::PipelineInUse, error.subject).into(),
        _ => service_error(error),
    })?;
    let caller = Caller {
        once: None,
        ..caller.clone()
    };
    let forgotten = service
        .forget_document(&caller, KIND, &id.to_string())
        .await;
    forgotten.map_err(service_error)?;
    Ok(json!({"Success": true}))
}
