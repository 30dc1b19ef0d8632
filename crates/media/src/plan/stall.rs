//! How long an output may go without progress.

use std::time::Duration;

use reelgate_domain::job::kind::transcode::{Container, DEFAULT_STALL_SECONDS, RateControl};
use reelgate_domain::media::MediaFacts;

use super::{Plan, Seek, VideoPlan};

/// Moving the index to the front rewrites the file, of which FFmpeg tells nothing; a slow disk does
/// it at this rate.
const REWRITTEN_BYTES_A_SECOND: f64 = 20e6;
/// What a pixel costs where only quality limits it: half a bit is more than any film but noise.
const BITS_A_PIXEL: f64 = 0.5;

/// The patience asked for, and with it the time in which nothing can show that anything happens.
pub(super) fn stall(plan: &Plan, seconds: Option<u32>, facts: &MediaFacts) -> Duration {
    let asked = Duration::from_secs(u64::from(seconds.unwrap_or(DEFAULT_STALL_SECONDS)));
    // Decoding up to the start goes at the speed of playing it, if at nothing better.
    let skipping = match plan.window.seek {
        Seek::Decode => Duration::from_millis(plan.window.start_ms),
        Seek::Index => Duration::ZERO,
    };
    let rewriting = match plan.container {
        Container::Mp4 => bytes(plan, facts) / REWRITTEN_BYTES_A_SECOND,
        Container::Hls { .. } => 0.0,
    };
    asked
        .saturating_add(skipping)
        .saturating_add(Duration::from_secs(rewriting.ceil() as u64))
}

/// About the size of the output, rather more than less.
fn bytes(plan: &Plan, facts: &MediaFacts) -> f64 {
    let clip_seconds = plan.window.length_ms.map(|length| length as f64 / 1000.0);
    let guessed = facts.format.duration_seconds;
    let seconds = plan.expected.seconds.or(clip_seconds).or(guessed);
    let kbps = plan.video.as_ref().map_or(0.0, video_kbps)
        + plan.audio.map_or(0.0, |audio| f64::from(audio.kbps));
    let seconds = seconds.unwrap_or(0.0).clamp(0.0, super::MOST_SECONDS);
    kbps * 1000.0 / 8.0 * seconds
}

fn video_kbps(video: &VideoPlan) -> f64 {
    let by_size = video.size.pixels() as f64 * video.fps.as_f64() * BITS_A_PIXEL / 1000.0;
    match video.rate {
        RateControl::Crf { cap: None, .. } => by_size,
        RateControl::Crf { cap: Some(cap), .. } => by_size.min(f64::from(cap.maxrate_kbps)),
        RateControl::Average { kbps, .. } | RateControl::Constant { kbps } => f64::from(kbps),
    }
}
