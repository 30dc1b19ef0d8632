//! What an answer says of the content: pure reading of status and headers.

use std::ops::Range;
use std::time::Duration;

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, DATE, ETAG, LAST_MODIFIED, RETRY_AFTER, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::{Deserialize, Serialize};

use crate::pull::names;

/// Longer ones are kept nowhere.
pub(super) const LONGEST: usize = 150;

/// By what one version of a content is told from others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// As the server wrote it, with quotes and mark of weakness.
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// What ranges are asked for with: the tag if it is strong, else a date that is old enough to be one.
    pub(super) condition: Option<String>,
}

impl Validators {
    /// Whether both are surely of the same version: by the tag, or by date where a tag is missing on
    /// either side. A size has to be compared beside it.
    pub fn same_as(&self, other: &Self) -> bool {
        match (&self.etag, &other.etag) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.last_modified.is_some() && self.last_modified == other.last_modified,
        }
    }

    /// Whether they speak against being of the same version.
    fn contradicts(&self, other: &Self) -> bool {
        let differ = |ours: &Option<String>, theirs: &Option<String>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => Some(ours != theirs),
            _ => None,
        };
        let by_tag = differ(&self.etag, &other.etag);
        by_tag
            .or_else(|| differ(&self.last_modified, &other.last_modified))
            .unwrap_or(false)
    }
}

/// What an answer says of the content, beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) validators: Validators,
    pub(super) content_type: Option<String>,
    pub(super) file_name: Option<String>,
}

/// The bytes that an answer brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// All of them.
    Whole {
        length: Option<u64>,
        ranges: bool,
    },
    Part {
        range: Range<u64>,
        total: u64,
    },
}

/// What is known of the content from an earlier answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) total: u64,
    pub(super) validators: &'a Validators,
}

/// Why an answer does not bring what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Status(StatusCode, Option<Duration>),
    Encoded(String),
    WrongRange(String),
    Changed,
    Empty,
    /// It has to be asked for without a range.
    NoRanges,
}

/// Reads an answer to a request for these bytes, `u64::MAX` standing for the end of the content, or for all of it.
pub(super) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    asked: Option<&Range<u64>>,
    known: Option<Known<'_>>,
) -> Result<(Body, Facts), Verdict> {
    let whole = matches!(status.as_u16(), 200 | 203);
    match status {
        StatusCode::PARTIAL_CONTENT => {}
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT => return Err(Verdict::Empty),
        StatusCode::RANGE_NOT_SATISFIABLE if asked.is_some() => {
            let said = text(headers, CONTENT_RANGE).unwrap_or_default();
            return Err(match known {
                _ if said.replace(' ', "") == "bytes*/0" => Verdict::Empty,
                Some(_) => Verdict::Changed,
                None => Verdict::NoRanges,
            });
        }
        _ if whole => {}
        _ => return Err(Verdict::Status(status, retry_after(headers))),
    }
    if let Some(encoding) = encoding(headers) {
        return Err(Verdict::Encoded(encoding));
    }
    let length = length(headers);
    let facts = facts(headers);
    if whole {
        if let Some(known) = known {
            let other_length = length.is_some_and(|length| length != known.total);
            let changed = other_length || !known.validators.same_as(&facts.validators);
            return Err(if changed {
                Verdict::Changed
            } else {
                Verdict::NoRanges
            });
        }
        if length == Some(0) {
            return Err(Verdict::Empty);
        }
        let ranges = text(headers, ACCEPT_RANGES)
            .is_some_and(|units| units.trim().eq_ignore_ascii_case("bytes"));
        return Ok((Body::Whole { length, ranges }, facts));
    }
    let (range, total) = part(headers, asked, length)?;
    let Some(total) = total else {
        return Err(Verdict::NoRanges);
    };
    if let Some(known) = known
        && (known.total != total || known.validators.contradicts(&facts.validators))
    {
        return Err(Verdict::Changed);
    }
    Ok((Body::Part { range, total }, facts))
}

/// The range that a 206 brings, which has to begin where it was asked for and not go beyond.
fn part(
    headers: &HeaderMap,
    asked: Option<&Range<u64>>,
    length: Option<u64>,
) -> Result<(Range<u64>, Option<u64>), Verdict> {
    let said = text(headers, CONTENT_RANGE);
    let wrong = || Verdict::WrongRange(said.clone().unwrap_or_else(|| "no range".to_owned()));
    let (range, total) = said.as_deref().and_then(content_range).ok_or_else(wrong)?;
    let asked = asked.ok_or_else(wrong)?;
    let fits = range.start == asked.start && range.end <= asked.end;
    let whole = total.is_none_or(|total| range.end <= total)
        // Less than asked for would be allowed, and is what servers do that are confused.
        && total.is_none_or(|total| range.end == asked.end.min(total));
    let as_long = length.is_none_or(|length| length == range.end - range.start);
    if fits && whole && as_long {
        Ok((range, total))
    } else {
        Err(wrong())
    }
}

/// `bytes 0-99/1234` or `bytes 0-99/*`.
pub(super) fn content_range(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (unit, rest) = text.trim().split_once(' ')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (range, total) = rest.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let end = last.checked_add(1)?;
    let total = match total.trim() {
        "*" => None,
        total => Some(number(total)?),
    };
    (first < end).then_some((first..end, total))
}

/// Digits only: a reader of numbers would also take a sign.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The first encoding that is not that of plain bytes.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let named = |name: HeaderName, plain: &'static str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .find(move |it| !it.is_empty() && !it.eq_ignore_ascii_case(plain))
            .map(|it| it.chars().take(40).collect())
    };
    named(CONTENT_ENCODING, "identity").or_else(|| named(TRANSFER_ENCODING, "chunked"))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    // What is sent in chunks is as long as it is, whatever else is said.
    if headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    number(&text(headers, CONTENT_LENGTH)?)
}

fn facts(headers: &HeaderMap) -> Facts {
    let etag = text(headers, ETAG);
    let last_modified = text(headers, LAST_MODIFIED);
    let is_strong = |etag: &&String| !etag.starts_with("W/") && etag.starts_with('"');
    let condition = etag
        .as_ref()
        .filter(is_strong)
        .or_else(|| {
            let modified = last_modified.as_ref()?;
            is_old(modified, &text(headers, DATE)?).then_some(modified)
        })
        .cloned();
    Facts {
        validators: Validators {
            condition,
            etag,
            last_modified,
        },
        content_type: text(headers, CONTENT_TYPE),
        file_name: headers
            .get(CONTENT_DISPOSITION)
            // Some send UTF-8 as it is.
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .and_then(names::in_disposition),
    }
}

/// Whether the content had its date long enough before the answer for the date to tell versions apart.
fn is_old(modified: &str, now: &str) -> bool {
    let read = |text| httpdate::parse_http_date(text).ok();
    let (Some(modified), Some(now)) = (read(modified), read(now)) else {
        return false;
    };
    now.duration_since(modified)
        .is_ok_and(|age| age >= Duration::from_secs(1))
}

/// Seconds, or a date beside the server's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let said = text(headers, RETRY_AFTER)?;
    if let Some(seconds) = number(&said) {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(&said).ok()?;
    let now = httpdate::parse_http_date(&text(headers, DATE)?).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= LONGEST).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_str(value).unwrap();
                (HeaderName::from_static(name), value)
            })
            .collect()
    }

    fn strong(tag: &str) -> Validators {
        facts(&headers(&[("etag", tag)])).validators
    }

    fn judged(
        status: u16,
        lines: &[(&'static str, &str)],
        asked: Range<u64>,
        known: Option<u64>,
    ) -> Result<Body, Verdict> {
        let validators = strong("\"a\"");
        let known = known.map(|total| Known {
            total,
            validators: &validators,
        });
        let status = StatusCode::from_u16(status).unwrap();
        read(status, &headers(lines), Some(&asked), known).map(|(body, _)| body)
    }

    #[test]
    fn a_part_has_to_be_the_part_that_was_asked_for() {
        let part = |range: &str| judged(206, &[("content-range", range)], 10..20, None);
        assert_eq!(
            part("bytes 10-19/100"),
            Ok(Body::Part {
                range: 10..20,
                total: 100
            })
        );
        assert!(part("bytes 10-14/15").is_ok(), "the end of the content");
        for wrong in [
            "bytes 0-9/100",
            "bytes 10-18/100",
            "bytes 10-20/100",
            "bytes 11-19/100",
            "bytes 10-19/15",
            "bytes 19-10/100",
            "bytes 10-18446744073709551615/*",
            "bytes +10-19/100",
            "lines 10-19/100",
            "bytes */100",
            "",
        ] {
            let verdict = part(wrong);
            assert!(
                matches!(verdict, Err(Verdict::WrongRange(_))),
                "{wrong}: {verdict:?}"
            );
        }
        assert_eq!(part("bytes 10-19/*"), Err(Verdict::NoRanges));
        let other_length = [
            ("content-range", "bytes 10-19/100"),
            ("content-length", "9"),
        ];
        let verdict = judged(206, &other_length, 10..20, None);
        assert!(
            matches!(verdict, Err(Verdict::WrongRange(_))),
            "{verdict:?}"
        );
    }

    #[test]
    fn another_version_is_told_from_one_without_ranges() {
        let part = |tag: &str, range: &str| {
            judged(
                206,
                &[("etag", tag), ("content-range", range)],
                10..20,
                Some(100),
            )
        };
        assert!(part("\"a\"", "bytes 10-19/100").is_ok());
        assert_eq!(part("\"b\"", "bytes 10-19/100"), Err(Verdict::Changed));
        assert_eq!(part("\"a\"", "bytes 10-19/101"), Err(Verdict::Changed));
        let whole = |tag: &str, length: &str| {
            judged(
                200,
                &[("etag", tag), ("content-length", length)],
                10..20,
                Some(100),
            )
        };
        assert_eq!(whole("\"a\"", "100"), Err(Verdict::NoRanges));
        assert_eq!(whole("\"b\"", "100"), Err(Verdict::Changed));
        assert_eq!(whole("\"a\"", "50"), Err(Verdict::Changed));
        assert_eq!(judged(416, &[], 10..20, Some(100)), Err(Verdict::Changed));
        assert_eq!(judged(416, &[], 0..20, None), Err(Verdict::NoRanges));
        let nothing = [("content-range", "bytes */0")];
        assert_eq!(judged(416, &nothing, 0..20, None), Err(Verdict::Empty));
    }

    #[test]
    fn encodings_are_refused_by_name() {
        for (name, value, refused) in [
            ("content-encoding", "gzip", Some("gzip")),
            ("content-encoding", "identity, br", Some("br")),
            ("content-encoding", "identity", None),
            ("transfer-encoding", "gzip, chunked", Some("gzip")),
            ("transfer-encoding", "Chunked", None),
        ] {
            let verdict = judged(200, &[(name, value)], 0..u64::MAX, None);
            let found = match verdict {
                Err(Verdict::Encoded(encoding)) => Some(encoding),
                _ => None,
            };
            assert_eq!(found.as_deref(), refused, "{name}: {value}");
        }
    }

    #[test]
    fn only_what_tells_versions_apart_is_a_condition() {
        let condition =
            |lines: &[(&'static str, &str)]| facts(&headers(lines)).validators.condition;
        let (old, new) = (
            "Sat, 21 Nov 2026 10:00:00 GMT",
            "Sat, 21 Nov 2026 11:00:00 GMT",
        );
        assert_eq!(condition(&[("etag", "\"a\"")]).as_deref(), Some("\"a\""));
        assert_eq!(condition(&[("etag", "W/\"a\"")]), None);
        let dated = [("etag", "W/\"a\""), ("last-modified", old), ("date", new)];
        assert_eq!(condition(&dated).as_deref(), Some(old));
        assert_eq!(condition(&[("last-modified", old), ("date", old)]), None);
        assert_eq!(condition(&[("last-modified", old)]), None);
    }

    #[test]
    fn a_busy_server_says_when_to_come_again() {
        let wait = |lines: &[(&'static str, &str)]| match judged(503, lines, 0..1, None) {
            Err(Verdict::Status(_, wait)) => wait,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        let dated = [
            ("retry-after", "Sat, 21 Nov 2026 10:00:30 GMT"),
            ("date", "Sat, 21 Nov 2026 10:00:00 GMT"),
        ];
        assert_eq!(wait(&dated), Some(Duration::from_secs(30)));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
    }

    proptest! {
        #[test]
        fn a_content_range_that_is_read_is_one(text in "bytes [0-9]{1,21}-[0-9]{1,21}/([0-9]{1,21}|\\*)|.{0,60}") {
            if let Some((range, _total)) = content_range(&text) {
                prop_assert!(range.start < range.end);
            }
        }
    }
}
