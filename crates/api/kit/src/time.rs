//! Times on the wire: milliseconds since the epoch to and from `YYYY-MM-DDThh:mm:ssZ`.

use jiff::Timestamp;

/// Shape of the only accepted spelling; `d` stands for a digit.
const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:ddZ";

/// Writes a time in UTC with second precision; fractions are cut off. Times that no calendar date of jiff can
/// express become the nearest one that can.
pub fn format_utc(at_ms: i64) -> String {
    let nearest = if at_ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    let seconds = at_ms.div_euclid(1000);
    let time = Timestamp::from_second(seconds).unwrap_or(nearest);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a time that is spelled exactly `YYYY-MM-DDThh:mm:ssZ`; anything else, and dates that do not exist, are `None`.
pub fn parse_utc(text: &str) -> Option<i64> {
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    };
    if text.len() != SHAPE.len() || !text.as_bytes().iter().zip(SHAPE).all(fits) {
        return None;
    }
    let time: Timestamp = text.parse().ok()?;
    Some(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formats_and_parses_the_same_second() {
        assert_eq!(format_utc(1_767_323_045_999), "2026-01-02T03:04:05Z");
        assert_eq!(parse_utc("2026-01-02T03:04:05Z"), Some(1_767_323_045_000));
        assert_eq!(format_utc(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn times_out_of_range_are_clamped() {
        assert_eq!(format_utc(i64::MAX), "9999-12-30T22:00:00Z");
        assert!(format_utc(i64::MIN).starts_with('-'));
    }

    #[test]
    fn refuses_other_spellings_and_impossible_dates() {
        for text in [
            "",
            "2026-01-02",
            "2026-01-02 03:04:05Z",
            "2026-01-02t03:04:05z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05+00:00",
            "2026-01-02T03:04:05.0Z",
            "2026-02-30T03:04:05Z",
            "2026-13-02T03:04:05Z",
            "2026-01-02T24:00:00Z",
            "２026-01-02T03:04:0",
        ] {
            assert_eq!(parse_utc(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_formatted_parses_back(seconds in 0_i64..253_000_000_000) {
            prop_assert_eq!(parse_utc(&format_utc(seconds * 1000)), Some(seconds * 1000));
        }

        #[test]
        fn parsing_never_panics(text in ".{0,24}") {
            let _ = parse_utc(&text);
        }
    }
}
