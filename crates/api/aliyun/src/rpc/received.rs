//! A request as it came in: its raw parts, and the readings of them that need no look-up.

use std::time::Duration;

use axum::extract::Request;
use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Method, header};
use reelgate_api_kit::body::{BodyError, read_body};
use reelgate_api_kit::serve::Transport;
use reelgate_service::CallContext;

use super::encoding::decode;
use super::envelope::Format;
use super::errors::{ApiError, CommonError};
use super::params::Params;
use super::signature::Scheme;

/// Parameters of any operation fit; media never travels in a request.
pub(super) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// SDKs give up after 10 s; a client that still sends then is broken or hostile.
const BODY_READ_LIMIT: Duration = Duration::from_secs(30);

/// After how long a body that found no room may be sent again.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Received {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// Where it came from, for limits and for the conditions of policies.
    pub(super) context: CallContext,
    pub(super) body: Bytes,
    query: String,
    unread: Option<BodyError>,
}

impl Received {
    /// Reads the whole request. A body that cannot be read is remembered: the answer still needs the other parts.
    pub(super) async fn read(request: Request) -> Self {
        let (head, body) = request.into_parts();
        let transport = head.extensions.get::<Transport>();
        let context = CallContext {
            source: transport.map(|transport| transport.peer.ip().to_canonical()),
            secure: transport.is_some_and(|transport| transport.secure),
        };
        let read = read_body(body, context.source, MAX_BODY_BYTES, BODY_READ_LIMIT).await;
        let (body, unread) = match read {
            Ok(body) => (body, None),
            Err(error) => (Bytes::new(), Some(error)),
        };
        Self {
            context,
            query: head.uri.query().unwrap_or_default().to_owned(),
            method: head.method,
            headers: head.headers,
            body,
            unread,
        }
    }

    /// The stage "parse": body, parameters, method, format.
    pub(super) fn parse(&self) -> Result<Params, ApiError> {
        if let Some(error) = &self.unread {
            return Err(unread(error));
        }
        let params = Params::parse(self.query.as_bytes(), self.form())?;
        if self.method != Method::GET && self.method != Method::POST {
            return Err(CommonError::UnsupportedHttpMethod.into());
        }
        if self
            .requested_format()
            .is_some_and(|name| Format::parse(&name).is_none())
        {
            return Err(CommonError::InvalidFormat.into());
        }
        Ok(params)
    }

    /// Format of the answer, known even when the request is not understood: a client that asked for JSON cannot read
    /// an error in XML.
    pub(super) fn format(&self) -> Format {
        let requested = self
            .requested_format()
            .and_then(|name| Format::parse(&name));
        requested.unwrap_or_else(|| Format::default_for(Scheme::of(&self.headers), &self.headers))
    }

    /// The `Format` parameter, looked for in the raw text because the rest of it may not decode. As everywhere, the
    /// body's value counts before the query's.
    fn requested_format(&self) -> Option<String> {
        let form = self.form().unwrap_or_default();
        let find = |encoded: &[u8]| {
            let mut pairs = encoded.split(|byte| *byte == b'&');
            let value = pairs.find_map(|pair| pair.strip_prefix(b"Format="))?;
            Some(decode(value).unwrap_or_default())
        };
        find(form).or_else(|| find(self.query.as_bytes()))
    }

    /// The body if it is a form. A charset may follow the media type; it is UTF-8 whatever it says.
    fn form(&self) -> Option<&[u8]> {
        let content_type = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let is_form = media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        is_form.then_some(&*self.body)
    }

    /// Host name that the caller used, without the port; empty if it gave none that is one.
    pub(super) fn host_name(&self) -> String {
        let host = self
            .headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok());
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        authority
            .map(|authority| authority.host().to_owned())
            .unwrap_or_default()
    }
}

fn unread(error: &BodyError) -> ApiError {
    match error {
        BodyError::TooLarge { limit_bytes } => CommonError::BodyTooLarge(*limit_bytes).into(),
        BodyError::Busy { .. } => {
            ApiError::from(CommonError::ServiceUnavailable).retry_after(BUSY_PAUSE)
        }
        BodyError::TooSlow { .. } | BodyError::Broken(_) => {
            CommonError::Malformed(&error.to_string()).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_found_no_room_may_come_again() {
        let limit = BODY_READ_LIMIT;
        let refused = unread(&BodyError::Busy { limit });
        assert_eq!(refused.status, 503);
        assert_eq!(refused.code, "ServiceUnavailable");
        assert_eq!(refused.retry_after, Some(BUSY_PAUSE));
    }
}
