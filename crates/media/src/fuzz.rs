//! What the fuzz targets reach of this crate: readers of what FFmpeg says, without a process behind them.

use reelgate_domain::stream::StreamPlan;

use crate::live::log::LogReader;
use crate::live::progress::BlockReader;
use crate::live::{LiveCause, LiveSign};

/// Reads a live FFmpeg's log as it comes in pieces of so many bytes: what is told meanwhile, and how its end without
/// a code is explained.
pub fn live_log(
    plan: &StreamPlan,
    log: &[u8],
    piece: usize,
) -> (Vec<LiveSign>, (LiveCause, String)) {
    let mut reader = LogReader::new(plan);
    let mut signs = Vec::new();
    for piece in log.chunks(piece.max(1)) {
        reader.push(piece, |sign| signs.push(sign));
    }
    (signs, reader.cause(None))
}

/// Reads reports of progress as they come in pieces of so many bytes: the speed of each.
pub fn live_speeds(text: &[u8], piece: usize) -> Vec<Option<f64>> {
    let mut reader = BlockReader::default();
    let mut speeds = Vec::new();
    for piece in text.chunks(piece.max(1)) {
        reader.push(piece, |block| speeds.push(block.speed));
    }
    speeds
}
