//! `GetMessageCallback`: what was set.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getmessagecallback>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::{find, kept_key};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::request::{self, APP_ID};

/// The key is shown, as the vendor shows it, while it signs anything.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::app_id(params)?;
    let found = find(service, caller).await.map_err(service_error)?;
    let callback = found.ok_or_else(|| Refusal::new(Code::CallbackNotFound, ""))?;
    let mut view = json!({
        "AppId": APP_ID,
        "CallbackType": "HTTP",
        "EventTypeList": callback.events,
        "AuthSwitch": if callback.auth { "on" } else { "off" },
    });
    if let Some(url) = callback.url {
        view["CallbackURL"] = url.into();
    }
    if callback.auth
        && let Some(key) = kept_key(service, caller).await?
    {
        view["AuthKey"] = key.expose().into();
    }
    Ok(json!({"MessageCallback": view}))
}
