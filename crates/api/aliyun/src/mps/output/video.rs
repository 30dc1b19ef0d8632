//! The `Video` part of an output.

use reelgate_domain::job::kind::transcode::{
    Container, EncoderPreset, Gop, VideoCodec, VideoProfile, VideoSettings,
};

use super::mode::{Mode, TransMode};
use super::rate::rate;
use super::{animation, picture};
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// Reads the part; `None` if the output has no video.
pub(super) fn read(
    part: Option<Fields<'_>>,
    mode: Mode,
    container: Container,
) -> Result<Option<VideoSettings>, Refusal> {
    let Some(mut fields) = part else {
        return Ok(None);
    };
    let removed = fields.flag("Remove")?;
    let codec = codec(&mut fields, container)?;
    if !removed && !container.holds_video(codec) {
        return fields.refuse(Code::NotSupported, "Codec");
    }
    if !removed && codec.is_animation() {
        return animation::read(fields, mode, (codec, container)).map(Some);
    }
    let mut settings = VideoSettings {
        codec,
        width: fields.integer("Width", 128..=4096)?,
        height: fields.integer("Height", 128..=4096)?,
        fps: fields.decimal("Fps", |fps| fps > 0.0 && fps <= 60.0)?,
        rate: rate(&mut fields, mode.trans, codec)?,
        two_pass: mode.trans == TransMode::TwoPass,
        above_source: mode.video,
        gop: gop(&mut fields)?,
        preset: preset(&mut fields, codec)?,
        profile: profile(&mut fields, codec)?,
        ..VideoSettings::default()
    };
    picture::read(&mut fields, &mut settings)?;
    fields.finish()?;
    Ok((!removed).then_some(settings))
}

/// AV1 is in the documentation of the newer engine alone. Animations have one each.
fn codec(fields: &mut Fields<'_>, container: Container) -> Result<VideoCodec, Refusal> {
    let Some(name) = fields.text("Codec")? else {
        return Ok(match container {
            Container::Gif { .. } => VideoCodec::Gif,
            Container::Webp { .. } => VideoCodec::Webp,
            _ => VideoCodec::default(),
        });
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "h.264" => VideoCodec::H264,
        "h.265" => VideoCodec::H265,
        "av1" => VideoCodec::Av1,
        "gif" => VideoCodec::Gif,
        "webp" => VideoCodec::Webp,
        _ => return fields.refuse(Code::NotSupported, "Codec"),
    })
}

/// A number of frames, or of seconds with the suffix `s`; 10 seconds when absent.
fn gop(fields: &mut Fields<'_>) -> Result<Gop, Refusal> {
    let Some(text) = fields.text("Gop")? else {
        return Ok(Gop::default());
    };
    let Some(seconds) = text.trim().strip_suffix('s') else {
        let frames = fields.integer("Gop", 1..=100_000)?;
        return Ok(frames.map_or_else(Gop::default, Gop::Frames));
    };
    match seconds.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 100_000.0 => Ok(Gop::Seconds(seconds)),
        Ok(seconds) if seconds.is_finite() => fields.refuse(Code::OutOfRange, "Gop"),
        _ => fields.refuse(Code::NumberFormat, "Gop"),
    }
}

/// Of H.264 alone, says the documentation.
fn preset(fields: &mut Fields<'_>, codec: VideoCodec) -> Result<EncoderPreset, Refusal> {
    let Some(name) = fields.text("Preset")? else {
        return Ok(EncoderPreset::default());
    };
    if codec != VideoCodec::H264 {
        return fields.refuse(Code::NotSupported, "Preset");
    }
    Ok(match name.to_ascii_lowercase().as_str() {
        "veryfast" => EncoderPreset::Veryfast,
        "fast" => EncoderPreset::Fast,
        "medium" => EncoderPreset::Medium,
        "slow" => EncoderPreset::Slow,
        "slower" => EncoderPreset::Slower,
        _ => return fields.refuse(Code::OutOfRange, "Preset"),
    })
}

/// Of H.264 alone, says the documentation.
fn profile(fields: &mut Fields<'_>, codec: VideoCodec) -> Result<VideoProfile, Refusal> {
    let name = fields.text("Profile")?;
    if codec != VideoCodec::H264 {
        return match name {
            None => Ok(VideoProfile::Main),
            Some(_) => fields.refuse(Code::NotSupported, "Profile"),
        };
    }
    let Some(name) = name else {
        return Ok(VideoProfile::default());
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "baseline" => VideoProfile::Baseline,
        "main" => VideoProfile::Main,
        "high" => VideoProfile::High,
        _ => return fields.refuse(Code::OutOfRange, "Profile"),
    })
}
