//! `UserData`: a callback of a call's own, and what is given back untouched.

use serde_json::{Map, Value};

use super::errors::Refusal;
use super::request;
use crate::rpc::Params;

const MOST_BYTES: usize = 4096;
const MOST_EXTEND_BYTES: usize = 512;
const MOST_URL_BYTES: usize = 256;

/// Reads the parameter; what it says is kept as it came.
///
/// `AccelerateConfig` is about the way into the vendor's network: here there is none, and it changes nothing.
pub(crate) fn read(params: &Params) -> Result<Option<String>, Refusal> {
    let Some(text) = request::optional(params, "UserData") else {
        return Ok(None);
    };
    let bad = || Refusal::parameter("UserData");
    if text.len() > MOST_BYTES || text.contains('\0') {
        return Err(bad());
    }
    let members = request::object("UserData", text)?;
    if let Some(callback) = nested(&members, "MessageCallback")? {
        let url = callback.get("CallbackURL").and_then(Value::as_str);
        let is_web = |url: &str| {
            let is_web = url.starts_with("http://") || url.starts_with("https://");
            is_web && url.len() <= MOST_URL_BYTES
        };
        let kind = callback.get("CallbackType").and_then(Value::as_str);
        let is_http = kind.is_none_or(|kind| kind.eq_ignore_ascii_case("http"));
        if !is_http || !url.is_none_or(|url| url.is_empty() || is_web(url)) {
            return Err(bad());
        }
    }
    let extend = members.get("Extend").map(|extend| match extend {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    });
    if extend.is_some_and(|bytes| bytes > MOST_EXTEND_BYTES) {
        return Err(bad());
    }
    Ok(Some(text.to_owned()))
}

/// A member that is an object, or a text that contains one.
fn nested(members: &Map<String, Value>, name: &str) -> Result<Option<Map<String, Value>>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members.clone())),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => request::object("UserData", text).map(Some),
        Some(_) => Err(Refusal::parameter("UserData")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, is_good: bool) {
        let params = Params::from_pairs([("UserData", text)]).unwrap();
        assert_eq!(read(&params).is_ok(), is_good, "{text}");
    }

    #[test]
    fn user_data_is_an_object_whose_members_may_be_texts() {
        check(r#"{"Extend":{"a":1}}"#, true);
        check(
            r#"{"Extend":"{\"a\":1}","MessageCallback":"{\"CallbackURL\":\"http://h/\"}"}"#,
            true,
        );
        check(
            r#"{"MessageCallback":{"CallbackURL":"http://h/","CallbackType":"http"}}"#,
            true,
        );
        check("", true);
        check("text", false);
        check("[]", false);
        check(r#"{"MessageCallback":{"CallbackURL":"mailto:a"}}"#, false);
        check(r#"{"MessageCallback":{"CallbackType":"MNS"}}"#, false);
        check(&format!(r#"{{"Extend":"{}"}}"#, "a".repeat(512)), true);
        check(&format!(r#"{{"Extend":"{}"}}"#, "a".repeat(513)), false);
    }
}
