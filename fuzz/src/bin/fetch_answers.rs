//! What servers answer to a pull: lines are a status, the bytes that were asked for, the headers of an earlier answer and
//! of this one with tabs between them, and the first bytes of the content.
#![no_main]

use std::ops::Range;

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use reelgate_fetch::pull::fuzz::answer;
use reelgate_fetch::pull::{HEAD_BYTES, Kind, PullFault, sniff};
use reelgate_fuzz::lines;

fuzz_target!(|data: &[u8]| {
    let [status, asked, earlier, headers, head] = lines::<5>(data);
    check_head(head);
    let number = |bytes: &[u8]| -> Option<u64> { std::str::from_utf8(bytes).ok()?.parse().ok() };
    let asked = range(asked);
    let earlier = read_headers(earlier);
    let earlier = (!earlier.is_empty()).then_some(&earlier);
    let status = number(status).and_then(|it| u16::try_from(it).ok());
    match answer(
        status.unwrap_or(206),
        &read_headers(headers),
        asked.as_ref(),
        earlier,
    ) {
        Ok(brought) => {
            if let Some(range) = &brought.range {
                assert!(range.start < range.end, "{brought:?}");
                assert!(brought.total.is_none_or(|total| range.end <= total));
            }
            if let (Some(asked), Some(range)) = (&asked, &brought.range)
                && status == Some(206)
            {
                assert_eq!(asked.start, range.start);
                assert!(range.end <= asked.end);
            }
            if let Some(condition) = &brought.condition {
                HeaderValue::from_str(condition).expect("it is sent as it came");
                assert!(condition.len() <= 300 && !condition.starts_with("W/"));
            }
            if let Some(name) = &brought.file_name {
                assert!(!name.is_empty() && name.len() <= 200 && name != "." && name != "..");
                assert!(!name.contains(['/', '\\', '\0', '\n']), "{name:?}");
            }
        }
        Err(fault) => check_fault(&fault),
    }
});

/// The bytes that a request names: not none, and up to the end if there is no second number.
fn range(text: &[u8]) -> Option<Range<u64>> {
    let (first, last) = std::str::from_utf8(text).ok()?.split_once('-')?;
    let start: u64 = first.parse().ok()?;
    let end = last.parse().unwrap_or(u64::MAX);
    (start < end).then_some(start..end)
}

fn read_headers(line: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for header in line.split(|byte| *byte == b'\t').take(40) {
        let mut parts = header.splitn(2, |byte| *byte == b':');
        let name = parts.next().map(HeaderName::from_bytes);
        let value = parts.next().map(HeaderValue::from_bytes);
        if let (Some(Ok(name)), Some(Ok(value))) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

fn check_fault(fault: &PullFault) {
    let message = fault.to_string();
    assert!(message.len() < 2000, "a fault repeats only so much");
}

fn check_head(head: &[u8]) {
    let head = &head[..head.len().min(HEAD_BYTES)];
    let kind = sniff(head);
    assert!(!kind.described().is_empty());
    if head.starts_with(b"\0\0\0\x20ftypisom") {
        assert_eq!(kind, Kind::Media);
    }
    let page = b"<!doctype html>";
    if head.len() >= page.len() && head[..page.len()].eq_ignore_ascii_case(page) && head.is_ascii() {
        let is_plain = |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\r');
        if head.iter().all(is_plain) {
            assert_eq!(kind, Kind::Html);
        }
    }
}
