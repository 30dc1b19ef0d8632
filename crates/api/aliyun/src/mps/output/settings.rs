//! The parts of an output that a template can hold too: container, video, audio, modes.

use reelgate_domain::job::kind::transcode::{Container, Scan, SegmentFormat, Settings};
use serde_json::{Map, Value};

use super::mode::Mode;
use super::mux::Mux;
use super::picture::Resizing;
use super::{audio, video};
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// The names of these parts.
pub(in crate::mps) const PARTS: [&str; 5] =
    ["Container", "Video", "Audio", "TransConfig", "MuxConfig"];

/// Reads the parameters of a template, or those of a template with an output's own over them.
pub(in crate::mps) fn read(parameters: &Map<String, Value>) -> Result<Settings, Refusal> {
    let mut parts = Fields::new("", parameters);
    let mux = Mux::read(parts.object("MuxConfig")?)?;
    let container = container(parts.object("Container")?, &mux)?;
    let mut config = parts.object("TransConfig")?;
    let resizing = Resizing::read(config.as_mut())?;
    let mode = Mode::read(config)?;
    let mut video = video::read(parts.object("Video")?, mode, container)?;
    if let Some(video) = &mut video {
        resizing.apply(video)?;
    }
    let audio = audio::read(parts.object("Audio")?, mode, container)?;
    parts.finish()?;
    if video.is_none() && audio.is_none() {
        return Err(Refusal::new(Code::Invalid, "Audio.Remove"));
    }
    let settings = Settings {
        container,
        video,
        audio,
        stall_seconds: None,
    };
    let is_interlaced = settings
        .video
        .as_ref()
        .is_some_and(|video| video.scan == Scan::Interlaced);
    if is_interlaced && container.segment_seconds().is_some() {
        return Err(Refusal::new(Code::NotSupported, "Video.ScanMode"));
    }
    // Every range is checked above, under the name the caller knows; this is the net below.
    settings
        .validate()
        .map_err(|error| Refusal::new(Code::OutOfRange, error.field))?;
    Ok(settings)
}

fn container(part: Option<Fields<'_>>, mux: &Mux) -> Result<Container, Refusal> {
    let Some(mut fields) = part else {
        return Ok(Container::Mp4);
    };
    let format = fields.text("Format")?.unwrap_or_else(|| "mp4".to_owned());
    let container = match format.to_ascii_lowercase().as_str() {
        "mp4" => Container::Mp4,
        "m3u8" => Container::Hls {
            segments: SegmentFormat::Ts,
            segment_seconds: mux.segment_seconds,
        },
        "mpd" => Container::Dash {
            segment_seconds: mux.segment_seconds,
            hls: false,
        },
        "flv" => Container::Flv,
        "ts" => Container::Ts,
        "mp3" => Container::Mp3,
        "ogg" => Container::Ogg,
        "flac" => Container::Flac,
        "m4a" => Container::M4a,
        "gif" => Container::Gif {
            plays: mux.gif.plays,
            final_delay_cs: mux.gif.final_delay_cs,
            colours: mux.gif.colours,
        },
        "webp" => Container::Webp {
            plays: mux.webp_plays,
        },
        _ => return fields.refuse(Code::NotSupported, "Format"),
    };
    fields.finish()?;
    Ok(container)
}

/// The same, and when segments begin besides.
pub(super) fn read_whole(parameters: &Map<String, Value>) -> Result<(Settings, Vec<u64>), Refusal> {
    let settings = read(parameters)?;
    let points = points(parameters, settings.container)?;
    Ok((settings, points))
}

/// When segments begin besides, in milliseconds. Files have none, and those of MPEG-DASH begin by their length alone.
pub(super) fn points(
    parameters: &Map<String, Value>,
    container: Container,
) -> Result<Vec<u64>, Refusal> {
    let part = Fields::new("", parameters).object("MuxConfig")?;
    let mux = Mux::read(part)?;
    match container {
        Container::Hls { .. } => Ok(mux.points),
        Container::Dash { .. } if !mux.points.is_empty() => Err(Refusal::new(
            Code::NotSupported,
            "MuxConfig.Segment.ForceSegTime",
        )),
        _ => Ok(Vec::new()),
    }
}
