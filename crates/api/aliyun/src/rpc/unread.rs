//! Requests whose head is never read, because it is too large or no HTTP: what their callers are told.

use http::{Response, StatusCode, header};
use reelgate_api_kit::RequestId;

use super::envelope::{Envelope, Format};
use super::errors::{ApiError, CommonError};

/// The refusal of a head of which only the start is known. SDKs put all parameters into the address, so this is what a
/// caller sees who sends too many outputs.
///
/// In JSON unless `Format=XML` stands in the start: the signature's version, which decides otherwise, may be out of sight.
pub fn refuse_head(head_start: &[u8], status: StatusCode) -> Response<Vec<u8>> {
    let error = ApiError::from(match status {
        StatusCode::URI_TOO_LONG => CommonError::AddressTooLong,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => CommonError::HeadTooLarge,
        _ => CommonError::Malformed("it is not HTTP"),
    });
    let request_id = RequestId::random();
    let envelope = Envelope {
        format: visible_format(head_start).unwrap_or(Format::Json),
        request_id,
    };
    tracing::debug!(
        request.id = %request_id, status = status.as_u16(), code = error.code.as_ref(),
        "request {request_id} refused unread: {error}"
    );
    let (content_type, body) = envelope.error_body(&error, "");
    let mut response = Response::new(body);
    *response.status_mut() = error.status;
    let content_type = header::HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// The `Format` in what can be seen of the request line.
fn visible_format(head_start: &[u8]) -> Option<Format> {
    let line = head_start.split(|byte| *byte == b'\r').next()?;
    let mut parameters = line.split(|byte| matches!(byte, b'?' | b'&' | b' '));
    let name = parameters.find_map(|pair| pair.strip_prefix(b"Format="))?;
    Format::parse(std::str::from_utf8(name).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: &str, status: u16, content_type: &str, begin: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = refuse_head(start.as_bytes(), status);
        assert_eq!(refusal.status(), status);
        assert_eq!(refusal.headers()[header::CONTENT_TYPE], content_type);
        let body = String::from_utf8(refusal.into_body()).unwrap();
        assert!(body.contains(begin), "{body}");
    }

    #[test]
    fn heads_that_cannot_be_read_are_refused_in_the_format_that_can_be_seen() {
        const JSON: &str = "application/json;charset=utf-8";
        let too_large = r#""Code":"RequestEntityTooLarge""#;
        check("GET /?Outputs=xxx", 414, JSON, too_large);
        check("GET /?Action=A&Format=JSON&Outputs=x", 431, JSON, too_large);
        check("GET /?Format=XM", 431, JSON, too_large);
        check("\x16\x03\x01", 400, JSON, r#""Code":"InvalidParameter""#);
        let code = "<Code>RequestEntityTooLarge</Code>";
        check(
            "GET /?Format=XML&Outputs=x",
            414,
            "text/xml;charset=utf-8",
            code,
        );
        check(
            "GET /?A=b&Format=xml HTTP/1.1\r\nX: y",
            431,
            "text/xml;charset=utf-8",
            code,
        );
    }

    #[test]
    fn a_refusal_has_the_members_of_every_error() {
        let refusal = refuse_head(b"", StatusCode::URI_TOO_LONG);
        let body: serde_json::Value = serde_json::from_slice(refusal.body()).unwrap();
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["RequestId", "HostId", "Code", "Message"]);
        assert_eq!(body["RequestId"].as_str().unwrap().len(), 36);
    }
}
