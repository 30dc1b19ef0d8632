//! `SetMessageCallback`: where an account is told, of what, and signed by which key.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-setmessagecallback>

use reelgate_service::{Caller, KeepDocument, Secret, Service};
use serde_json::{Value, json};

use super::{Callback, ID, KIND, event, find, kept_key, topic};
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::request;

const MOST_URL_BYTES: usize = 256;
const MOST_KEY_BYTES: usize = 32;

/// What is absent stays as it was; an empty `EventTypeList` switches all off.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::app_id(params)?;
    request::unserved(params, &["MnsEndpoint", "MnsQueueName"])?;
    // The other message service of the vendor is not served.
    if !matches!(
        request::optional(params, "CallbackType"),
        None | Some("HTTP")
    ) {
        return Err(Refusal::parameter("CallbackType").into());
    }
    let known = find(service, caller).await.map_err(service_error)?;
    let known = known.unwrap_or_default();
    let callback = changed(&known, params)?;
    let told = event::list(&callback.events)?;
    let key = match request::optional(params, "AuthKey") {
        Some(key) if is_key(key) => Some(Secret::new(key)),
        Some(_) => return Err(Refusal::parameter("AuthKey").into()),
        None => None,
    };
    let key = match (callback.auth, key) {
        (false, _) => Secret::new(""),
        (true, Some(key)) => key,
        // One that stays switched on signs by the same key.
        (true, None) if known.auth => match kept_key(service, caller).await? {
            Some(key) => key,
            None if told.is_empty() => Secret::new(""),
            None => return Err(Refusal::new(Code::MissingParameter, "AuthKey").into()),
        },
        (true, None) => return Err(Refusal::new(Code::MissingParameter, "AuthKey").into()),
    };
    let receiver = callback.url.clone().filter(|_| !told.is_empty());
    if let Some(url) = &receiver {
        let checked = service.check_url(url);
        checked.map_err(|_unfit| Refusal::parameter("CallbackURL"))?;
    }
    // First what carries the call's identity: one that is sent again changes no receiver. If the call breaks off after it,
    // the same call goes on.
    let kept = service.keep_document(
        caller,
        KeepDocument {
            kind: KIND,
            id: ID.to_owned(),
            body: serde_json::to_value(&callback).map_err(ApiError::internal)?,
            replaces: known.revision,
            most: 1,
        },
    );
    kept.await.map_err(service_error)?;
    let mut own = caller.clone();
    own.once = None;
    let done = match receiver {
        Some(url) => service.set_receiver(&own, topic(), url, Some(key)).await,
        None => service.remove_receiver(&own, &topic()).await,
    };
    done.map_err(service_error)?;
    Ok(json!({}))
}

fn changed(known: &Callback, params: &Params) -> Result<Callback, Refusal> {
    let mut callback = known.clone();
    if let Some(url) = request::optional(params, "CallbackURL") {
        let is_web = url.starts_with("http://") || url.starts_with("https://");
        if !is_web || url.len() > MOST_URL_BYTES {
            return Err(Refusal::parameter("CallbackURL"));
        }
        callback.url = Some(url.to_owned());
    }
    if let Some(events) = params.get("EventTypeList") {
        callback.events = events.to_owned();
    }
    match request::optional(params, "AuthSwitch") {
        None => {}
        Some("on") => callback.auth = true,
        Some("off") => callback.auth = false,
        Some(_) => return Err(Refusal::parameter("AuthSwitch")),
    }
    if callback.url.is_none() && !callback.events.is_empty() {
        return Err(Refusal::new(Code::MissingParameter, "CallbackURL"));
    }
    Ok(callback)
}

/// Up to 32 letters and digits, with a large letter, a small one and a digit among them.
fn is_key(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    text.len() <= MOST_KEY_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_letters_of_both_sizes_and_digits() {
        for good in ["aB1", &"aB1x".repeat(8)] {
            assert!(is_key(good), "{good}");
        }
        for bad in ["", "ab1", "AB1", "aBc", "aB1-", &"aB1xy".repeat(7)] {
            assert!(!is_key(bad), "{bad}");
        }
    }
}
