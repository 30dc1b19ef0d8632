//! Which streams of a source are copied into another container. Pure.

use std::time::Duration;

use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::transcode::{Container, SegmentFormat};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, StreamDetail, StreamFacts};

use super::{Expected, needs_of, stall, window};
use crate::engine::Capabilities;

/// A remux, fully decided.
#[derive(Clone, Debug, PartialEq)]
pub struct RemuxPlan {
    /// The name the main file gets: the last segment of the object's key.
    pub file_name: String,
    pub container: Container,
    /// The moving picture, if there is one, then all sound.
    pub streams: Vec<Copied>,
    pub remove_metadata: bool,
    pub expected: Expected,
    /// The longest time that it may go without progress.
    pub stall: Duration,
}

/// A stream that is taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// By its index in the source.
    pub stream: u32,
    pub is_video: bool,
    pub codec: String,
    /// How many packets the source's index has of it.
    pub packets: Option<u64>,
}

/// What MP4 has a registered form for that players know. FLAC is not among them: FFmpeg 5.1 writes it only
/// as an experiment.
const MP4: [&str; 17] = [
    "h264",
    "hevc",
    "vvc",
    "av1",
    "vp9",
    "mpeg4",
    "mpeg2video",
    "mpeg1video",
    "mjpeg",
    "aac",
    "mp3",
    "mp2",
    "ac3",
    "eac3",
    "opus",
    "alac",
    "dts",
];
/// What QuickTime has a form for.
const MOV: [&str; 13] = [
    "h264",
    "hevc",
    "mpeg4",
    "mpeg2video",
    "mjpeg",
    "prores",
    "aac",
    "mp3",
    "ac3",
    "eac3",
    "alac",
    "pcm_s16le",
    "pcm_s24le",
];
/// What Matroska has names for.
const MKV: [&str; 22] = [
    "h264",
    "hevc",
    "av1",
    "vp8",
    "vp9",
    "mpeg4",
    "mpeg2video",
    "mpeg1video",
    "mjpeg",
    "prores",
    "theora",
    "aac",
    "mp3",
    "mp2",
    "ac3",
    "eac3",
    "dts",
    "opus",
    "vorbis",
    "flac",
    "alac",
    "pcm_s16le",
];
/// What segments of fragmented MP4 hold.
const FMP4: [&str; 10] = [
    "h264", "hevc", "av1", "vp9", "aac", "mp3", "ac3", "eac3", "opus", "alac",
];
/// What segments of transport streams hold.
const TS: [&str; 9] = [
    "h264",
    "hevc",
    "mpeg2video",
    "mpeg1video",
    "aac",
    "mp3",
    "mp2",
    "ac3",
    "eac3",
];

/// Decides everything about a remux.
pub fn remux_plan(
    spec: &RemuxSpec,
    facts: &MediaFacts,
    capabilities: &Capabilities,
) -> Result<RemuxPlan, Fault> {
    let unfit = |message: String| Fault::new(FaultCode::SpecUnfit, message);
    spec.validate().map_err(|error| unfit(error.to_string()))?;
    let video = facts.video().map(|(stream, _)| stream);
    let is_sound = |stream: &&StreamFacts| matches!(stream.detail, StreamDetail::Audio(_));
    let sound: Vec<&StreamFacts> = facts.streams.iter().filter(is_sound).collect();
    let mut streams = Vec::new();
    for stream in video.into_iter().chain(sound.iter().copied()) {
        let is_video = matches!(stream.detail, StreamDetail::Video(_));
        let what = if is_video { "video" } else { "audio" };
        let Some(codec) = stream.codec_name.clone() else {
            return Err(super::undecodable(what, stream.index));
        };
        if !holds(spec.container).contains(&codec.as_str()) {
            return Err(unfit(format!(
                "{} cannot hold the source's {what} stream {}, which is {codec}, unless it is encoded anew",
                named(spec.container),
                stream.index
            )));
        }
        streams.push(Copied {
            stream: stream.index,
            is_video,
            codec,
            packets: stream.frames,
        });
    }
    if streams.is_empty() {
        let message = "the source has neither video nor audio";
        return Err(Fault::new(FaultCode::SourceUnreadable, message));
    }
    let whole = window::window(None, facts)?;
    let expected = window::expected(&whole, facts, [video, sound.first().copied()]);
    window::check_length(&whole, &expected)?;
    let needed = needs_of(spec.container).into_iter();
    if let Some(part) = needed.into_iter().find(|part| !capabilities.has(*part)) {
        let message = format!("the FFmpeg installed was built without the {part}");
        return Err(Fault::new(FaultCode::EngineLacks, message));
    }
    Ok(RemuxPlan {
        file_name: spec.output.key.file_name().to_owned(),
        container: spec.container,
        streams,
        remove_metadata: spec.remove_metadata,
        expected,
        stall: stall::stall(None, &whole),
    })
}

impl RemuxPlan {
    /// The codec of the picture, if one is copied.
    pub(crate) fn video_codec(&self) -> Option<&str> {
        let video = self.streams.iter().find(|stream| stream.is_video);
        video.map(|stream| stream.codec.as_str())
    }
}

pub(super) const fn holds(container: Container) -> &'static [&'static str] {
    match container {
        Container::Mp4 => &MP4,
        Container::Hls {
            segments: SegmentFormat::Ts,
            ..
        } => &TS,
        Container::Hls {
            segments: SegmentFormat::Fmp4,
            ..
        }
        | Container::Dash { .. } => &FMP4,
        // Copies of single streams go here; a remux is refused before.
        Container::Mov => &MOV,
        Container::Mkv => &MKV,
        Container::Webm => &["vp8", "vp9", "av1", "opus", "vorbis"],
        Container::Ts => &TS,
        Container::Flv => &["h264", "aac", "mp3"],
        Container::M4a => &["aac", "ac3", "alac"],
        Container::Mp3 => &["mp3"],
        Container::Adts => &["aac"],
        Container::Ogg => &["vorbis", "opus", "flac"],
        Container::Flac => &["flac"],
        // Their pictures are made for them alone.
        Container::Gif { .. } | Container::Webp { .. } => &[],
        Container::Wav => &["pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"],
    }
}

pub(super) const fn named(container: Container) -> &'static str {
    match container {
        Container::Mp4 => "MP4",
        Container::Hls {
            segments: SegmentFormat::Ts,
            ..
        } => "HLS with transport streams",
        Container::Hls {
            segments: SegmentFormat::Fmp4,
            ..
        } => "HLS with fragmented MP4",
        other => other.extension(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::argv::remux::remux_argv;
    use crate::fixtures;

    fn planned(clip: &str, container: Value) -> Result<RemuxPlan, Fault> {
        let name = match container["format"] == "hls" {
            true => "a/out.m3u8",
            false => "a/out.mp4",
        };
        let spec = json!({
            "input": {"bucket": "media", "key": "in"}, "output": {"bucket": "media", "key": name},
            "container": container, "remove_metadata": true,
        });
        let spec = serde_json::from_value(spec).unwrap();
        remux_plan(&spec, &fixtures::facts(clip), &Capabilities::complete())
    }

    #[test]
    fn the_first_moving_picture_and_all_sound_are_taken() {
        let plan = planned("bbb_720p25_aac51", json!({"format": "mp4"})).unwrap();
        let codecs: Vec<_> = plan.streams.iter().map(|it| &*it.codec).collect();
        assert_eq!(codecs, ["h264", "aac"]);
        let plan = planned("phone_vfr_hevc_rot90_2video", json!({"format": "mp4"})).unwrap();
        assert_eq!(plan.streams.iter().filter(|it| it.is_video).count(), 1);
    }

    #[test]
    fn what_a_container_cannot_hold_is_a_fault_that_names_it() {
        let ts = json!({"format": "hls"});
        for (clip, container, codec) in [
            ("speech_libri_5703", json!({"format": "mp4"}), "vorbis"),
            ("tos_battle_800x332_vp8", json!({"format": "mp4"}), "vp8"),
            ("hdr10_av1_vertical_720x1280", ts, "av1"),
        ] {
            let fault = planned(clip, container).unwrap_err();
            assert_eq!(fault.code, FaultCode::SpecUnfit);
            assert!(fault.message.contains(codec), "{}", fault.message);
        }
        let fmp4 = json!({"format": "hls", "segments": "fmp4"});
        planned("hdr10_av1_vertical_720x1280", fmp4).unwrap();
    }

    #[test]
    fn streams_are_copied_and_tags_left_out() {
        let container = json!({"format": "hls", "segment_seconds": 4});
        let plan = planned("bbb_720p25_aac51", container).unwrap();
        let args = remux_argv(&plan, "/data/in.mp4".as_ref(), "0".as_ref());
        let args: Vec<_> = args.iter().map(|arg| arg.to_str().unwrap()).collect();
        let has = |wanted: &[&str]| args.windows(wanted.len()).any(|some| some == wanted);
        assert!(
            has(&["-map", "0:0", "-map", "0:1", "-c", "copy"]),
            "{args:?}"
        );
        assert!(
            has(&["-map_metadata", "-1", "-map_chapters", "-1"]),
            "{args:?}"
        );
        assert!(has(&["-hls_time", "4"]), "{args:?}");
        // Nobody knows whether groups of pictures are closed.
        assert!(
            !args.iter().any(|arg| arg.contains("independent")),
            "{args:?}"
        );
    }
}
