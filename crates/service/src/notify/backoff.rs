//! When a delivery is tried again.

use std::time::Duration;

use reelgate_domain::Timestamp;

/// After the first try; each further one waits this many times longer.
const FIRST: Duration = Duration::from_secs(5);
const FACTOR: u32 = 4;
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// The wait after the `tries`th try: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, then 6 h, each up to a
/// quarter longer or shorter, so that what has failed together is not tried together. `dice` is random.
pub(super) fn wait(tries: u32, dice: u8) -> Duration {
    let steps = tries.saturating_sub(1);
    let exact = FACTOR
        .checked_pow(steps)
        .map_or(LONGEST, |times| FIRST.saturating_mul(times).min(LONGEST));
    let millis = u64::try_from(exact.as_millis()).unwrap_or(u64::MAX);
    let spread = millis / 2 * u64::from(dice) / 255;
    Duration::from_millis(millis - millis / 4 + spread)
}

/// The time of the next try, or none if that would be later than `give_up_after` its beginning. The
/// receiver may ask for a longer wait.
pub(super) fn next(
    began_at: Timestamp,
    now: Timestamp,
    wait: Duration,
    asked_for: Option<Duration>,
    give_up_after: Duration,
) -> Option<Timestamp> {
    let wait = asked_for.map_or(wait, |asked| wait.max(asked.min(LONGEST)));
    let next = now.after(wait);
    (next <= began_at.after(give_up_after)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_six_hours_and_no_further() {
        let exact: Vec<_> = (1..9).map(|tries| wait(tries, 127).as_secs()).collect();
        assert_eq!(exact, [4, 19, 79, 319, 1278, 5114, 20459, 21578]);
        assert_eq!(wait(u32::MAX, 255), LONGEST + LONGEST / 4);
        assert_eq!(wait(1, 0), FIRST * 3 / 4);
    }

    #[test]
    fn a_delivery_is_given_up_when_its_time_is_over() {
        let began = Timestamp::from_millis(0);
        let days = Duration::from_secs(3 * 24 * 3600);
        let now = began.after(Duration::from_secs(100));
        let wait = Duration::from_secs(5);
        let at = |seconds| Some(began.after(Duration::from_secs(seconds)));
        assert_eq!(next(began, now, wait, None, days), at(105));
        let asked = Some(Duration::from_secs(60));
        assert_eq!(next(began, now, wait, asked, days), at(160));
        let forever = Some(Duration::from_secs(u64::MAX / 2000));
        assert_eq!(next(began, now, wait, forever, days), at(100 + 6 * 3600));
        assert_eq!(next(began, began.after(days), wait, None, days), None);
    }

    #[test]
    fn three_days_are_some_eighteen_tries() {
        let (began, days) = (
            Timestamp::from_millis(0),
            Duration::from_secs(3 * 24 * 3600),
        );
        let (mut now, mut tries) = (began, 1);
        while let Some(next) = next(began, now, wait(tries, 127), None, days) {
            (now, tries) = (next, tries + 1);
        }
        assert_eq!(tries, 18);
    }
}
