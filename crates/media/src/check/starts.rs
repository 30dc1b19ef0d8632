//! Whether segments begin at the moments that were asked for.

use reelgate_domain::job::{Fault, FaultCode};

use crate::plan::Plan;
use crate::playlist::MediaPlaylist;

/// A packet of sound, which is all that there is to begin with where there is no picture, and rounding.
const SLACK_SECONDS: f64 = 0.1;

pub(super) fn check(plan: &Plan, playlist: &MediaPlaylist) -> Result<(), Fault> {
    let slack = match &plan.video {
        Some(video) => video.fps.frame_seconds() / 2.0,
        None => SLACK_SECONDS,
    };
    let mut found = vec![0.0];
    for segment in &playlist.segments {
        found.push(found[found.len() - 1] + segment.seconds);
    }
    let end = found[found.len() - 1];
    let missed = plan.segment_starts.iter().find(|start| {
        **start + slack < end && !found.iter().any(|it| (it - **start).abs() <= slack)
    });
    match missed {
        None => Ok(()),
        Some(start) => Err(Fault::new(
            FaultCode::EngineFailed,
            format!("no segment begins at {start:.3} s"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Capabilities;
    use crate::fixtures;
    use crate::playlist::Segment;

    #[test]
    fn a_segment_that_begins_elsewhere_is_not_taken() {
        let spec = r#"{"object":{"bucket":"media","key":"a.m3u8"},"segment_at_ms":[2480],
            "settings":{"container":{"format":"hls","segment_seconds":4},"video":{}}}"#;
        let spec = serde_json::from_str(spec).unwrap();
        let source = fixtures::facts("bbb_720p25_aac51");
        let plan = crate::plan::plan(&spec, &source, &Capabilities::complete()).unwrap();
        let judged = |lengths: &[f64]| {
            let segments = lengths.iter().map(|seconds| Segment {
                uri: "out-00001.ts".to_owned(),
                seconds: *seconds,
            });
            let playlist = MediaPlaylist {
                target_seconds: 4,
                init: None,
                segments: segments.collect(),
            };
            check(&plan, &playlist)
        };
        assert_eq!(judged(&[2.48, 1.52, 1.28]), Ok(()));
        for wrong in [&[2.52, 1.48, 1.28][..], &[4.0, 1.28]] {
            let fault = judged(wrong).unwrap_err();
            assert!(fault.message.contains("2.480 s"), "{}", fault.message);
        }
    }
}
