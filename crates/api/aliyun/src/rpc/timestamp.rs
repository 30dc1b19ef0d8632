//! The window in which a signed request is valid.

use super::errors::{ApiError, CommonError};

/// How far a request's time may lie from ours, in either direction. Nonces have to be remembered for twice as long.
pub const WINDOW_MS: i64 = 15 * 60 * 1000;

/// Checks a request's own time (`Timestamp` or `x-acs-date`) against the clock; returns it in milliseconds.
pub fn check(text: &str, now_ms: i64) -> Result<i64, ApiError> {
    let sent_ms = reelgate_api_kit::time::parse_utc(text).ok_or(CommonError::TimestampFormat)?;
    if now_ms.saturating_sub(sent_ms).saturating_abs() > WINDOW_MS {
        return Err(CommonError::TimestampExpired.into());
    }
    Ok(sent_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "2026-01-02T03:04:05Z";
    const SENT_MS: i64 = 1_767_323_045_000;

    #[test]
    fn the_window_reaches_fifteen_minutes_both_ways() {
        for now_ms in [SENT_MS, SENT_MS + WINDOW_MS, SENT_MS - WINDOW_MS] {
            assert_eq!(check(SENT, now_ms).unwrap(), SENT_MS);
        }
        for now_ms in [
            SENT_MS + WINDOW_MS + 1,
            SENT_MS - WINDOW_MS - 1,
            i64::MAX,
            i64::MIN,
        ] {
            assert_eq!(
                check(SENT, now_ms).unwrap_err().code,
                "InvalidTimeStamp.Expired"
            );
        }
    }

    #[test]
    fn other_spellings_are_a_format_error() {
        for text in ["", "1767323045", "Fri, 02 Jan 2026 03:04:05 GMT"] {
            assert_eq!(
                check(text, SENT_MS).unwrap_err().code,
                "InvalidTimeStamp.Format"
            );
        }
    }
}
