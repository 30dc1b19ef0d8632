//! FFmpeg's machine-readable progress.

use std::time::Duration;

/// Longer lines do not occur; this bounds what a mad process can make us keep.
const MAX_LINE: usize = 4096;

/// Reads the `key=value` lines of `-progress` from chunks of any size.
#[derive(Debug, Default)]
pub(super) struct ProgressReader {
    line: Vec<u8>,
}

impl ProgressReader {
    /// The newest position in the output that `chunk` tells, if it tells any.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Option<Duration> {
        let mut newest = None;
        for &byte in chunk {
            if byte == b'\n' {
                newest = position(&self.line).or(newest);
                self.line.clear();
            } else if self.line.len() < MAX_LINE {
                self.line.push(byte);
            }
        }
        newest
    }
}

/// `out_time_ms` would be microseconds too, in every release; `N/A` and negative values stand for
/// "nothing yet".
fn position(line: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(line).ok()?;
    let micros = text.trim().strip_prefix("out_time_us=")?.parse().ok()?;
    Some(Duration::from_micros(micros))
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
        assert_eq!(reader.push(b"frame=1\nout_time_us=N/A\nout_ti"), None);
        assert_eq!(
            reader.push(b"me_us=1500000\nprogress=continue\n"),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(reader.push(b"out_time_us=-40000\n"), None);
    }

    #[test]
    fn percents_stay_below_a_hundred() {
        assert_eq!(percent(Duration::from_secs(5), Some(10.0)), 50);
        assert_eq!(percent(Duration::from_secs(50), Some(10.0)), 99);
        assert_eq!(percent(Duration::from_secs(50), None), 0);
    }
}
