//! Times of requests, and the windows they are valid in. The first eight bytes are also a time of their own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::rpc::timestamp::{WINDOW_MS, check};
use reelgate_api_kit::time::{format_utc, parse_utc};

fuzz_target!(|data: &[u8]| {
    let now_ms = data
        .first_chunk()
        .map_or(0, |bytes| i64::from_le_bytes(*bytes));
    let written = format_utc(now_ms);
    if let Some(read_ms) = parse_utc(&written) {
        assert_eq!(format_utc(read_ms), written);
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // A leap second counts as the one before it.
    if let Some(at_ms) = parse_utc(text)
        && !text.ends_with(":60Z")
    {
        assert_eq!(
            format_utc(at_ms),
            text,
            "a time that is read is written as it was"
        );
    }
    match check(text, now_ms) {
        Ok(at_ms) => assert!(at_ms.abs_diff(now_ms) <= WINDOW_MS.unsigned_abs()),
        Err(error) => assert_eq!(error.status, 400),
    }
});
