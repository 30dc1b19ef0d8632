//! The envelope of answers: which format to send, and success and error bodies in it.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reelgate_api_kit::{RequestId, render};
use serde_json::{Map, Value};

use super::errors::ApiError;
use super::signature::Scheme;

/// Format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Xml,
}

impl Format {
    /// Reads the `Format` parameter. SDKs send `JSON` and `json`, so case does not matter.
    pub fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("JSON") {
            Some(Self::Json)
        } else if name.eq_ignore_ascii_case("XML") {
            Some(Self::Xml)
        } else {
            None
        }
    }

    /// Format for a caller that names none: XML with signature V1; with V3 what `Accept` asks for, else JSON.
    pub fn default_for(scheme: Scheme, headers: &HeaderMap) -> Self {
        match scheme {
            Scheme::V1 => Self::Xml,
            Scheme::V3 => Self::accepted(headers).unwrap_or(Self::Json),
        }
    }

    /// The first of our two media types that the `Accept` header lists.
    fn accepted(headers: &HeaderMap) -> Option<Self> {
        let accept = headers.get(header::ACCEPT)?.to_str().ok()?;
        let media_type = |item: &str| item.split(';').next().unwrap_or_default().trim().to_owned();
        accept
            .split(',')
            .find_map(|item| match media_type(item).as_str() {
                "application/json" => Some(Self::Json),
                "application/xml" | "text/xml" => Some(Self::Xml),
                _ => None,
            })
    }
}

/// What every answer to one request has in common.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub format: Format,
    pub request_id: RequestId,
}

impl Envelope {
    /// Renders a success: the operation's members under `RequestId`, in XML inside `<{Action}Response>`.
    pub fn success(&self, action: &str, mut members: Map<String, Value>) -> Response {
        let code = members
            .get("Code")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // One SDK takes a top-level `Code` for an error whatever the status is.
        debug_assert!(
            code.is_empty(),
            "a success of {action} carries the code {code}"
        );
        members.shift_insert(
            0,
            "RequestId".to_owned(),
            self.request_id.to_string().into(),
        );
        let body = Value::Object(members);
        match self.format {
            Format::Json => respond(StatusCode::OK, JSON, render::to_json(&body)),
            Format::Xml => {
                let root = format!("{action}Response");
                respond(
                    StatusCode::OK,
                    "application/xml",
                    render::to_xml(&root, &body),
                )
            }
        }
    }

    /// Renders an error. `host_id` is the host name that the caller used.
    pub fn error(&self, error: &ApiError, host_id: &str) -> Response {
        let (content_type, body) = self.error_body(error, host_id);
        let mut response = respond(error.status, content_type, body);
        if let Some(wait) = error.retry_after {
            // The new SDKs take nothing but a positive number of milliseconds.
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            response
                .headers_mut()
                .insert("x-acs-retry-after", HeaderValue::from(wait_ms));
        }
        response
    }

    /// The media type and the text of an error.
    pub(super) fn error_body(&self, error: &ApiError, host_id: &str) -> (&'static str, Vec<u8>) {
        let body = error.to_value(self.request_id, host_id);
        match self.format {
            Format::Json => (JSON, render::to_json(&body)),
            // The new SDKs read an XML error only under exactly this content type and root.
            Format::Xml => ("text/xml;charset=utf-8", render::to_xml("Error", &body)),
        }
    }
}

const JSON: &str = "application/json;charset=utf-8";

fn respond(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_names_ignore_case() {
        assert_eq!(Format::parse("json"), Some(Format::Json));
        assert_eq!(Format::parse("JSON"), Some(Format::Json));
        assert_eq!(Format::parse("Xml"), Some(Format::Xml));
        assert_eq!(Format::parse("yaml"), None);
        assert_eq!(Format::parse(""), None);
    }

    #[test]
    fn accept_counts_for_v3_only() {
        let with =
            |accept| HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
        for (accept, expected) in [
            ("application/json", Format::Json),
            ("application/xml", Format::Xml),
            (
                "text/html, application/xml;q=0.9, application/json",
                Format::Xml,
            ),
            ("*/*", Format::Json),
            ("", Format::Json),
        ] {
            assert_eq!(
                Format::default_for(Scheme::V3, &with(accept)),
                expected,
                "{accept}"
            );
            assert_eq!(Format::default_for(Scheme::V1, &with(accept)), Format::Xml);
        }
        assert_eq!(
            Format::default_for(Scheme::V3, &HeaderMap::new()),
            Format::Json
        );
    }
}
