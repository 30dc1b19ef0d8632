//! The `Range` header (RFC 9110 §14): one range of bytes.

use http::HeaderMap;
use http::header::RANGE;
use reelgate_service::ByteRange;

/// The range that is asked for. Several ranges, other units and what cannot be read count as no
/// range, as the RFC allows: the whole object is the answer then.
pub(crate) fn asked(headers: &HeaderMap) -> Option<ByteRange> {
    let text = headers.get(RANGE)?.to_str().ok()?;
    let (unit, range) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    match (first, last) {
        ("", last) => Some(ByteRange::Last(number(last)?)),
        (first, "") => Some(ByteRange::Between(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(ByteRange::Between(first, Some(last)))
        }
    }
}

/// Digits only: `u64` would also read a sign.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number too large to hold lies behind the end of every object.
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_range_of_bytes_is_read_and_everything_else_is_no_range() {
        let cases = [
            ("bytes=0-9", Some(ByteRange::Between(0, Some(9)))),
            ("Bytes=5-", Some(ByteRange::Between(5, None))),
            ("bytes=-5", Some(ByteRange::Last(5))),
            (
                "bytes=99999999999999999999-",
                Some(ByteRange::Between(u64::MAX, None)),
            ),
            ("bytes=9-0", None),
            ("bytes=0-1,4-5", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("lines=0-9", None),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, HeaderValue::from_static(text));
            assert_eq!(asked(&headers), expected, "{text}");
        }
    }
}
