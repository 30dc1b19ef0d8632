//! Which frame is the first that is not black, told by measurements of FFmpeg's.

use crate::run::lines::{Lines, pts_seconds};

/// Reads what the filters `blackframe` and `metadata` print of one frame after another.
#[derive(Debug)]
pub(crate) struct DarkReader {
    /// From so many percent of dark pixels on a frame is black.
    percent: u32,
    lines: Lines,
    at_seconds: f64,
    /// Whether the frame that is shown at the moment is black, as far as it was heard of.
    first_is_black: bool,
    found: Option<f64>,
}

impl DarkReader {
    pub(crate) fn new(percent: u32) -> Self {
        Self {
            percent,
            lines: Lines::default(),
            at_seconds: 0.0,
            first_is_black: false,
            found: None,
        }
    }

    /// Whether `chunk` tells of another frame.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> bool {
        let lines = self.lines.ended(chunk);
        (lines.iter()).fold(false, |moved, line| moved | self.take_line(line))
    }

    /// How many milliseconds after the moment the first frame begins that is not black. Nothing if the one that is
    /// shown at the moment is not, or if all are.
    pub(crate) fn later_ms(&self) -> Option<u64> {
        let seconds = self.found.filter(|_| self.first_is_black)?;
        // The frame is shown already at what this is rounded up to.
        Some((seconds * 1000.0).ceil() as u64)
    }

    /// Frames that begin before the moment follow one another until the one that is shown then.
    fn take_line(&mut self, line: &str) -> bool {
        if let Some(seconds) = pts_seconds(line) {
            self.at_seconds = seconds;
            return true;
        }
        let Some(percent) = line.trim().strip_prefix("lavfi.blackframe.pblack=") else {
            return false;
        };
        let Ok(percent) = percent.parse::<u32>() else {
            return false;
        };
        let is_black = percent >= self.percent;
        if self.at_seconds <= 0.0 {
            self.first_is_black = is_black;
        } else if !is_black && self.found.is_none() {
            self.found = Some(self.at_seconds);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(percent: u32, frames: &[(&str, u32)]) -> Option<u64> {
        let mut reader = DarkReader::new(percent);
        for (time, dark) in frames {
            let text =
                format!("frame:0    pts:0       pts_time:{time}\nlavfi.blackframe.pblack={dark}\n");
            for chunk in text.as_bytes().chunks(7) {
                reader.push(chunk);
            }
        }
        reader.later_ms()
    }

    #[test]
    fn the_first_frame_that_is_not_black_is_found() {
        let film = [
            ("-0.0405", 3),
            ("-0.0005", 100),
            ("0.0395", 97),
            ("1.9995", 40),
        ];
        assert_eq!(later(100, &film), Some(40));
        assert_eq!(later(97, &film), Some(2000));
        assert_eq!(later(41, &film), Some(2000));
        assert_eq!(later(40, &film), None);
    }

    #[test]
    fn what_is_not_black_at_the_moment_stays() {
        assert_eq!(later(100, &[("-0.0005", 99), ("0.0395", 0)]), None);
        assert_eq!(later(100, &[]), None);
    }
}
