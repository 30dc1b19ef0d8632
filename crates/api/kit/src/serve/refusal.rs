//! The answer to a head that the HTTP library could not read, in the words of the dialect it was meant for.

use std::io::Write as _;

use bytes::Bytes;
use http::{Response, StatusCode};

/// Words the refusal of a head that is too long (414), too large (431) or no HTTP (400).
///
/// Given is the beginning of what was read, a few hundred bytes of it, whatever they may be.
pub type Refuse = fn(&[u8], StatusCode) -> Response<Vec<u8>>;

/// The status in the first line of an answer.
pub(super) fn status(answer: &[u8]) -> Option<StatusCode> {
    let after = answer.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    StatusCode::from_bytes(after).ok()
}

/// The refusal as it is sent in place of the library's `bare` answer. The connection ends with it.
pub(super) fn to_bytes(refusal: &Response<Vec<u8>>, bare: &[u8], head_start: &[u8]) -> Bytes {
    let body = refusal.body();
    let mut bytes = Vec::with_capacity(512 + body.len());
    // Writing to memory does not fail.
    let _ = write!(bytes, "HTTP/1.1 {}\r\n", refusal.status());
    for (name, value) in refusal.headers() {
        let _ = write!(bytes, "{name}: ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let mut lines = bare.split_inclusive(|byte| *byte == b'\n');
    bytes.extend_from_slice(
        lines
            .find(|line| line.starts_with(b"date: "))
            .unwrap_or(b""),
    );
    let length = body.len();
    let _ = write!(
        bytes,
        "content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    if !head_start.starts_with(b"HEAD ") {
        bytes.extend_from_slice(body);
    }
    bytes.into()
}
