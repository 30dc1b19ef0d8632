//! Animated pictures: how many there may be, and how fast.

use reelgate_domain::job::kind::transcode::{MOST_GIF_FPS, VideoCodec};
use reelgate_domain::job::{Fault, FaultCode};

use super::{Expected, FrameRate, VideoPlan};

/// Five minutes of the fastest GIF. Viewers hold much of an animation in memory, and so does the encoder of WebP.
pub(crate) const MOST_PICTURES: u32 = 15_000;

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

/// Why an animation of so many pictures is not made.
pub(crate) fn too_long(pictures: &str) -> Fault {
    let message = format!(
        "an animation has at most {MOST_PICTURES} pictures, and this one would have {pictures}: take a part of the source, or fewer frames a second"
    );
    Fault::new(FaultCode::SpecUnfit, message)
}

/// Whether an animation is as short as one has to be, where it is told how long the source is.
pub(super) fn check(video: &VideoPlan, expected: Expected) -> Result<(), Fault> {
    let seconds = expected.video_seconds.or(expected.seconds);
    let frames = seconds.unwrap_or(0.0) * video.fps.as_f64();
    if !video.codec.is_animation() || frames <= f64::from(MOST_PICTURES) {
        return Ok(());
    }
    Err(too_long(&format!("{frames:.0}")))
}
