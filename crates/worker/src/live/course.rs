//! The course of one stream on a worker: when a process that was lost is followed by another, and when the
//! stream is given up. Pure: what happens and when is handed in.

use std::time::Duration;

use reelgate_domain::stream::{Activity, EndReason, OnSourceLost};
use tokio::time::Instant;

/// What was lost with a process that ended by itself, or had to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The source went away, is not there, or stands still.
    Source,
    /// Somebody whom it is sent to refuses it, or went away.
    Output,
    /// The process itself, for reasons of its own or of this machine.
    Process,
    /// Nothing, but the output was ever farther behind the source.
    Pace,
}

/// What follows a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another process, after this pause.
    Again(Duration),
    /// Nothing more.
    Over(EndReason),
}

/// Where a stream is on its course.
#[derive(Debug)]
pub(crate) struct Course {
    on_source_lost: OnSourceLost,
    activity: Activity,
    /// Losses since it last went well for a while.
    losses: u32,
    live_since: Option<Instant>,
    /// Since when nothing came from the source.
    away_since: Option<Instant>,
}

impl Course {
    /// After so long of live output earlier losses are forgotten.
    const HEALTHY_AFTER: Duration = Duration::from_secs(10);

    /// The pauses before one, two and more losses in a row are tried to be mended.
    const PAUSES_MS: [u64; 5] = [200, 500, 1_000, 2_000, 5_000];
    /// The same for a source, which is looked for more often: that is how soon its return is noticed.
    const PAUSES_FOR_SOURCE_MS: [u64; 3] = [200, 400, 600];
    /// A source that is away for longer is looked for every 2 s, and later every 5 s.
    const AWAY_LONG: Duration = Duration::from_secs(600);
    const AWAY_FOR_GOOD: Duration = Duration::from_secs(3600);

    /// Of an attempt that begins `now` with a source that has been away for `away` before, if it has.
    pub(crate) fn new(on_source_lost: OnSourceLost, now: Instant, away: Duration) -> Self {
        Self {
            on_source_lost,
            activity: Activity::Connecting,
            losses: 0,
            live_since: None,
            away_since: Some(now.checked_sub(away).unwrap_or(now)),
        }
    }

    pub(crate) fn activity(&self) -> Activity {
        self.activity
    }

    /// The stream is to be run otherwise from now on.
    pub(crate) fn changed(&mut self, on_source_lost: OnSourceLost) {
        self.on_source_lost = on_source_lost;
        self.losses = 0;
    }

    /// Something came out; whether it is the first since a process was started.
    pub(crate) fn output(&mut self, now: Instant) -> bool {
        self.activity = Activity::Live;
        self.away_since = None;
        match self.live_since {
            Some(since) => {
                if now - since >= Self::HEALTHY_AFTER {
                    self.losses = 0;
                }
                false
            }
            None => {
                self.live_since = Some(now);
                true
            }
        }
    }

    /// A process is gone that nobody asked to go.
    pub(crate) fn lost(&mut self, loss: Loss, now: Instant) -> Next {
        let was_healthy = self
            .live_since
            .take()
            .is_some_and(|since| now - since >= Self::HEALTHY_AFTER);
        self.losses = if was_healthy { 1 } else { self.losses + 1 };
        self.activity = Activity::Interrupted;
        if loss != Loss::Source {
            // Whether the source is there is not known any more.
            self.away_since = None;
            return Next::Again(step(&Self::PAUSES_MS, self.losses));
        }
        let away = now - *self.away_since.get_or_insert(now);
        if self.patience().is_some_and(|patience| away >= patience) {
            return Next::Over(EndReason::SourceLost);
        }
        let pause = match away {
            long if long >= Self::AWAY_FOR_GOOD => Duration::from_secs(5),
            long if long >= Self::AWAY_LONG => Duration::from_secs(2),
            _ => step(&Self::PAUSES_FOR_SOURCE_MS, self.losses),
        };
        Next::Again(pause)
    }

    /// When the stream is given up if nothing has come from its source by then.
    pub(crate) fn gives_up_at(&self) -> Option<Instant> {
        Some(self.away_since? + self.patience()?)
    }

    fn patience(&self) -> Option<Duration> {
        match self.on_source_lost {
            OnSourceLost::KeepTrying => None,
            OnSourceLost::StopAfterMinutes(minutes) => {
                Some(Duration::from_secs(60 * u64::from(minutes)))
            }
        }
    }
}

fn step(pauses_ms: &[u64], losses: u32) -> Duration {
    let index = usize::try_from(losses.saturating_sub(1)).unwrap_or(usize::MAX);
    let last = pauses_ms.last().copied().unwrap_or(0);
    Duration::from_millis(pauses_ms.get(index).copied().unwrap_or(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn again(course: &mut Course, loss: Loss, now: Instant) -> u64 {
        match course.lost(loss, now) {
            Next::Again(pause) => u64::try_from(pause.as_millis()).unwrap(),
            Next::Over(reason) => panic!("given up: {reason:?}"),
        }
    }

    #[test]
    fn an_output_that_fails_at_once_is_tried_ever_more_slowly() {
        let now = Instant::now();
        let mut course = Course::new(OnSourceLost::KeepTrying, now, ms(0));
        assert_eq!(course.activity(), Activity::Connecting);
        let pauses: Vec<u64> = (0..7)
            .map(|_| again(&mut course, Loss::Output, now))
            .collect();
        assert_eq!(pauses, [200, 500, 1_000, 2_000, 5_000, 5_000, 5_000]);
        assert_eq!(course.activity(), Activity::Interrupted);
    }

    #[test]
    fn after_a_healthy_while_losses_count_from_one_and_after_a_short_one_they_go_on() {
        let now = Instant::now();
        let mut course = Course::new(OnSourceLost::KeepTrying, now, ms(0));
        for _ in 0..4 {
            course.lost(Loss::Process, now);
        }
        assert!(course.output(now));
        assert!(!course.output(now + ms(9_000)));
        assert_eq!(course.activity(), Activity::Live);
        assert_eq!(again(&mut course, Loss::Process, now + ms(9_500)), 5_000);
        assert!(course.output(now + ms(20_000)));
        assert_eq!(again(&mut course, Loss::Process, now + ms(31_000)), 200);
    }

    /// The pause, a process's start and a second of keyframes have to fit into 2 s.
    #[test]
    fn a_source_that_is_away_is_looked_for_often_for_minutes_and_seldom_later() {
        let now = Instant::now();
        let mut course = Course::new(OnSourceLost::KeepTrying, now, ms(0));
        course.output(now);
        let pauses: Vec<u64> = (1..600)
            .map(|second| again(&mut course, Loss::Source, now + ms(second * 1000)))
            .collect();
        assert_eq!(pauses[..3], [200, 400, 600]);
        assert!(pauses.iter().all(|pause| *pause <= 600));
        assert_eq!(again(&mut course, Loss::Source, now + ms(700_000)), 2_000);
        assert_eq!(again(&mut course, Loss::Source, now + ms(4_000_000)), 5_000);
    }

    #[test]
    fn a_source_may_be_away_for_so_long_and_no_longer() {
        let now = Instant::now();
        let patient = OnSourceLost::StopAfterMinutes(2);
        let mut course = Course::new(patient, now, ms(0));
        assert_eq!(course.gives_up_at(), Some(now + ms(120_000)));
        again(&mut course, Loss::Source, now + ms(60_000));
        // What was seen of it meanwhile counts, for however short a time.
        course.output(now + ms(100_000));
        assert_eq!(course.gives_up_at(), None);
        again(&mut course, Loss::Source, now + ms(101_000));
        assert_eq!(course.gives_up_at(), Some(now + ms(221_000)));
        again(&mut course, Loss::Source, now + ms(220_000));
        let over = course.lost(Loss::Source, now + ms(221_000));
        assert_eq!(over, Next::Over(EndReason::SourceLost));
        // An output that is away never ends the stream.
        again(&mut course, Loss::Output, now + ms(999_000));
    }

    #[test]
    fn what_a_source_was_away_before_this_attempt_counts() {
        let now = Instant::now() + ms(1_000_000);
        let mut course = Course::new(OnSourceLost::StopAfterMinutes(1), now, ms(59_000));
        again(&mut course, Loss::Source, now);
        let over = course.lost(Loss::Source, now + ms(1_000));
        assert_eq!(over, Next::Over(EndReason::SourceLost));
    }

    #[test]
    fn a_change_is_tried_at_once_whatever_failed_before() {
        let now = Instant::now();
        let mut course = Course::new(OnSourceLost::KeepTrying, now, ms(0));
        for _ in 0..4 {
            course.lost(Loss::Output, now);
        }
        course.changed(OnSourceLost::StopAfterMinutes(1));
        assert_eq!(again(&mut course, Loss::Output, now), 200);
    }
}
