//! Requests whose head is never read, because it is too large or no HTTP: what their callers are told.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use reelgate_api_kit::RequestId;

use super::exchange::REQUEST_ID;
use super::problem::PROBLEM_JSON;
use super::{Code, Problem};

/// Whether this start of a head asks for a path of this API.
pub fn is_asked(head_start: &[u8]) -> bool {
    let mut words = head_start.split(|byte| *byte == b' ');
    words.nth(1).is_some_and(|path| path.starts_with(b"/api/"))
}

/// The refusal of a head that is too long, too large or no HTTP.
pub fn refuse_head(status: StatusCode) -> Response<Vec<u8>> {
    let (code, detail) = match status {
        StatusCode::URI_TOO_LONG => (Code::AddressTooLong, "the address is too long"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            Code::HeadTooLarge,
            "address and headers are too large, or there are too many headers",
        ),
        _ => (Code::MalformedRequest, "this is not HTTP"),
    };
    let id = RequestId::random();
    tracing::debug!(request.id = %id, status = status.as_u16(), code = code.word(),
        "request {id} refused unread: {detail}");
    let mut response = Response::new(Problem::new(code, detail).to_json(id));
    *response.status_mut() = code.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, PROBLEM_JSON);
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_api_are_this_api() {
        for (start, expected) in [
            (&b"GET /api/v1/jobs?x=1"[..], true),
            (b"POST /api/", true),
            (b"GET /api", false),
            (b"GET /?path=/api/", false),
            (b"GET  /api/", false),
            (b"/api/", false),
            (b"\x16\x03\x01", false),
            (b"", false),
        ] {
            assert_eq!(is_asked(start), expected, "{}", start.escape_ascii());
        }
    }
}
