//! Refusals: problem details as in RFC 9457, and how the service's errors become them.

use std::error::Error;
use std::fmt::Write as _;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use reelgate_api_kit::RequestId;
use reelgate_service::{ErrorKind, ServiceError};
use serde_json::{Map, Value};

use super::Code;

/// A refusal on its way out. [`exchange`](super::exchange) renders it, because only there the id
/// of the request is known:
///
/// `{"type": "about:blank", "title", "status", "code", "detail", "request_id", "field"?, …}`
///
/// `code` is stable, `title` is the status' phrase, `field` is the path of the body's member or the
/// name of the query parameter that is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Content>);

// Boxed because almost every function here may return one.
#[derive(Clone, Debug)]
struct Content {
    code: Code,
    detail: String,
    field: Option<String>,
    /// Further members, such as the state that refused a cancel.
    members: Map<String, Value>,
    headers: HeaderMap,
    /// For the log only.
    cause: Option<String>,
}

pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A detail may repeat what was sent, of which nobody needs to see more than this many bytes.
const MOST_REPEATED: usize = 1024;

pub(super) fn shortened(text: impl Into<String>) -> String {
    let mut text = text.into();
    if text.len() > MOST_REPEATED {
        text.truncate(text.floor_char_boundary(MOST_REPEATED));
        text.push('…');
    }
    text
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Content {
            code,
            detail: shortened(detail),
            field: None,
            members: Map::new(),
            headers: HeaderMap::new(),
            cause: None,
        }))
    }

    /// The request makes no sense, whatever part of it.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, detail)
    }

    /// This field of the body or this query parameter is wrong.
    pub(crate) fn invalid_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(detail).field(field)
    }

    /// The body has a field that means nothing here.
    pub(crate) fn unknown_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::UnknownField, detail).field(field)
    }

    pub(crate) fn missing(what: &str, name: &str) -> Self {
        let detail = format!("{what} {name} does not exist");
        Self::new(Code::NotFound, detail)
    }

    /// Our fault. The cause goes to the log, the client is told the request's id.
    pub(crate) fn internal(cause: String) -> Self {
        let detail = "an internal error occurred";
        let mut problem = Self::new(Code::InternalError, detail);
        problem.0.cause = Some(cause);
        problem
    }

    #[must_use]
    pub(crate) fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(shortened(field));
        self
    }

    #[must_use]
    pub(crate) fn without_field(mut self) -> Self {
        self.0.field = None;
        self
    }

    #[must_use]
    pub(crate) fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.code.status()
    }

    pub(crate) fn code(&self) -> &'static str {
        self.0.code.word()
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Puts the problem into the response that carried it here, whose other headers stay.
    pub(crate) fn render(self, request: RequestId, response: &mut Response) {
        let json = self.to_json(request);
        let headers = response.headers_mut();
        headers.extend(self.0.headers);
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        *response.body_mut() = Body::from(json);
    }

    pub(crate) fn to_json(&self, request: RequestId) -> Vec<u8> {
        let content = &*self.0;
        let mut body = Map::new();
        body.insert("type".into(), "about:blank".into());
        body.insert(
            "title".into(),
            content
                .code
                .status()
                .canonical_reason()
                .unwrap_or_default()
                .into(),
        );
        body.insert("status".into(), content.code.row().status.into());
        body.insert("code".into(), content.code.word().into());
        body.insert("detail".into(), content.detail.as_str().into());
        body.insert("request_id".into(), request.to_string().into());
        if let Some(field) = &content.field {
            body.insert("field".into(), field.as_str().into());
        }
        body.extend(content.members.clone());
        reelgate_api_kit::render::to_json(&Value::Object(body))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let code = match error.kind {
            ErrorKind::NotFound => Code::NotFound,
            ErrorKind::Invalid => Code::InvalidRequest,
            ErrorKind::Conflict => Code::Conflict,
            ErrorKind::Denied => Code::Denied,
            ErrorKind::TooLarge => Code::TooLarge,
            ErrorKind::Full => Code::StorageFull,
            // Of a call with a key that was made before the answer is looked up. If nothing is found, the
            // first one has not been kept after all.
            ErrorKind::Unavailable | ErrorKind::Replayed => Code::Unavailable,
            ErrorKind::Internal => Code::InternalError,
        };
        let mut problem = Self::new(code, error.message.clone());
        if error.kind == ErrorKind::Invalid && !error.subject.is_empty() {
            problem.0.field = Some(shortened(&error.subject));
        }
        if code == Code::Unavailable {
            problem = problem.header(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if code.status().is_server_error() {
            problem.0.cause = Some(chain(&error));
        }
        problem
    }
}

/// The error with all its causes, for the log.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let _ = write!(text, ": {deeper}");
        cause = deeper.source();
    }
    text
}
