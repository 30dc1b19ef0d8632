//! `X-Sdk-Date`: its spelling, and how far it may lie from the server's clock.

use super::SignatureError;

/// How far a request's time may lie from ours, in either direction.
pub const WINDOW_MS: i64 = 15 * 60 * 1000;

/// Reads `YYYYMMDDThhmmssZ`; anything else, and dates that do not exist, are `None`.
pub fn parse_date(text: &str) -> Option<i64> {
    if !text.is_ascii() || text.len() != "YYYYMMDDThhmmssZ".len() {
        return None;
    }
    let (day, time) = text.split_once('T')?;
    if (day.len(), time.len()) != (8, 7) {
        return None;
    }
    let spelled = format!(
        "{}-{}-{}T{}:{}:{}",
        &day[..4],
        &day[4..6],
        &day[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    );
    reelgate_api_kit::time::parse_utc(&spelled)
}

/// Writes a time as `X-Sdk-Date` has it.
pub fn format_date(at_ms: i64) -> String {
    let mut text = reelgate_api_kit::time::format_utc(at_ms);
    text.retain(|character| character != '-' && character != ':');
    text
}

/// Checks a request's own time against the clock; returns it in milliseconds.
pub fn check_date(text: &str, now_ms: i64) -> Result<i64, SignatureError> {
    let signed_ms = parse_date(text).ok_or_else(|| {
        SignatureError::unusable("X-Sdk-Date is not of the form YYYYMMDDThhmmssZ")
    })?;
    if now_ms.saturating_sub(signed_ms).saturating_abs() > WINDOW_MS {
        return Err(SignatureError::Expired {
            signed_at: text.to_owned(),
            server_time: format_date(now_ms),
        });
    }
    Ok(signed_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "20260115T083000Z";
    const MS: i64 = 1_768_465_800_000;

    #[test]
    fn the_window_reaches_fifteen_minutes_both_ways() {
        for now_ms in [MS, MS + WINDOW_MS, MS - WINDOW_MS] {
            assert_eq!(check_date(TEXT, now_ms), Ok(MS));
        }
        for (now_ms, server_time) in [
            (MS + WINDOW_MS + 1, "20260115T084500Z"),
            (MS - WINDOW_MS - 1000, "20260115T081459Z"),
        ] {
            let error = check_date(TEXT, now_ms).unwrap_err();
            let expected = format!(
                "signature expired, signature time:20260115T083000Z,server time:{server_time}"
            );
            assert_eq!(error.to_string(), expected);
        }
        for now_ms in [i64::MAX, i64::MIN] {
            assert!(matches!(
                check_date(TEXT, now_ms),
                Err(SignatureError::Expired { .. })
            ));
        }
    }

    #[test]
    fn other_spellings_and_impossible_dates_are_unusable() {
        for text in [
            "",
            "20260115T083000",
            "20260115t083000z",
            "20260115 083000Z",
            "2026-01-15T08:30:00Z",
            "20260230T083000Z",
            "20260115T240000Z",
            "2026011T5083000Z",
            "20260115T08300TZ",
            "+0260115T083000Z",
            "-2026115T083000Z",
            "２026115T0830Z",
            "1768465800000000",
        ] {
            assert!(
                matches!(check_date(text, MS), Err(SignatureError::Unusable(_))),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(seconds in 0_i64..253_000_000_000) {
            prop_assert_eq!(parse_date(&format_date(seconds * 1000)), Some(seconds * 1000));
        }

        #[test]
        fn reading_never_panics(text in "[0-9TZ+:é-]{0,20}") {
            let _ = parse_date(&text);
        }
    }
}
