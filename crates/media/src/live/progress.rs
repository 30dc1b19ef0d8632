//! FFmpeg's machine-readable reports of progress, a block each second.

use std::time::{Duration, Instant};

const MOST_LINE: usize = 4096;

/// What one block says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Block {
    pub(crate) frames: u64,
    pub(crate) speed: Option<f64>,
    pub(crate) dropped_frames: u64,
    pub(crate) duplicated_frames: u64,
    pub(crate) position: Duration,
}

/// Reads the `key=value` lines of `-progress` from chunks of any size.
#[derive(Debug, Default)]
pub(crate) struct BlockReader {
    line: Vec<u8>,
    block: Block,
    before: Option<(Instant, u64)>,
}

impl BlockReader {
    /// Tells each block that is complete.
    pub(crate) fn push(&mut self, chunk: &[u8], mut tell: impl FnMut(Block)) {
        for &byte in chunk {
            if byte != b'\n' {
                if self.line.len() < MOST_LINE {
                    self.line.push(byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if self.take_line(&String::from_utf8_lossy(&line)) {
                tell(self.block);
            }
        }
    }

    /// Frames per second since the last block that was asked about. FFmpeg's own number is the mean since the start.
    pub(crate) fn fps(&mut self, block: Block, now: Instant) -> f64 {
        let before = self.before.replace((now, block.frames));
        let Some((then, frames)) = before else {
            return 0.0;
        };
        let seconds = (now - then).as_secs_f64();
        let more = block.frames.saturating_sub(frames);
        if seconds > 0.0 {
            more as f64 / seconds
        } else {
            0.0
        }
    }

    fn take_line(&mut self, line: &str) -> bool {
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        let value = value.trim();
        // `N/A` and negative values stand for "nothing yet".
        let number = || value.parse::<u64>().ok();
        let block = &mut self.block;
        match key.trim() {
            "frame" => block.frames = number().unwrap_or(block.frames),
            "dup_frames" => block.duplicated_frames = number().unwrap_or(block.duplicated_frames),
            "drop_frames" => block.dropped_frames = number().unwrap_or(block.dropped_frames),
            "out_time_us" => {
                block.position = number().map_or(block.position, Duration::from_micros);
            }
            "speed" => {
                let speed: Option<f64> = value.trim_end_matches('x').trim().parse().ok();
                block.speed = speed.filter(|it| it.is_finite() && *it >= 0.0);
            }
            "progress" => return true,
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_across_chunks() {
        let text = b"frame=50\nfps=25.1\nstream_0_0_q=-1.0\nbitrate=N/A\ntotal_size=N/A\n\
            out_time_us=2000000\nout_time_ms=2000000\ndup_frames=1\ndrop_frames=2\nspeed=1.02x\n\
            progress=continue\nframe=75\nout_time_us=N/A\nspeed= infx\nprogress=end\n";
        for cut in 0..text.len() {
            let mut reader = BlockReader::default();
            let mut blocks = Vec::new();
            reader.push(&text[..cut], |block| blocks.push(block));
            reader.push(&text[cut..], |block| blocks.push(block));
            let first = Block {
                frames: 50,
                speed: Some(1.02),
                dropped_frames: 2,
                duplicated_frames: 1,
                position: Duration::from_secs(2),
            };
            let second = Block {
                frames: 75,
                speed: None,
                ..first
            };
            assert_eq!(blocks, [first, second], "cut at {cut}");
        }
    }

    #[test]
    fn the_rate_is_that_of_the_last_moments() {
        let mut reader = BlockReader::default();
        let begun = Instant::now();
        let frames = |frames| Block {
            frames,
            ..Block::default()
        };
        assert_eq!(reader.fps(frames(100), begun), 0.0);
        let later = begun + Duration::from_secs(2);
        assert_eq!(reader.fps(frames(150), later), 25.0);
        assert_eq!(reader.fps(frames(150), later + Duration::from_secs(1)), 0.0);
    }
}
