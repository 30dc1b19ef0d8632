//! How much a frame has to show, told by measurements of FFmpeg's.

use crate::run::lines::{Lines, pts_seconds};

/// How a frame looks, on a scale of 0, black, to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Looks {
    pub(crate) mean: f64,
    /// A tenth of the frame is darker than this.
    pub(crate) low: f64,
    /// A tenth of the frame is lighter than this.
    pub(crate) high: f64,
}

/// A contrast and a mean with which a frame shows something to everybody.
const CONTRAST: f64 = 40.0;
const DARKEST: f64 = 40.0;
const LIGHTEST: f64 = 215.0;

impl Looks {
    /// Neither black nor white nor nearly of one colour.
    pub(crate) fn is_good(self) -> bool {
        self.high - self.low >= CONTRAST && (DARKEST..=LIGHTEST).contains(&self.mean)
    }

    /// 0 for what is black; more for what shows more. Contrast counts twice: a dark scene is better
    /// than a light wall.
    pub(crate) fn score(self) -> f64 {
        let contrast = (self.high - self.low).clamp(0.0, 2.0 * CONTRAST);
        let light = self.mean.min(255.0 - self.mean).clamp(0.0, DARKEST);
        2.0 * contrast + light
    }
}

/// Reads what the filters `signalstats` and `metadata` print of one frame after another.
#[derive(Debug, Default)]
pub(crate) struct LooksReader {
    lines: Lines,
    at_seconds: f64,
    looks: Looks,
    best: Option<(f64, Looks)>,
}

impl LooksReader {
    /// Whether `chunk` tells of another frame.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> bool {
        let lines = self.lines.ended(chunk);
        (lines.iter()).fold(false, |moved, line| moved | self.take_line(line))
    }

    /// The frame with the most to show so far, with its moment in milliseconds.
    pub(crate) fn best(&self) -> Option<(u64, Looks)> {
        let (seconds, looks) = self.best?;
        Some(((seconds.max(0.0) * 1000.0).round() as u64, looks))
    }

    /// Of the measurements of a frame the light tenth is the last of the three.
    fn take_line(&mut self, line: &str) -> bool {
        if let Some(seconds) = pts_seconds(line) {
            self.at_seconds = seconds;
            self.looks = Looks::default();
            return true;
        }
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        let Ok(value) = value.trim().parse() else {
            return false;
        };
        match key.trim_start_matches("lavfi.signalstats.") {
            "YLOW" => self.looks.low = value,
            "YAVG" => self.looks.mean = value,
            "YHIGH" => {
                self.looks.high = value;
                let score = self.looks.score();
                if self.best.is_none_or(|(_, best)| score > best.score()) {
                    self.best = Some((self.at_seconds, self.looks));
                }
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(time: &str, low: u32, mean: &str, high: u32) -> String {
        format!(
            "frame:0    pts:0       pts_time:{time}\nlavfi.signalstats.YMIN=0\n\
             lavfi.signalstats.YLOW={low}\nlavfi.signalstats.YAVG={mean}\n\
             lavfi.signalstats.YHIGH={high}\nlavfi.signalstats.YMAX=255\n"
        )
    }

    #[test]
    fn the_best_of_several_frames_is_found_across_chunks() {
        let text = [
            frame("0", 0, "0", 0),
            frame("1.5", 20, "97.25", 180),
            frame("3", 128, "128", 128),
        ]
        .concat();
        let mut reader = LooksReader::default();
        for chunk in text.as_bytes().chunks(7) {
            reader.push(chunk);
        }
        let (at_ms, looks) = reader.best().unwrap();
        assert_eq!((at_ms, looks.mean), (1500, 97.25));
        assert!(looks.is_good());
    }

    #[test]
    fn what_shows_more_is_better() {
        let looks = |low, mean, high| Looks { mean, low, high };
        let rising = [
            looks(0.0, 0.0, 0.0),
            // A name in white on black.
            looks(0.0, 12.0, 0.0),
            looks(128.0, 128.0, 128.0),
            looks(5.0, 25.0, 60.0),
            looks(20.0, 100.0, 200.0),
        ];
        for pair in rising.windows(2) {
            assert!(pair[0].score() < pair[1].score(), "{pair:?}");
        }
        assert_eq!(
            rising.map(Looks::is_good),
            [false, false, false, false, true]
        );
        assert_eq!(looks(255.0, 255.0, 255.0).score(), 0.0);
    }
}
