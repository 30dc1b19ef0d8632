//! What the native API reads beside bodies: the `Range` header, then a query, a line each.
#![no_main]

use http::header::RANGE;
use http::{HeaderMap, HeaderValue, Uri};
use libfuzzer_sys::fuzz_target;
use reelgate_api_native::fuzz::{query, range};
use reelgate_fuzz::lines;

fuzz_target!(|data: &[u8]| {
    let [header, asked] = lines(data);
    if let Ok(value) = HeaderValue::from_bytes(header) {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, value);
        if let Some(range) = range(&headers) {
            for bytes in [0, 1, 10, u64::from(u32::MAX), u64::MAX] {
                if let Some((offset, length)) = range.within(bytes) {
                    assert!(length > 0, "a range has bytes");
                    let end = offset.checked_add(length);
                    assert!(end.is_some_and(|end| end <= bytes), "{range:?} of {bytes}");
                }
            }
        }
    }
    if let Ok(uri) = Uri::try_from([b"/?", asked].concat()) {
        match query(&uri) {
            Ok((limit, _)) => assert!((1..=100).contains(&limit)),
            Err((status, code)) => assert_eq!((status.as_u16(), code), (400, "invalid_request")),
        }
    }
});
