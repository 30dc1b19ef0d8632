//! Moments at which segments of HLS begin, besides those that their length makes.

use super::{Container, OutOfRange, OutputSpec, SegmentFormat, VideoCodec, check};

/// The vendor that has them takes as many.
const MOST_MOMENTS: usize = 10;
/// Two days, which is as long as an output can be.
const MOST_MS: u64 = 172_800_000;

impl OutputSpec {
    pub(super) fn check_segment_at(&self) -> Result<(), OutOfRange> {
        let moments = &self.segment_at_ms;
        if moments.is_empty() {
            return Ok(());
        }
        let field = "segment_at_ms";
        let is_ts = matches!(
            self.settings.container,
            Container::Hls {
                segments: SegmentFormat::Ts,
                ..
            }
        );
        check(is_ts, field, "left out but for hls of transport streams")?;
        let video = self.settings.video.as_ref();
        let is_copied = video.is_some_and(|video| video.codec == VideoCodec::Copy);
        check(
            !is_copied,
            field,
            "left out where the picture is copied, which has key frames of its own",
        )?;
        let ascends = moments.windows(2).all(|pair| pair[0] < pair[1]);
        let fits = |ms: &u64| (1..MOST_MS).contains(ms);
        check(
            moments.len() <= MOST_MOMENTS && ascends && moments.iter().all(fits),
            field,
            "at most 10 moments in their order, each above 0 and below 172800000 ms",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(container: &str, video: &str, moments: &str) -> Result<(), OutOfRange> {
        let spec = format!(
            r#"{{"object":{{"bucket":"media","key":"a.m3u8"}},"segment_at_ms":{moments},
            "settings":{{"container":{container},"video":{video},"audio":{{}}}}}}"#
        );
        serde_json::from_str::<OutputSpec>(&spec)
            .unwrap()
            .validate()
    }

    #[test]
    fn moments_are_of_segments_and_in_their_order() {
        let (ts, fmp4) = (
            r#"{"format":"hls"}"#,
            r#"{"format":"hls","segments":"fmp4"}"#,
        );
        assert_eq!(checked(ts, "{}", "[1, 2500]"), Ok(()));
        assert_eq!(checked(fmp4, "{}", "[]"), Ok(()));
        for (container, video, moments) in [
            (fmp4, "{}", "[2500]"),
            (r#"{"format":"mp4"}"#, "{}", "[2500]"),
            (ts, r#"{"codec":"copy"}"#, "[2500]"),
            (ts, "{}", "[0]"),
            (ts, "{}", "[2500, 2500]"),
            (ts, "{}", "[172800000]"),
            (ts, "{}", "[1,2,3,4,5,6,7,8,9,10,11]"),
        ] {
            let error = checked(container, video, moments).unwrap_err();
            assert_eq!(
                error.field, "segment_at_ms",
                "{container} {video} {moments}"
            );
        }
    }
}
