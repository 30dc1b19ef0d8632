//! `DeleteMessageCallback`: nobody is told any more.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-deletemessagecallback>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::{ID, KIND, topic};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::request;

/// First what carries the call's identity: one that is sent again takes no receiver away that was set meanwhile. If the call
/// breaks off after it, a second one takes the receiver away before it answers that nothing is set.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::app_id(params)?;
    let forgotten = service.forget_document(caller, KIND, ID).await;
    let forgotten = forgotten.map_err(service_error)?;
    let removed = service.remove_receiver(caller, &topic()).await;
    removed.map_err(service_error)?;
    match forgotten {
        true => Ok(json!({})),
        false => Err(Refusal::new(Code::CallbackNotFound, "").into()),
    }
}
