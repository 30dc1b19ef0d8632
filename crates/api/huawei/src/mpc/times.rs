//! Times as this product spells them: digits only, in UTC.

use reelgate_api_kit::time::{format_utc, parse_utc};
use reelgate_domain::Timestamp;

/// `yyyymmddhhmmss`.
pub(super) fn format(at: Timestamp) -> String {
    let mut text = format_utc(at.as_millis());
    text.retain(|character| character.is_ascii_digit());
    text
}

/// Reads `yyyymmddhhmmss`, in milliseconds.
pub(super) fn parse(text: &str) -> Option<i64> {
    if text.len() != 14 || !text.is_ascii() {
        return None;
    }
    let (date, time) = text.split_at(8);
    at(date, time)
}

/// Reads `yyyymmdd`, in milliseconds.
pub(super) fn parse_day(text: &str) -> Option<i64> {
    if text.len() != 8 || !text.is_ascii() {
        return None;
    }
    at(text, "000000")
}

fn at(date: &str, time: &str) -> Option<i64> {
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute, second) = (&time[..2], &time[2..4], &time[4..]);
    parse_utc(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back() {
        let at = Timestamp::from_millis(1_767_323_045_999);
        assert_eq!(format(at), "20260102030405");
        assert_eq!(parse("20260102030405"), Some(1_767_323_045_000));
        assert_eq!(parse_day("20260102"), Some(1_767_312_000_000));
    }

    #[test]
    fn other_spellings_are_none() {
        for text in [
            "",
            "2026010203040",
            "20260102 30405",
            "20260230000000",
            "2026010203040é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in ["", "2026-1-2", "20260230", "2026010é"] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }
}
