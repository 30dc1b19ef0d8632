//! What is told of a stream's health: figures of the last few seconds, and counts of the current start. Pure:
//! what was seen and when is handed in.

use std::collections::VecDeque;
use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::stream::{Activity, Health, Stream};
use tokio::time::Instant;

/// Rates are those of so long.
const WINDOW: Duration = Duration::from_secs(4);

/// How much has gone through a process since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) in_bytes: Option<u64>,
    pub(crate) out_bytes: u64,
    pub(crate) frames: u64,
    pub(crate) media_ms: u64,
    pub(crate) dropped: u64,
    pub(crate) duplicated: u64,
}

/// The figures of one attempt. Clones see the same moment.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    since: Timestamp,
    first_output_at: Option<Timestamp>,
    seen: VecDeque<(Instant, Counts)>,
    /// Of processes that are gone.
    dropped: u64,
    duplicated: u64,
    reconnects: u32,
    lag_ms: u64,
    keyframe_at: Option<u64>,
    keyframe_interval_ms: Option<u64>,
    last_error: Option<String>,
    thumbnail_at: Option<Timestamp>,
}

impl Meter {
    /// Goes on with the counts of earlier attempts of the same start.
    pub(crate) fn of(stream: &Stream, now: Timestamp) -> Self {
        let since = stream.standing.last_start_at.unwrap_or(now);
        let before = stream.health.as_ref().filter(|it| it.since == since);
        Self {
            since,
            first_output_at: before.and_then(|it| it.first_output_at),
            seen: VecDeque::new(),
            dropped: before.map_or(0, |it| it.dropped_frames),
            duplicated: before.map_or(0, |it| it.duplicated_frames),
            // An attempt that follows another connects again.
            reconnects: before.map_or(0, |it| it.reconnects.saturating_add(1)),
            lag_ms: 0,
            keyframe_at: None,
            keyframe_interval_ms: None,
            last_error: before.and_then(|it| it.last_error.clone()),
            thumbnail_at: before.and_then(|it| it.thumbnail_at),
        }
    }

    /// A process goes on where another was lost.
    pub(crate) fn reconnects(&mut self) {
        self.reconnects = self.reconnects.saturating_add(1);
        self.process_gone();
    }

    /// What counts from the start of a process is over.
    pub(crate) fn process_gone(&mut self) {
        if let Some((_, last)) = self.seen.back() {
            self.dropped = self.dropped.saturating_add(last.dropped);
            self.duplicated = self.duplicated.saturating_add(last.duplicated);
        }
        self.seen.clear();
        self.lag_ms = 0;
        self.keyframe_at = None;
        self.keyframe_interval_ms = None;
    }

    pub(crate) fn saw(&mut self, at: Instant, counts: Counts, lag_ms: u64) {
        self.lag_ms = lag_ms;
        self.seen.push_back((at, counts));
        while let Some((oldest, _)) = self.seen.front() {
            // Two are kept, for a difference.
            if self.seen.len() <= 2 || at - *oldest <= WINDOW {
                break;
            }
            self.seen.pop_front();
        }
    }

    pub(crate) fn first_output(&mut self, at: Timestamp) {
        self.first_output_at.get_or_insert(at);
    }

    /// A keyframe of this media time went out.
    pub(crate) fn keyframe(&mut self, media_ms: u64) {
        if let Some(before) = self.keyframe_at.replace(media_ms)
            && media_ms > before
        {
            self.keyframe_interval_ms = Some(media_ms - before);
        }
    }

    pub(crate) fn failed(&mut self, error: String) {
        self.last_error = Some(error);
    }

    pub(crate) fn thumbnail(&mut self, at: Timestamp) {
        self.thumbnail_at = Some(at);
    }

    /// What is told now. Rates are none unless something comes out.
    pub(crate) fn health(&self, activity: Activity, at: Timestamp) -> Health {
        let last = self.seen.back().map(|(_, counts)| *counts);
        let last = last.unwrap_or_default();
        let rate = |of: fn(&Counts) -> u64| match (self.seen.front(), self.seen.back()) {
            (Some((from, first)), Some((to, last))) if activity == Activity::Live && to > from => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "what passes in seconds is far below 2^53"
                )]
                let passed = of(last).saturating_sub(of(first)) as f64;
                passed / (*to - *from).as_secs_f64()
            }
            _ => 0.0,
        };
        Health {
            at,
            activity,
            since: self.since,
            first_output_at: self.first_output_at,
            in_kbps: rate(|it| it.in_bytes.unwrap_or(0)) * 8.0 / 1000.0,
            out_kbps: rate(|it| it.out_bytes) * 8.0 / 1000.0,
            fps: rate(|it| it.frames),
            speed: rate(|it| it.media_ms) / 1000.0,
            dropped_frames: self.dropped.saturating_add(last.dropped),
            duplicated_frames: self.duplicated.saturating_add(last.duplicated),
            lag_ms: self.lag_ms,
            reconnects: self.reconnects,
            keyframe_interval_ms: self.keyframe_interval_ms,
            last_error: self.last_error.clone(),
            thumbnail_at: self.thumbnail_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> Meter {
        Meter {
            since: Timestamp::from_millis(0),
            first_output_at: None,
            seen: VecDeque::new(),
            dropped: 0,
            duplicated: 0,
            reconnects: 0,
            lag_ms: 0,
            keyframe_at: None,
            keyframe_interval_ms: None,
            last_error: None,
            thumbnail_at: None,
        }
    }

    fn counts(seconds: u64) -> Counts {
        Counts {
            in_bytes: Some(seconds * 250_000),
            out_bytes: seconds * 125_000,
            frames: seconds * 25,
            media_ms: seconds * 1000,
            dropped: seconds,
            duplicated: 0,
        }
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 0.01, "{found}, not {expected}");
    }

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let mut meter = meter();
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        meter.saw(at(0), Counts::default(), 0);
        // Nothing came at first, and then at the usual pace.
        meter.saw(at(20), Counts::default(), 0);
        for second in 1..=6 {
            meter.saw(at(20 + second), counts(second), 40);
        }
        let now = Timestamp::from_millis(9);
        let health = meter.health(Activity::Live, now);
        close(health.in_kbps, 2_000.0);
        close(health.out_kbps, 1_000.0);
        close(health.fps, 25.0);
        close(health.speed, 1.0);
        assert_eq!((health.dropped_frames, health.lag_ms), (6, 40));
        let away = meter.health(Activity::Interrupted, now);
        close(away.in_kbps + away.out_kbps + away.fps + away.speed, 0.0);
    }

    #[test]
    fn counts_go_on_over_processes() {
        let mut meter = meter();
        let start = Instant::now();
        meter.saw(start, counts(4), 0);
        meter.process_gone();
        meter.reconnects();
        meter.saw(start, counts(3), 0);
        let health = meter.health(Activity::Live, Timestamp::from_millis(0));
        assert_eq!((health.dropped_frames, health.reconnects), (7, 1));
    }

    #[test]
    fn keyframes_are_told_by_the_distance_of_the_last_two() {
        let mut meter = meter();
        let interval = |meter: &Meter| {
            let health = meter.health(Activity::Live, Timestamp::from_millis(0));
            health.keyframe_interval_ms
        };
        meter.keyframe(1_000);
        assert_eq!(interval(&meter), None);
        meter.keyframe(3_000);
        // The source began anew.
        meter.keyframe(500);
        assert_eq!(interval(&meter), Some(2_000));
        meter.keyframe(1_500);
        assert_eq!(interval(&meter), Some(1_000));
    }
}
