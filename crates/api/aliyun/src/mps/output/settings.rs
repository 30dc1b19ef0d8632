//! The parts of an output that a template can hold too: container, video, audio, modes.

use reelgate_domain::job::kind::transcode::{Container, SegmentFormat, Settings};
use serde_json::{Map, Value};

use super::mode::Mode;
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
    let segment_seconds = segment_seconds(parts.object("MuxConfig")?)?;
    let container = container(parts.object("Container")?, segment_seconds)?;
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
    // Every range is checked above, under the name the caller knows; this is the net below.
    settings
        .validate()
        .map_err(|error| Refusal::new(Code::OutOfRange, error.field))?;
    Ok(settings)
}

fn container(part: Option<Fields<'_>>, segment_seconds: u32) -> Result<Container, Refusal> {
    let Some(mut fields) = part else {
        return Ok(Container::Mp4);
    };
    let format = fields.text("Format")?.unwrap_or_else(|| "mp4".to_owned());
    let container = match format.to_ascii_lowercase().as_str() {
        "mp4" => Container::Mp4,
        "m3u8" => Container::Hls {
            segments: SegmentFormat::Ts,
            segment_seconds,
        },
        "flv" => Container::Flv,
        "ts" => Container::Ts,
        "mp3" => Container::Mp3,
        "ogg" => Container::Ogg,
        "flac" => Container::Flac,
        "m4a" => Container::M4a,
        _ => return fields.refuse(Code::NotSupported, "Format"),
    };
    fields.finish()?;
    Ok(container)
}

/// Seconds of a segment. Files have none, and the setting changes nothing there or here.
fn segment_seconds(part: Option<Fields<'_>>) -> Result<u32, Refusal> {
    const DEFAULT: u32 = 10;
    let Some(mut fields) = part else {
        return Ok(DEFAULT);
    };
    let seconds = match fields.object("Segment")? {
        None => None,
        Some(mut segment) => {
            let seconds = segment.integer("Duration", 1..=60)?;
            segment.finish()?;
            seconds
        }
    };
    fields.finish()?;
    Ok(seconds.unwrap_or(DEFAULT))
}
