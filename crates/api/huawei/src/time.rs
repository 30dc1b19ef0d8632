//! Times in the answers of IAM.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::Timestamp;

/// `YYYY-MM-DDThh:mm:ss.ffffffZ`; SDKs read exactly six digits after the point.
pub(crate) fn format(at: Timestamp) -> String {
    let ms = at.as_millis();
    let mut text = format_utc(ms);
    text.truncate(text.len() - 1);
    format!("{text}.{:03}000Z", ms.rem_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits_after_the_point() {
        let at = Timestamp::from_millis(1_767_323_045_067);
        assert_eq!(format(at), "2026-01-02T03:04:05.067000Z");
    }
}
