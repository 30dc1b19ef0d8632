//! Watching over one process of a stream: whether it brings anything, goes on bringing it, and keeps up.
//! Pure: what was seen and when is handed in.

use std::fmt;
use std::time::Duration;

use reelgate_domain::stream::{Latency, StreamPlan};
use tokio::time::Instant;

/// How far a process has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Media time that went out.
    pub(crate) media_ms: u64,
    /// Frames that went out; none of a stream of sound only.
    pub(crate) frames: u64,
    /// Bytes that went out, as far as they are known.
    pub(crate) bytes: u64,
}

/// Why a process is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// It never brought anything.
    Silent(Duration),
    /// It brings nothing any more.
    Still(Duration),
    /// What it brings is ever farther behind.
    Behind(Duration),
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(time) => write!(f, "nothing came for {:.1} s", time.as_secs_f64()),
            Self::Still(time) => {
                write!(f, "nothing moved for {:.1} s", time.as_secs_f64())
            }
            Self::Behind(lag) => write!(
                f,
                "the output fell {:.1} s behind: this machine is too slow for it, or the way to its target is",
                lag.as_secs_f64()
            ),
        }
    }
}

/// Watches over one process.
#[derive(Debug)]
pub(crate) struct Watchdog {
    still_after: Duration,
    silent_after: Duration,
    most_behind: Duration,
    began: Instant,
    /// When it last came farther, and how far.
    moved: Option<(Instant, Reached)>,
    first: Option<(Instant, u64)>,
    /// The least that its output was ever behind, against the first: connecting may have taken a while.
    best_ms: i64,
    lag_ms: u64,
}

impl Watchdog {
    /// The process itself looks at its source's silence first, and says what it was.
    const MARGIN: Duration = Duration::from_millis(300);
    /// For this long a process that connects may bring nothing beyond what its source may.
    const CONNECTS_WITHIN: Duration = Duration::from_secs(10);
    /// One that waits for others to connect is made anew now and then, in case it is not what they find.
    const LISTENS_FOR: Duration = Duration::from_secs(600);

    pub(crate) fn new(plan: &StreamPlan, began: Instant) -> Self {
        let still = Duration::from_millis(plan.input.frozen_after_ms.into());
        Self {
            still_after: still + Self::MARGIN,
            silent_after: match plan.listens() {
                true => Self::LISTENS_FOR,
                false => still + Self::CONNECTS_WITHIN,
            },
            most_behind: match plan.latency {
                Latency::Low => Duration::from_secs(8),
                Latency::Normal => Duration::from_secs(20),
            },
            began,
            moved: None,
            first: None,
            best_ms: 0,
            lag_ms: 0,
        }
    }

    /// Notes how far it has come; whether that is farther than before.
    pub(crate) fn saw(&mut self, now: Instant, reached: Reached) -> bool {
        let before = self.moved.map_or(Reached::default(), |(_, before)| before);
        let is_farther = reached.media_ms > before.media_ms
            || reached.frames > before.frames
            || reached.bytes > before.bytes;
        if !is_farther {
            return false;
        }
        self.moved = Some((now, reached));
        let (first_at, first_ms) = *self.first.get_or_insert((now, reached.media_ms));
        let wall = i64::try_from((now - first_at).as_millis()).unwrap_or(i64::MAX);
        let media = i64::try_from(reached.media_ms.saturating_sub(first_ms)).unwrap_or(i64::MAX);
        let behind = wall.saturating_sub(media);
        self.best_ms = self.best_ms.min(behind);
        self.lag_ms = u64::try_from(behind.saturating_sub(self.best_ms)).unwrap_or(0);
        true
    }

    /// How far the output is behind where it was at best.
    pub(crate) fn lag_ms(&self) -> u64 {
        self.lag_ms
    }

    /// When it is time to look whether there is an alarm, if nothing is seen before.
    pub(crate) fn due_at(&self) -> Instant {
        match self.moved {
            Some((moved_at, _)) => moved_at + self.still_after,
            None => self.began + self.silent_after,
        }
    }

    pub(crate) fn alarm(&self, now: Instant) -> Option<Alarm> {
        let lag = Duration::from_millis(self.lag_ms);
        if now >= self.due_at() {
            return Some(match self.moved {
                Some((moved_at, _)) => Alarm::Still(now - moved_at),
                None => Alarm::Silent(now - self.began),
            });
        }
        (lag >= self.most_behind).then_some(Alarm::Behind(lag))
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::stream::{
        OnSourceLost, PlannedOutput, StreamAddress, StreamInput, StreamTarget,
    };

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn plan() -> StreamPlan {
        StreamPlan {
            revision: 1,
            input: StreamInput {
                address: StreamAddress::new("rtmp://media.example/live/a").unwrap(),
                frozen_after_ms: 5_000,
            },
            outputs: Vec::new(),
            on_source_lost: OnSourceLost::KeepTrying,
            latency: Latency::Low,
        }
    }

    fn watchdog(began: Instant) -> Watchdog {
        Watchdog::new(&plan(), began)
    }

    fn media(media_ms: u64) -> Reached {
        Reached {
            media_ms,
            ..Reached::default()
        }
    }

    #[test]
    fn a_process_that_brings_nothing_is_given_time_to_connect() {
        let began = Instant::now();
        let mut dog = watchdog(began);
        assert!(!dog.saw(began + ms(500), Reached::default()));
        assert_eq!(dog.alarm(began + ms(14_999)), None);
        let alarm = dog.alarm(began + ms(15_000));
        assert_eq!(alarm, Some(Alarm::Silent(ms(15_000))));
    }

    /// Who takes a stream may come long after its source.
    #[test]
    fn a_process_that_waits_for_others_is_given_more_time() {
        let began = Instant::now();
        let address = StreamAddress::new("srt://0.0.0.0:9000?mode=listener").unwrap();
        let waiting = PlannedOutput {
            target: StreamTarget::Push { address },
            settings: serde_json::from_str(r#"{"codec": "copy"}"#).unwrap(),
        };
        let plan = StreamPlan {
            outputs: vec![waiting],
            ..plan()
        };
        let dog = Watchdog::new(&plan, began);
        assert_eq!(dog.alarm(began + ms(599_999)), None);
        let alarm = dog.alarm(began + ms(600_000));
        assert_eq!(alarm, Some(Alarm::Silent(ms(600_000))));
    }

    /// A frozen source is noticed half a second after its time at the latest.
    #[test]
    fn a_source_that_freezes_is_noticed_in_time() {
        let began = Instant::now();
        let mut dog = watchdog(began);
        for step in 0..50 {
            assert!(dog.saw(began + ms(200 * step), media(200 * step + 40)));
        }
        let last = began + ms(200 * 49);
        for step in 1..20 {
            assert!(!dog.saw(last + ms(200 * step), media(200 * 49 + 40)));
        }
        assert_eq!(dog.due_at(), last + ms(5_300));
        assert_eq!(dog.alarm(last + ms(5_299)), None);
        assert_eq!(dog.alarm(last + ms(5_300)), Some(Alarm::Still(ms(5_300))));
    }

    #[test]
    fn sound_alone_and_bytes_alone_count_as_movement() {
        let began = Instant::now();
        let mut dog = watchdog(began);
        let only_bytes = |bytes| Reached {
            bytes,
            ..Reached::default()
        };
        assert!(dog.saw(began, only_bytes(1)));
        assert!(!dog.saw(began, only_bytes(1)));
        assert!(dog.saw(began, only_bytes(2)));
    }

    #[test]
    fn an_output_that_falls_behind_is_noticed_and_a_burst_at_the_start_is_none() {
        let began = Instant::now();
        let mut dog = watchdog(began);
        // What the source had kept comes at once.
        dog.saw(began, media(0));
        dog.saw(began + ms(100), media(3_000));
        assert_eq!(dog.lag_ms(), 0);
        dog.saw(began + ms(10_100), media(13_000));
        assert_eq!(dog.lag_ms(), 0);
        // At nine tenths of the pace.
        dog.saw(began + ms(20_100), media(22_000));
        assert_eq!(dog.lag_ms(), 1_000);
        assert_eq!(dog.alarm(began + ms(20_100)), None);
        dog.saw(began + ms(90_100), media(85_000));
        let alarm = dog.alarm(began + ms(90_100)).unwrap();
        assert_eq!(alarm, Alarm::Behind(ms(8_000)));
        assert!(alarm.to_string().contains("8.0 s behind"), "{alarm}");
    }
}
