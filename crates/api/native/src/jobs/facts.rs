//! How this API shows what a probe found in an output: the few facts that people ask for.

use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::media::{AudioFacts, Complexity, MediaFacts, StreamFacts, VideoFacts};
use serde::Serialize;

/// `{"container", "duration_s", "size_bytes", "bit_rate", "video": {…}, "audio": {…}}`; rates are in
/// bits a second, sizes count all files of the output, and what the probe did not tell is null. Of files that
/// were looked at as a whole there is `md5`, and `complexity` where that was measured.
#[derive(Serialize)]
pub(crate) struct FactsView<'a> {
    container: &'a str,
    duration_s: Option<f64>,
    size_bytes: u64,
    bit_rate: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5: Option<&'a str>,
    video: Option<VideoView<'a>>,
    audio: Option<AudioView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complexity: Option<&'a Complexity>,
}

/// `{"codec", "profile", "width", "height", "fps", "bit_rate", "frames", "pixel_format"}`; `fps` is
/// the average.
#[derive(Serialize)]
struct VideoView<'a> {
    codec: Option<&'a str>,
    profile: Option<&'a str>,
    width: u32,
    height: u32,
    fps: Option<f64>,
    bit_rate: Option<u64>,
    frames: Option<u64>,
    pixel_format: Option<&'a str>,
}

/// `{"codec", "profile", "sample_rate", "channels", "bit_rate"}`.
#[derive(Serialize)]
struct AudioView<'a> {
    codec: Option<&'a str>,
    profile: Option<&'a str>,
    sample_rate: Option<u32>,
    channels: Option<u32>,
    bit_rate: Option<u64>,
}

impl<'a> FactsView<'a> {
    pub(crate) fn of(facts: &'a MediaFacts, asked: Option<&Container>) -> Self {
        Self {
            container: container(&facts.format.name, asked),
            duration_s: facts.format.duration_seconds,
            size_bytes: facts.format.size_bytes,
            bit_rate: facts.format.bit_rate,
            md5: facts.format.md5.as_deref(),
            video: facts.video().map(VideoView::of),
            audio: facts.audio().map(AudioView::of),
            complexity: facts.complexity.as_ref(),
        }
    }
}

/// A demuxer has a list of names (`mov,mp4,m4a,…`): the one that was asked for if it is in the
/// list, else the first.
fn container<'a>(names: &'a str, asked: Option<&Container>) -> &'a str {
    let asked = asked.map_or("", |asked| match asked {
        Container::Hls { .. } => "hls",
        Container::Dash { .. } => "dash",
        Container::Mkv => "matroska",
        Container::Ts => "mpegts",
        other => other.extension(),
    });
    let mut each = names.split(',');
    let first = each.clone().next().unwrap_or(names);
    each.find(|name| *name == asked).unwrap_or(first)
}

impl<'a> VideoView<'a> {
    fn of((stream, video): (&'a StreamFacts, &'a VideoFacts)) -> Self {
        Self {
            codec: stream.codec_name.as_deref(),
            profile: stream.profile.as_deref(),
            width: video.width,
            height: video.height,
            fps: video.average_rate.as_deref().and_then(ratio),
            bit_rate: stream.bit_rate,
            frames: stream.frames,
            pixel_format: video.pixel_format.as_deref(),
        }
    }
}

impl<'a> AudioView<'a> {
    fn of((stream, audio): (&'a StreamFacts, &'a AudioFacts)) -> Self {
        Self {
            codec: stream.codec_name.as_deref(),
            profile: stream.profile.as_deref(),
            sample_rate: audio.sample_rate,
            channels: audio.channels,
            bit_rate: stream.bit_rate,
        }
    }
}

/// `30000/1001` as a number with at most three digits behind the point.
fn ratio(text: &str) -> Option<f64> {
    let (over, under) = text.split_once('/')?;
    let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
    (under > 0.0).then(|| (over / under * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number() {
        assert_eq!(ratio("30000/1001"), Some(29.97));
        assert_eq!(ratio("25/1"), Some(25.0));
        assert_eq!(ratio("0/0"), None);
    }

    #[test]
    fn the_container_goes_by_the_name_that_was_asked_for() {
        let hls = Container::Hls {
            segments: Default::default(),
            segment_seconds: 6,
        };
        assert_eq!(
            container("mov,mp4,m4a,3gp,3g2,mj2", Some(&Container::Mp4)),
            "mp4"
        );
        assert_eq!(container("hls", Some(&hls)), "hls");
        assert_eq!(container("mpegts", Some(&hls)), "mpegts");
    }
}
