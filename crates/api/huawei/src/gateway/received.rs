//! A request as it came in, within the limits that hold for everybody.

use std::time::Duration;

use axum::extract::Request;
use bytes::Bytes;
use http::request::Parts;
use reelgate_api_kit::body::{BodyError, read_body};
use reelgate_api_kit::serve::Transport;
use reelgate_service::CallContext;

use crate::errors::{ApiError, BAD_REQUEST, BODY_TOO_LARGE, URI_TOO_LARGE};
use crate::signature::Signed;

/// The documented limit of signed bodies.
pub(super) const MAX_BODY_BYTES: usize = 12 * 1024 * 1024;

/// The documented limit of path and query.
pub(super) const MAX_URI_BYTES: usize = 32 * 1024;

const BODY_READ_LIMIT: Duration = Duration::from_secs(30);

/// After how long a body that found no room may be sent again.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Received {
    head: Parts,
    pub(crate) body: Bytes,
    /// The path as it is meant; slashes separate segments, encoded ones too.
    pub(crate) path: String,
}

impl Received {
    /// Reads the whole request, or says which limit it breaks.
    pub(super) async fn read(request: Request) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        let target = head.uri.path_and_query();
        if target.is_some_and(|target| target.as_str().len() > MAX_URI_BYTES) {
            return Err(URI_TOO_LARGE.into());
        }
        let path = crate::signature::decode(head.uri.path().as_bytes())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| {
                ApiError::detailed(BAD_REQUEST, "The path is not percent-encoded UTF-8.")
            })?;
        let from = context(&head).source;
        let body = read_body(body, from, MAX_BODY_BYTES, BODY_READ_LIMIT)
            .await
            .map_err(|error| unread(&error))?;
        Ok(Self { head, body, path })
    }

    /// What a signature covers.
    pub(super) fn signed(&self) -> Signed<'_> {
        Signed {
            method: self.method(),
            path: self.head.uri.path(),
            query: self.query(),
            headers: &self.head.headers,
            body: &self.body,
        }
    }

    pub(crate) fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// As it is on the wire.
    pub(crate) fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    /// The text of a header; `None` if it is absent or empty, an error if it is repeated or no text.
    pub(crate) fn header(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        let mut values = self.head.headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return match self.head.headers.contains_key(name) {
                true => Err(unreadable(name)),
                false => Ok(None),
            };
        };
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_invalid| unreadable(name))?;
        Ok(Some(text.trim()).filter(|text| !text.is_empty()))
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.head.headers.contains_key(name)
    }

    /// Where the call comes from, for policies and the audit.
    pub(crate) fn context(&self) -> CallContext {
        context(&self.head)
    }

    /// What the caller calls this server, for the links in answers.
    pub(crate) fn base(&self) -> String {
        let scheme = match self.context().secure {
            true => "https",
            false => "http",
        };
        let host = self.header("host").ok().flatten().unwrap_or("localhost");
        format!("{scheme}://{host}")
    }
}

fn context(head: &Parts) -> CallContext {
    let transport = head.extensions.get::<Transport>();
    CallContext {
        source: transport.map(|transport| transport.peer.ip().to_canonical()),
        secure: transport.is_some_and(|transport| transport.secure),
    }
}

fn unreadable(name: &str) -> ApiError {
    let detail = format!("The header {name} is repeated or no text.");
    ApiError::detailed(BAD_REQUEST, &detail)
}

fn unread(error: &BodyError) -> ApiError {
    match error {
        BodyError::TooLarge { .. } => BODY_TOO_LARGE.into(),
        BodyError::Busy { .. } => ApiError::throttled(BUSY_PAUSE),
        BodyError::TooSlow { .. } | BodyError::Broken(_) => {
            ApiError::detailed(BAD_REQUEST, &format!("The {error}."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_found_no_room_is_told_when_to_come_back() {
        let limit = BODY_READ_LIMIT;
        let refused = unread(&BodyError::Busy { limit });
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.code(), "APIGW.0308");
        let answer = refused.to_response::<Vec<u8>>(crate::request_id::RequestId::random());
        assert_eq!(answer.headers()["retry-after"], "1");
    }
}
