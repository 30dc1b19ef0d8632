//! Requests whose head is never read, because it is too large or no HTTP: what their callers are told.

use http::{Response, StatusCode};

use crate::errors::{ApiError, BAD_REQUEST, HEADERS_TOO_LARGE, URI_TOO_LARGE};
use crate::request_id::RequestId;

/// What the paths of this dialect begin with.
const BEGINNINGS: [&[u8]; 4] = [b"/v1/", b"/v1.0-ext/", b"/v3/", b"/v3.0/"];

/// Whether this start of a head asks for a path of this dialect.
pub fn is_asked(head_start: &[u8]) -> bool {
    let mut words = head_start.split(|byte| *byte == b' ');
    let path = words.nth(1).unwrap_or_default();
    BEGINNINGS.iter().any(|start| path.starts_with(start))
}

/// The refusal of a head that is too long, too large or no HTTP.
pub fn refuse_head(status: StatusCode) -> Response<Vec<u8>> {
    let error = match status {
        StatusCode::URI_TOO_LONG => URI_TOO_LARGE.into(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => HEADERS_TOO_LARGE.into(),
        _ => ApiError::detailed(BAD_REQUEST, "It is not HTTP."),
    };
    let request_id = RequestId::random();
    tracing::debug!(
        request.id = %request_id, status = status.as_u16(), code = error.code(),
        "request {request_id} refused unread: {error}"
    );
    error.to_response(request_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_two_products_are_this_dialect() {
        for (start, expected) in [
            (&b"GET /v1/0123/transcodings?x=1"[..], true),
            (b"GET /v1.0-ext/0123/objects", true),
            (b"POST /v3/auth/tokens HTTP/1.1\r\n", true),
            (b"POST /v3.0/OS", true),
            (b"GET /api/v1/jobs", false),
            (b"GET /v10/", false),
            (b"GET /?path=/v1/", false),
            (b"GET  /v1/", false),
            (b"/v1/", false),
            (b"\x16\x03\x01", false),
            (b"", false),
        ] {
            assert_eq!(is_asked(start), expected, "{}", start.escape_ascii());
        }
    }

    #[test]
    fn heads_that_cannot_be_read_are_refused_as_the_gateway_does() {
        for (status, expected, message) in [
            (414, 414, "Request URI too large."),
            (431, 494, "Request headers too large."),
            (400, 400, "API request error. It is not HTTP."),
        ] {
            let refusal = refuse_head(StatusCode::from_u16(status).unwrap());
            assert_eq!(refusal.status(), expected);
            let id = refusal.headers()["x-request-id"].to_str().unwrap();
            let body = format!(
                r#"{{"error_msg":"{message}","error_code":"APIGW.0201","request_id":"{id}"}}"#
            );
            assert_eq!(String::from_utf8_lossy(refusal.body()), body);
        }
    }
}
