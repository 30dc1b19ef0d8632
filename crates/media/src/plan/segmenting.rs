//! When segments begin where their length does not say it alone.

use reelgate_domain::job::kind::transcode::{Container, OutputSpec};
use reelgate_domain::job::{Fault, FaultCode};

use super::{Expected, FrameRate, VideoPlan};

/// All of them stand in one argument, which may have 128 KiB.
const MOST_STARTS: usize = 8000;
/// Smaller than the distance of any frame to a moment that it is not at.
const EPSILON: f64 = 0.000_1;

/// The beginnings of all segments but the first, in seconds; none if none are asked for.
pub(super) fn starts(
    spec: &OutputSpec,
    video: Option<&VideoPlan>,
    expected: Expected,
) -> Result<Vec<f64>, Fault> {
    let Container::Hls {
        segment_seconds, ..
    } = spec.settings.container
    else {
        return Ok(Vec::new());
    };
    if spec.segment_at_ms.is_empty() {
        return Ok(Vec::new());
    }
    let fps = video.map(|video| video.fps);
    let end = expected.seconds.unwrap_or(f64::INFINITY);
    let regular = (1..=MOST_STARTS as u64).map(|number| number * u64::from(segment_seconds) * 1000);
    let moments = regular.chain(spec.segment_at_ms.iter().copied());
    let mut starts: Vec<f64> = moments
        .map(|ms| shown_at(ms, fps))
        .filter(|seconds| *seconds < end)
        .collect();
    starts.sort_by(f64::total_cmp);
    // A frame starts one segment.
    starts.dedup();
    let is_whole = expected.seconds.is_none() || starts.len() <= MOST_STARTS;
    let reach = MOST_STARTS as f64 * f64::from(segment_seconds);
    if is_whole && (expected.seconds.is_none() || end <= reach) {
        starts.truncate(MOST_STARTS);
        return Ok(starts);
    }
    let message = format!(
        "segments begin at chosen moments where there are at most {MOST_STARTS} of them: make them longer than {segment_seconds} s"
    );
    Err(Fault::new(FaultCode::SpecUnfit, message))
}

/// Gives the picture a key frame wherever a segment is to begin.
pub(super) fn mark(spec: &OutputSpec, video: &mut VideoPlan) {
    let moments = spec.segment_at_ms.iter();
    video.key_frames.also_at = moments.map(|ms| shown_at(*ms, Some(video.fps))).collect();
}

/// When the first frame at or after a moment is shown.
fn shown_at(ms: u64, fps: Option<FrameRate>) -> f64 {
    let seconds = ms as f64 / 1000.0;
    fps.map_or(seconds, |fps| {
        let frame = (seconds * fps.as_f64() - EPSILON).ceil();
        frame * f64::from(fps.den) / f64::from(fps.num)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Capabilities;
    use crate::fixtures;
    use crate::plan::plan;

    fn starts_of(settings: &str, moments: &str) -> Vec<f64> {
        let spec = format!(
            r#"{{"object":{{"bucket":"media","key":"a.m3u8"}},"segment_at_ms":{moments},"settings":{settings}}}"#
        );
        let spec: OutputSpec = serde_json::from_str(&spec).unwrap();
        let source = fixtures::facts("bbb_720p25_aac51");
        let plan = plan(&spec, &source, &Capabilities::complete()).unwrap();
        plan.segment_starts
    }

    #[test]
    fn segments_begin_with_a_frame_after_their_length_and_where_asked_for() {
        let picture = r#"{"container":{"format":"hls","segment_seconds":2},"video":{},"audio":{}}"#;
        let found = starts_of(picture, "[1010, 1030, 2000, 3333, 900000]");
        // At 25 frames a second; two moments of one frame are one.
        assert_eq!(found[..3], [1.04, 2.0, 3.36]);
        assert_eq!(starts_of(picture, "[]"), [0.0; 0]);
        let sound = r#"{"container":{"format":"hls","segment_seconds":2},"audio":{}}"#;
        assert_eq!(starts_of(sound, "[1010, 2001]")[..3], [1.01, 2.0, 2.001]);
    }
}
