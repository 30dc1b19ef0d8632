//! ffprobe's JSON as facts.

use std::collections::HashMap;

use reelgate_domain::media::{
    AudioFacts, FormatFacts, Light, Mastering, MediaFacts, StreamDetail, StreamFacts, VideoFacts,
};
use serde::Deserialize;

use super::bright;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Format,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Format {
    nb_programs: u32,
    format_name: String,
    format_long_name: String,
    start_time: Option<String>,
    duration: Option<String>,
    size: Option<String>,
    bit_rate: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stream {
    index: u32,
    codec_name: Option<String>,
    codec_long_name: Option<String>,
    profile: Option<String>,
    codec_type: Option<String>,
    codec_tag_string: Option<String>,
    codec_tag: Option<String>,
    width: u32,
    height: u32,
    has_b_frames: u32,
    sample_aspect_ratio: Option<String>,
    display_aspect_ratio: Option<String>,
    pix_fmt: Option<String>,
    level: Option<i32>,
    color_range: Option<String>,
    color_space: Option<String>,
    color_transfer: Option<String>,
    color_primaries: Option<String>,
    field_order: Option<String>,
    sample_fmt: Option<String>,
    sample_rate: Option<String>,
    channels: Option<u32>,
    channel_layout: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    time_base: Option<String>,
    start_time: Option<String>,
    duration: Option<String>,
    bit_rate: Option<String>,
    nb_frames: Option<String>,
    nb_read_packets: Option<String>,
    disposition: HashMap<String, i32>,
    tags: HashMap<String, String>,
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SideData {
    /// Degrees counter-clockwise; whole in most releases.
    rotation: Option<f64>,
    #[serde(flatten)]
    bright: bright::SideData,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Frames {
    frames: Vec<Frame>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Frame {
    side_data_list: Vec<SideData>,
}

/// What the first frame that was asked for says of how it was mastered.
pub(super) fn told(answer: &[u8]) -> Result<Told, serde_json::Error> {
    let answer: Frames = serde_json::from_slice(answer)?;
    let frame = answer.frames.into_iter().next().unwrap_or_default();
    let data = &frame.side_data_list;
    Ok(Told {
        mastering: data.iter().find_map(|it| it.bright.mastering()),
        light: data.iter().find_map(|it| it.bright.light()),
    })
}

/// How a frame was mastered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) mastering: Option<Mastering>,
    pub(crate) light: Option<Light>,
}

pub(crate) fn facts(answer: &[u8]) -> Result<MediaFacts, serde_json::Error> {
    let answer: Answer = serde_json::from_slice(answer)?;
    let format = answer.format;
    Ok(MediaFacts {
        format: FormatFacts {
            name: format.format_name,
            long_name: format.format_long_name,
            programs: format.nb_programs,
            start_seconds: number(format.start_time),
            duration_seconds: number(format.duration),
            size_bytes: number(format.size).unwrap_or(0),
            bit_rate: number(format.bit_rate),
            md5: None,
        },
        streams: answer.streams.into_iter().map(stream).collect(),
        complexity: None,
    })
}

fn stream(mut stream: Stream) -> StreamFacts {
    let language = stream.tags.remove("language").filter(|tag| tag != "und");
    let detail = detail(&mut stream);
    StreamFacts {
        index: stream.index,
        codec_name: known(stream.codec_name),
        codec_long_name: known(stream.codec_long_name),
        codec_tag: stream.codec_tag,
        codec_tag_string: stream.codec_tag_string,
        profile: known(stream.profile),
        time_base: stream.time_base,
        duration_seconds: number(stream.duration)
            .or_else(|| tagged_duration(&stream.tags, number(stream.start_time.clone()))),
        start_seconds: number(stream.start_time),
        bit_rate: number(stream.bit_rate),
        frames: number(stream.nb_frames).or_else(|| number(stream.nb_read_packets)),
        language,
        detail,
    }
}

fn detail(stream: &mut Stream) -> StreamDetail {
    match stream.codec_type.as_deref() {
        Some("video") => StreamDetail::Video(VideoFacts {
            width: stream.width,
            height: stream.height,
            has_b_frames: stream.has_b_frames,
            sar: stream.sample_aspect_ratio.take(),
            dar: stream.display_aspect_ratio.take(),
            pixel_format: known(stream.pix_fmt.take()),
            level: stream.level.filter(|level| *level >= 0),
            base_rate: stream.r_frame_rate.take(),
            average_rate: stream.avg_frame_rate.take(),
            rotation: rotation(&stream.side_data_list),
            color_range: known(stream.color_range.take()),
            color_space: known(stream.color_space.take()),
            color_transfer: known(stream.color_transfer.take()),
            color_primaries: known(stream.color_primaries.take()),
            field_order: known(stream.field_order.take()),
            mastering: stream
                .side_data_list
                .iter()
                .find_map(|it| it.bright.mastering()),
            light: stream
                .side_data_list
                .iter()
                .find_map(|it| it.bright.light()),
            is_picture: ["attached_pic", "timed_thumbnails"]
                .iter()
                .any(|flag| stream.disposition.get(*flag).is_some_and(|set| *set != 0)),
        }),
        Some("audio") => StreamDetail::Audio(AudioFacts {
            sample_format: known(stream.sample_fmt.take()),
            sample_rate: number(stream.sample_rate.take()).filter(|rate| *rate > 0),
            channels: stream.channels.filter(|channels| *channels > 0),
            channel_layout: known(stream.channel_layout.take()),
        }),
        Some("subtitle") => StreamDetail::Subtitle,
        _ => StreamDetail::Other,
    }
}

/// Clockwise, as the file asks players to turn; angles between the quarters are not turned into
/// quarters by FFmpeg either.
fn rotation(side_data: &[SideData]) -> u32 {
    let Some(counter_clockwise) = side_data.iter().find_map(|data| data.rotation) else {
        return 0;
    };
    let clockwise = (-counter_clockwise).rem_euclid(360.0);
    [90, 180, 270]
        .into_iter()
        .find(|quarter| (clockwise - f64::from(*quarter)).abs() < 1.0)
        .unwrap_or(0)
}

/// Matroska keeps the length of a stream in a tag, `00:00:04.004000000`. Some programs, FFmpeg among
/// them, write the moment of its end instead, so the start is taken off: too short does less harm.
fn tagged_duration(tags: &HashMap<String, String>, start: Option<f64>) -> Option<f64> {
    let tag = tags
        .iter()
        .find(|(name, _)| name.to_ascii_uppercase().starts_with("DURATION"))?
        .1;
    let mut parts = tag.split(':').map(|part| part.trim().parse::<f64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let end = hours * 3600.0 + minutes * 60.0 + seconds;
    Some((end - start.unwrap_or(0.0)).max(0.0))
}

fn known(text: Option<String>) -> Option<String> {
    text.filter(|text| {
        !matches!(
            text.as_str(),
            "" | "unknown" | "unspecified" | "reserved" | "none" | "N/A"
        )
    })
}

fn number<T: std::str::FromStr>(text: Option<String>) -> Option<T> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_real_clips() {
        let facts: Vec<_> = ["phone_vfr_hevc_rot90_2video", "music_vibe_ace_coverart"]
            .map(crate::fixtures::facts)
            .into();
        insta::assert_debug_snapshot!(facts);
    }

    #[test]
    fn rotations_are_clockwise_quarters() {
        for (counter_clockwise, clockwise) in [
            (-90.0, 90),
            (90.0, 270),
            (180.0, 180),
            (-180.0, 180),
            (270.0, 90),
            (-0.5, 0),
            (45.0, 0),
        ] {
            let side_data = [SideData {
                rotation: Some(counter_clockwise),
                ..SideData::default()
            }];
            assert_eq!(rotation(&side_data), clockwise, "{counter_clockwise}");
        }
    }

    #[test]
    fn lengths_in_tags_are_read() {
        let tags = HashMap::from([("DURATION".to_owned(), "00:01:04.500000000".to_owned())]);
        assert_eq!(tagged_duration(&tags, None), Some(64.5));
        assert_eq!(tagged_duration(&tags, Some(0.5)), Some(64.0));
    }
}
