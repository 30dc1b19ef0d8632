//! How long an output may go without progress.

use std::time::Duration;

use reelgate_domain::job::kind::transcode::DEFAULT_STALL_SECONDS;

use super::{Seek, Window};

/// The patience asked for, and with it the time in which nothing can show that anything happens:
/// decoding up to a late start goes at the speed of playing it, if at nothing better.
pub(super) fn stall(seconds: Option<u32>, window: &Window) -> Duration {
    let asked = Duration::from_secs(u64::from(seconds.unwrap_or(DEFAULT_STALL_SECONDS)));
    match window.seek {
        Seek::Decode => asked.saturating_add(Duration::from_millis(window.start_ms)),
        Seek::Index => asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: Option<u32>, start_ms: u64, seek: Seek, expected_seconds: u64) {
        let window = Window {
            start_ms,
            length_ms: None,
            seek,
        };
        let expected = Duration::from_secs(expected_seconds);
        assert_eq!(stall(seconds, &window), expected, "{window:?}");
    }

    #[test]
    fn patience_is_what_was_asked_for_and_what_a_late_start_takes() {
        check(None, 0, Seek::Decode, 120);
        check(Some(30), 0, Seek::Decode, 30);
        check(Some(30), 60_000, Seek::Decode, 90);
        check(Some(30), 60_000, Seek::Index, 30);
    }
}
