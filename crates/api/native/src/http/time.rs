//! Times of this API: RFC 3339, written in UTC with milliseconds.

use jiff::Timestamp as Instant;
use reelgate_domain::Timestamp;

use super::Problem;

/// Writes a time such as `2026-01-02T03:04:05.678Z`.
pub(crate) fn format_time(at: Timestamp) -> String {
    let nearest = if at.as_millis() < 0 {
        Instant::MIN
    } else {
        Instant::MAX
    };
    let time = Instant::from_millisecond(at.as_millis()).unwrap_or(nearest);
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Reads the time in a query parameter. Digits beyond milliseconds are cut off.
pub(crate) fn parse_time(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let parsed: Result<Instant, _> = text.parse();
    parsed
        .map(|time| Timestamp::from_millis(time.as_millisecond()))
        .map_err(|_ignored| {
            let detail =
                format!("{name} must be a time such as 2026-01-02T03:04:05Z, not {text:?}");
            Problem::invalid_field(name, detail)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_milliseconds() {
        let at = parse_time("t", "2026-01-02T04:04:05.678901+01:00").unwrap();
        assert_eq!(format_time(at), "2026-01-02T03:04:05.678Z");
        assert_eq!(
            format_time(Timestamp::from_millis(0)),
            "1970-01-01T00:00:00.000Z"
        );
        assert!(parse_time("t", "yesterday").is_err());
    }
}
