//! What is shown of a stream that is followed: some lines on a terminal, which change, and a line for each sign
//! elsewhere.

use std::collections::VecDeque;

use reelgate_client::{Activity, Stream, StreamHealth, StreamNote, StreamSign};

use super::show;

/// How many rates the sparkline has.
const RATES: usize = 40;
/// How many notes a terminal has at once.
const NOTES: usize = 5;

/// What is known of a stream so far.
pub(super) struct Seen {
    stream: Stream,
    rates: VecDeque<f64>,
    notes: VecDeque<StreamNote>,
    /// What the last line about its health said, without the figures, which always change.
    told: Option<(Activity, Option<String>)>,
    /// Signs of health since such a line.
    silent: u32,
}

/// After so many signs of health a line says the rates although nothing else has changed: every half minute.
const EACH: u32 = 15;

impl Seen {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            rates: VecDeque::new(),
            notes: VecDeque::new(),
            told: None,
            silent: 0,
        }
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// A line that says what the stream is doing.
    pub(super) fn now(&self) -> String {
        let Stream { name, state, .. } = &self.stream;
        let seen = self.stream.health.as_ref().map(|seen| seen.at.as_str());
        // Both are written alike, so that the later one sorts behind.
        let at = seen.unwrap_or_default().max(&self.stream.touched_at);
        format!("{at}  {name} is {state}")
    }

    /// Takes a sign down; what it is worth saying where lines are told.
    pub(super) fn take(&mut self, sign: StreamSign) -> Option<String> {
        match sign {
            StreamSign::Stream(stream) => {
                let was = std::mem::replace(&mut self.stream, *stream);
                let state = &self.stream.state;
                (was.state != *state).then(|| self.now())
            }
            StreamSign::Health(health) => {
                if self.rates.len() == RATES {
                    self.rates.pop_front();
                }
                self.rates.push_back(health.out_kbps);
                let line = self.line_about(&health);
                self.stream.health = Some(health);
                line
            }
            StreamSign::Note(note) => {
                let line = show::note(&note);
                if self.notes.len() == NOTES {
                    self.notes.pop_front();
                }
                self.notes.push_back(note);
                Some(line)
            }
            StreamSign::Deleted => Some(format!("stream {} was deleted", self.stream.name)),
        }
    }

    fn line_about(&mut self, health: &StreamHealth) -> Option<String> {
        let now = (health.activity, health.last_error.clone());
        if self.told.as_ref() == Some(&now) && self.silent < EACH {
            self.silent += 1;
            return None;
        }
        self.told = Some(now);
        self.silent = 0;
        let error = match &health.last_error {
            Some(error) => format!(", last error: {error}"),
            None => String::new(),
        };
        let StreamHealth { at, activity, .. } = health;
        Some(format!("{at}  {activity}: {}{error}", show::health(health)))
    }

    /// What a terminal shows.
    pub(super) fn screen(&self) -> String {
        let Stream {
            name,
            state,
            cluster,
            input,
            outputs,
            ..
        } = &self.stream;
        let targets: Vec<_> = outputs.iter().map(|it| it.target.to_string()).collect();
        let mut lines = vec![
            format!("{name}  {state}  on {cluster}"),
            format!("{} → {}", input.address, targets.join(", ")),
        ];
        if let Some(health) = self.stream.health.as_ref().filter(|_| state.is_wanted()) {
            lines.push(format!(
                "{:>12} in  {:>12} out  {:>6.1} fps  ×{:.2}  {}",
                show::rate(health.in_kbps),
                show::rate(health.out_kbps),
                health.fps,
                health.speed,
                sparkline(&self.rates),
            ));
            lines.push(format!(
                "{} dropped  {} repeated  lag {} ms  {} reconnects",
                health.dropped_frames, health.duplicated_frames, health.lag_ms, health.reconnects,
            ));
            if let Some(error) = &health.last_error {
                lines.push(format!("last error: {error}"));
            }
        }
        lines.extend(self.notes.iter().map(show::note));
        lines.join("\n")
    }
}

/// Rates as little bars, the highest being that of the highest rate.
fn sparkline(rates: &VecDeque<f64>) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = rates.iter().copied().fold(0.0, f64::max);
    let bar = |rate: &f64| {
        let share = if highest > 0.0 { rate / highest } else { 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share is 0 to 1"
        )]
        let at = (share * 7.0).round() as usize;
        BARS[at.min(7)]
    };
    rates.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stream(state: &str) -> Stream {
        let json = json!({
            "id": "0123456789abcdef0123456789abcdef", "name": "news", "cluster": "default", "state": state,
            "run": 1, "attempt": 1, "worker": null, "created_at": "t0", "touched_at": "t1",
            "last_start_at": null, "last_stop_at": null, "ready_at": null, "ended": null,
            "input": {"address": "rtmp://in.example.com/live/secret", "frozen_after_ms": 5000},
            "outputs": [{"target": {"to": "hls", "bucket": "media", "playlist": "a.m3u8", "segment_seconds": 4,
                                    "window": 6}, "template": "copy"}],
            "on_source_lost": "keep_trying", "latency": "low", "plan": null, "health": null,
        });
        serde_json::from_value(json).unwrap()
    }

    fn health(out_kbps: f64, last_error: Value) -> StreamSign {
        let json = json!({
            "at": "t2", "activity": "live", "since": "t1", "first_output_at": null, "in_kbps": 900.0,
            "out_kbps": out_kbps, "fps": 25.0, "speed": 1.0, "dropped_frames": 3, "duplicated_frames": 4,
            "lag_ms": 120, "reconnects": 1, "keyframe_interval_ms": 2000, "last_error": last_error,
            "thumbnail_at": null,
        });
        StreamSign::Health(serde_json::from_value(json).unwrap())
    }

    #[test]
    fn a_line_is_told_when_something_else_than_the_rates_has_changed() {
        let mut seen = Seen::new(stream("live"));
        let first = seen.take(health(1200.0, Value::Null)).unwrap();
        assert_eq!(
            first,
            "t2  live: 900 kbit/s in, 1.2 Mbit/s out, 25.0 fps, speed 1.00, 3 dropped, lag 120 ms, \
             1 reconnects, keyframes 2.0 s"
        );
        assert_eq!(seen.take(health(1300.0, Value::Null)), None);
        let error = seen.take(health(1300.0, json!("the source went away")));
        assert!(error.unwrap().ends_with("last error: the source went away"));
        let lines = (0..40).filter_map(|_| seen.take(health(1.0, json!("the source went away"))));
        assert_eq!(lines.count(), 2);
    }

    #[test]
    fn a_terminal_shows_rates_notes_and_no_secret() {
        let mut seen = Seen::new(stream("live"));
        for rate in [0.0, 500.0, 1000.0] {
            seen.take(health(rate, json!("slow")));
        }
        for at in 0..9 {
            let note = json!({"at": format!("n{at}"), "what": "worker_lost", "run": 1, "attempt": 2,
                              "message": "gone"});
            let note = serde_json::from_value(note).unwrap();
            assert!(seen.take(StreamSign::Note(note)).is_some());
        }
        let screen = seen.screen();
        for part in [
            "news  live  on default",
            "rtmp://in.example.com:1935/… → media/a.m3u8",
            "▁▅█",
            "3 dropped  4 repeated  lag 120 ms  1 reconnects",
            "last error: slow",
            "n8  worker lost: gone",
        ] {
            assert!(screen.contains(part), "{part}\n{screen}");
        }
        assert!(
            !screen.contains("secret") && !screen.contains("n3"),
            "{screen}"
        );
    }

    #[test]
    fn a_change_of_state_is_told_once() {
        let mut seen = Seen::new(stream("connecting"));
        let live = || StreamSign::Stream(Box::new(stream("live")));
        assert_eq!(seen.take(live()).unwrap(), "t1  news is live");
        assert_eq!(seen.take(live()), None);
    }
}
