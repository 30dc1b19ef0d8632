//! FFmpeg's machine-readable progress.

use std::time::Duration;

use super::lines::Lines;

/// Reads the `key=value` lines of `-progress` from chunks of any size.
///
/// FFmpeg reports once for all outputs of a process: the position of whichever is furthest, the
/// frames that went into the first encoder of pictures, the size of the first file.
#[derive(Debug, Default)]
pub(super) struct ProgressReader {
    lines: Lines,
    micros: Option<u64>,
    frames: Option<u64>,
    bytes: Option<u64>,
}

impl ProgressReader {
    /// Whether `chunk` tells of more than was known before.
    pub(super) fn push(&mut self, chunk: &[u8]) -> bool {
        let lines = self.lines.ended(chunk);
        (lines.iter()).fold(false, |moved, line| moved | self.take_line(line))
    }

    /// The furthest position in the outputs.
    pub(super) fn position(&self) -> Option<Duration> {
        self.micros.map(Duration::from_micros)
    }

    /// How many frames went into the first encoder of pictures.
    pub(super) fn frames(&self) -> Option<u64> {
        self.frames
    }

    fn take_line(&mut self, line: &str) -> bool {
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        let known = match key.trim() {
            // `out_time_ms` would be microseconds too, in every release.
            "out_time_us" => &mut self.micros,
            "frame" => &mut self.frames,
            "total_size" => &mut self.bytes,
            _ => return false,
        };
        // `N/A` and negative values stand for "nothing yet".
        let Ok(value) = value.trim().parse() else {
            return false;
        };
        let moved = known.unwrap_or(0) < value;
        *known = (*known).max(Some(value));
        moved
    }
}

/// How much is done, 0 to 99: 100 is reached by a checked output only.
pub(super) fn percent(position: Duration, expected_seconds: Option<f64>) -> u8 {
    let Some(expected) = expected_seconds.filter(|seconds| *seconds > 0.0) else {
        return 0;
    };
    (position.as_secs_f64() / expected * 100.0).clamp(0.0, 99.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_across_chunks() {
        let mut reader = ProgressReader::default();
        assert!(reader.push(b"frame=1\nout_time_us=N/A\nout_ti"));
        assert_eq!(reader.position(), None);
        assert!(reader.push(b"me_us=1500000\nprogress=continue\n"));
        assert_eq!(reader.position(), Some(Duration::from_millis(1500)));
        assert!(!reader.push(b"out_time_us=-40000\n"));
        assert_eq!(reader.position(), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn saying_the_same_again_is_no_progress() {
        let mut reader = ProgressReader::default();
        assert!(!reader.push(b"frame=0\ntotal_size=0\nout_time_us=0\n"));
        assert_eq!(reader.position(), Some(Duration::ZERO));
        let report = b"frame=2\nfps=0.00\ntotal_size=48\nout_time_us=40000\nspeed=1x\n";
        assert!(reader.push(report));
        assert!(!reader.push(report));
        // Each of the three alone is.
        assert!(reader.push(b"frame=3\n"));
        assert!(reader.push(b"total_size=49\n"));
        assert!(reader.push(b"out_time_us=40001\n"));
        assert!(!reader.push(b"speed=2x\nframe=1\n"));
    }

    #[test]
    fn percents_stay_below_a_hundred() {
        assert_eq!(percent(Duration::from_secs(5), Some(10.0)), 50);
        assert_eq!(percent(Duration::from_secs(50), Some(10.0)), 99);
        assert_eq!(percent(Duration::from_secs(50), None), 0);
    }
}
