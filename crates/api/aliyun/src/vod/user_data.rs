//! `UserData`: a callback of a call's own, and what is given back untouched.

use reelgate_service::Service;
use serde_json::{Map, Value};

use super::errors::Refusal;
use super::request;
use crate::rpc::Params;

const NAME: &str = "UserData";
const MOST_BYTES: usize = 4096;
const MOST_EXTEND_BYTES: usize = 512;
const MOST_URL_BYTES: usize = 256;
/// Of calls that work on videos.
const MOST_BYTES_OF_WORK: usize = 1024;

/// Reads the parameter of a call that brings files in; what it says is kept as it came.
///
/// `AccelerateConfig` is about the way into the vendor's network: here there is none, and it changes nothing.
pub(crate) fn read(service: &Service, params: &Params) -> Result<Option<String>, Refusal> {
    let Some(text) = request::optional(params, NAME) else {
        return Ok(None);
    };
    check(text, MOST_BYTES)?;
    let members = request::object(NAME, text)?;
    check_members(service, &members)?;
    Ok(Some(text.to_owned()))
}

/// The same of a call that works on a video, which may also give a text that is no object.
pub(crate) fn read_of_work<'a>(
    service: &Service,
    params: &'a Params,
) -> Result<Option<&'a str>, Refusal> {
    let Some(text) = request::optional(params, NAME) else {
        return Ok(None);
    };
    check(text, MOST_BYTES_OF_WORK)?;
    if let Ok(members) = serde_json::from_str(text) {
        check_members(service, &members)?;
    }
    Ok(Some(text))
}

/// Where the messages about what a call has made are to go, if it said so.
pub(super) fn callback_url(user_data: &str) -> Option<String> {
    let members: Map<String, Value> = serde_json::from_str(user_data).ok()?;
    let callback = nested(&members, "MessageCallback").ok()??;
    let url = callback.get("CallbackURL")?.as_str()?;
    (!url.is_empty()).then(|| url.to_owned())
}

/// What a caller has given to be told again, as text.
pub(super) fn extend(user_data: &str) -> Option<String> {
    let members: Map<String, Value> = serde_json::from_str(user_data).ok()?;
    Some(match members.get("Extend")? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// What can be said of the text alone, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(super) fn read_text(text: &str) {
    if let Ok(members) = request::object(NAME, text) {
        let _ = callback_of(&members);
    }
    callback_url(text);
    extend(text);
}

fn check(text: &str, most: usize) -> Result<(), Refusal> {
    match text.len() > most || text.contains('\0') {
        true => Err(Refusal::parameter(NAME)),
        false => Ok(()),
    }
}

fn check_members(service: &Service, members: &Map<String, Value>) -> Result<(), Refusal> {
    let bad = || Refusal::parameter(NAME);
    if let Some(url) = callback_of(members)? {
        service.check_url(&url).map_err(|_refused| bad())?;
    }
    let extend = members.get("Extend").map(|extend| match extend {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    });
    match extend.is_some_and(|bytes| bytes > MOST_EXTEND_BYTES) {
        true => Err(bad()),
        false => Ok(()),
    }
}

/// The address of a callback, which is one over HTTP.
fn callback_of(members: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let Some(callback) = nested(members, "MessageCallback")? else {
        return Ok(None);
    };
    let kind = callback.get("CallbackType").map(Value::as_str);
    let is_http = |kind: Option<&str>| kind.is_some_and(|kind| kind.eq_ignore_ascii_case("http"));
    let url = match callback.get("CallbackURL") {
        None => "",
        Some(Value::String(url)) => url,
        Some(_) => return Err(Refusal::parameter(NAME)),
    };
    let is_web = url.starts_with("http://") || url.starts_with("https://");
    let fits = url.is_empty() || is_web && url.len() <= MOST_URL_BYTES;
    if !kind.is_none_or(is_http) || !fits {
        return Err(Refusal::parameter(NAME));
    }
    Ok((!url.is_empty()).then(|| url.to_owned()))
}

/// A member that is an object, or a text that contains one.
fn nested(members: &Map<String, Value>, name: &str) -> Result<Option<Map<String, Value>>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members.clone())),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => request::object(NAME, text).map(Some),
        Some(_) => Err(Refusal::parameter(NAME)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_callback(text: &str, expected: Option<Option<&str>>) {
        let members = request::object(NAME, text);
        let read = members.and_then(|members| callback_of(&members)).ok();
        assert_eq!(read.as_ref().map(Option::as_deref), expected, "{text}");
    }

    #[test]
    fn a_callback_is_one_over_http_and_may_be_a_text() {
        check_callback(r#"{"Extend":{"a":1}}"#, Some(None));
        check_callback(
            r#"{"MessageCallback":"{\"CallbackURL\":\"http://h/\"}"}"#,
            Some(Some("http://h/")),
        );
        check_callback(
            r#"{"MessageCallback":{"CallbackURL":"https://h/","CallbackType":"HTTP"}}"#,
            Some(Some("https://h/")),
        );
        check_callback(r#"{"MessageCallback":{"CallbackURL":""}}"#, Some(None));
        check_callback("text", None);
        check_callback("[]", None);
        check_callback(r#"{"MessageCallback":{"CallbackURL":"mailto:a"}}"#, None);
        check_callback(r#"{"MessageCallback":{"CallbackURL":1}}"#, None);
        check_callback(r#"{"MessageCallback":{"CallbackType":"MNS"}}"#, None);
        check_callback(r#"{"MessageCallback":{"CallbackType":1}}"#, None);
        let long = format!(
            r#"{{"MessageCallback":{{"CallbackURL":"http://h/{}"}}}}"#,
            "a".repeat(256)
        );
        check_callback(&long, None);
    }

    #[test]
    fn what_is_kept_reads_back() {
        let kept = r#"{"MessageCallback":{"CallbackURL":"http://h/"},"Extend":{"a":1}}"#;
        assert_eq!(callback_url(kept).as_deref(), Some("http://h/"));
        assert_eq!(extend(kept).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(extend(r#"{"Extend":"x"}"#).as_deref(), Some("x"));
        for other in [r#"{"Other":1}"#, "text", ""] {
            assert_eq!(
                (callback_url(other), extend(other)),
                (None, None),
                "{other}"
            );
        }
    }
}
