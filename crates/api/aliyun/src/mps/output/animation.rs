//! The `Video` part of an animated picture, which has few members.

use reelgate_domain::job::kind::transcode::{
    AboveSource, Container, GifColours, MOST_GIF_FPS, VideoCodec, VideoSettings,
};
use serde_json::{Map, Value};

use super::mode::{Mode, TransMode};
use super::picture;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::{Fields, scalar};

/// What of a template's picture has a meaning for an animation.
const TAKEN: [&str; 10] = [
    "Codec",
    "Width",
    "Height",
    "Fps",
    "MaxFps",
    "ScanMode",
    "LongShortMode",
    "Crop",
    "Pad",
    "Hdr2sdr",
];

/// What of its modes has none.
const OF_RATES: [&str; 3] = [
    "TransMode",
    "IsCheckVideoBitrate",
    "IsCheckVideoBitrateFail",
];

/// Takes out of a template what it says of rates and key frames, where the output makes an animation of it.
pub(super) fn without_rates(template: &mut Map<String, Value>, own: &Map<String, Value>) {
    let member = |part: &str, name: &str| scalar(own.get(part)?.get(name)?);
    let is = |name: Option<String>, of: [&str; 2]| {
        name.is_some_and(|name| of.iter().any(|it| name.eq_ignore_ascii_case(it)))
    };
    let is_animation = is(member("Video", "Codec"), ["GIF", "WEBP"])
        && is(member("Container", "Format"), ["gif", "webp"]);
    if !is_animation {
        return;
    }
    if let Some(Value::Object(video)) = template.get_mut("Video") {
        video.retain(|name, _| TAKEN.contains(&name.as_str()));
    }
    if let Some(Value::Object(config)) = template.get_mut("TransConfig") {
        config.retain(|name, _| !OF_RATES.contains(&name.as_str()));
    }
}

/// Reads what is left of the part when its codec is known.
pub(super) fn read(
    mut fields: Fields<'_>,
    mode: Mode,
    (codec, container): (VideoCodec, Container),
) -> Result<VideoSettings, Refusal> {
    if mode.trans != TransMode::OnePass {
        return Err(Refusal::new(Code::NotSupported, "TransConfig.TransMode"));
    }
    let flag = match mode.video {
        AboveSource::Keep => None,
        AboveSource::Lower => Some("TransConfig.IsCheckVideoBitrate"),
        AboveSource::Fail => Some("TransConfig.IsCheckVideoBitrateFail"),
    };
    if let Some(flag) = flag {
        return Err(Refusal::new(Code::NotSupported, flag));
    }
    let most = match codec {
        VideoCodec::Gif => MOST_GIF_FPS,
        _ => 60.0,
    };
    let mut settings = VideoSettings {
        codec,
        width: fields.integer("Width", 128..=4096)?,
        height: fields.integer("Height", 128..=4096)?,
        fps: fields.decimal("Fps", |fps| fps > 0.0 && fps <= most)?,
        ..VideoSettings::default()
    };
    let samples = fields.text("PixFmt")?.map(|name| name.to_ascii_lowercase());
    let has_general = matches!(
        container,
        Container::Gif {
            colours: GifColours::General,
            ..
        }
    );
    match (codec, samples.as_deref()) {
        (_, None) | (VideoCodec::Webp, Some("yuv420p")) => {}
        (VideoCodec::Gif, Some("bgr8")) if has_general => {}
        _ => return fields.refuse(Code::NotSupported, "PixFmt"),
    }
    picture::read_frames(&mut fields, &mut settings)?;
    fields.finish()?;
    Ok(settings)
}
