//! `DeleteMessageCallback`: nobody is told any more.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletemessagecallback>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::{ID, KIND, topic};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::request;

/// The receiver goes first: if the call breaks off, what was set is still shown, and the same call goes on.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::app_id(params)?;
    let removed = service.remove_receiver(caller, &topic()).await;
    removed.map_err(service_error)?;
    let forgotten = service.forget_document(caller, KIND, ID).await;
    match forgotten.map_err(service_error)? {
        true => Ok(json!({})),
        false => Err(Refusal::new(Code::CallbackNotFound, "").into()),
    }
}
