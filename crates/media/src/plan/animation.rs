//! Animated pictures: how many there may be, and how fast.

use reelgate_domain::job::kind::transcode::{MOST_GIF_FPS, VideoCodec};
use reelgate_domain::job::{Fault, FaultCode};

use super::{Expected, FrameRate, VideoPlan};

/// Five minutes of the fastest GIF. Viewers hold much of an animation in memory, and so does the encoder of WebP.
const MOST_FRAMES: f64 = 15_000.0;

/// The rate of an animation: GIF has no shorter delays.
pub(super) fn held_rate(codec: VideoCodec, fps: FrameRate) -> FrameRate {
    match codec {
        VideoCodec::Gif if fps.as_f64() > MOST_GIF_FPS => FrameRate {
            num: MOST_GIF_FPS as u32,
            den: 1,
        },
        _ => fps,
    }
}

/// Whether an animation is as short as one has to be.
pub(super) fn check(video: &VideoPlan, expected: Expected) -> Result<(), Fault> {
    let seconds = expected.video_seconds.or(expected.seconds);
    let frames = seconds.unwrap_or(0.0) * video.fps.as_f64();
    if !video.codec.is_animation() || frames <= MOST_FRAMES {
        return Ok(());
    }
    let message = format!(
        "an animation has at most {MOST_FRAMES:.0} pictures, and this one would have {frames:.0}: take a part of the source, or fewer frames a second"
    );
    Err(Fault::new(FaultCode::SpecUnfit, message))
}
