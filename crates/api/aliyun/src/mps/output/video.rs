//! The `Video` part of an output.

use reelgate_domain::job::kind::transcode::{
    Container, EncoderPreset, Gop, RateCap, RateControl, VideoCodec, VideoProfile, VideoSettings,
};

use super::settings::TransMode;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// The buffer of a rate that is capped without naming one, in kbit.
const DEFAULT_BUFSIZE: u32 = 6000;

/// Reads the part; `None` if the output has no video.
pub(super) fn read(
    part: Option<Fields<'_>>,
    mode: TransMode,
    container: Container,
) -> Result<Option<VideoSettings>, Refusal> {
    let Some(mut fields) = part else {
        return Ok(None);
    };
    let removed = fields.flag("Remove")?;
    let codec = codec(&mut fields)?;
    if !removed && !container.holds_video(codec) {
        return fields.refuse(Code::NotSupported, "Codec");
    }
    let settings = VideoSettings {
        codec,
        width: fields.integer("Width", 128..=4096)?,
        height: fields.integer("Height", 128..=4096)?,
        fps: fields.decimal("Fps", |fps| fps > 0.0 && fps <= 60.0)?,
        rate: rate(&mut fields, mode, codec)?,
        gop: gop(&mut fields)?,
        preset: preset(&mut fields, codec)?,
        profile: profile(&mut fields, codec)?,
        ..VideoSettings::default()
    };
    // These say what is done anyway.
    fields.only("PixFmt", "yuv420p")?;
    fields.only("LongShortMode", "false")?;
    fields.only("Hdr2sdr", "false")?;
    fields.finish()?;
    Ok((!removed).then_some(settings))
}

/// AV1 is in the documentation of the newer engine alone.
fn codec(fields: &mut Fields<'_>) -> Result<VideoCodec, Refusal> {
    let Some(name) = fields.text("Codec")? else {
        return Ok(VideoCodec::default());
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "h.264" => VideoCodec::H264,
        "h.265" => VideoCodec::H265,
        "av1" => VideoCodec::Av1,
        _ => return fields.refuse(Code::NotSupported, "Codec"),
    })
}

/// The quality of a rate that is left to us: documented for H.264 and H.265.
const fn default_crf(codec: VideoCodec) -> f64 {
    match codec {
        VideoCodec::H264 => 23.0,
        VideoCodec::H265 => 26.0,
        VideoCodec::Vp9 | VideoCodec::Av1 => 32.0,
    }
}

fn rate(
    fields: &mut Fields<'_>,
    mode: TransMode,
    codec: VideoCodec,
) -> Result<RateControl, Refusal> {
    let crf = fields.decimal("Crf", |crf| (0.0..=51.0).contains(&crf))?;
    let kbps = bitrate(fields)?;
    let maxrate = fields.integer("Maxrate", 10..=50_000)?;
    // What their encoders do not keep to is not promised.
    if codec == VideoCodec::Av1 && maxrate.is_some() {
        return fields.refuse(Code::NotSupported, "Maxrate");
    }
    if codec == VideoCodec::Av1 && crf.is_some_and(|crf| crf.fract() != 0.0) {
        return fields.refuse(Code::NumberFormat, "Crf");
    }
    match mode {
        TransMode::OnePass => {
            let bufsize = fields.integer("Bufsize", 1000..=128_000)?;
            // A buffer without a rate bounds nothing, as with the default one, which is always there.
            let cap = maxrate.map(|maxrate_kbps| RateCap {
                maxrate_kbps,
                bufsize_kbit: bufsize.unwrap_or(DEFAULT_BUFSIZE),
            });
            Ok(match (crf, kbps) {
                // With a constant quality the bitrate is ignored.
                (None, Some(kbps)) => RateControl::Average { kbps, cap },
                (crf, _) => RateControl::Crf {
                    crf: crf.unwrap_or(default_crf(codec)),
                    cap,
                },
            })
        }
        TransMode::Constant if codec != VideoCodec::H264 => {
            Err(Refusal::new(Code::NotSupported, "TransConfig.TransMode"))
        }
        TransMode::Constant => constant(fields, crf, kbps, maxrate),
    }
}

/// A constant rate expects bitrate, maximum and buffer to be the same number. The buffer's own lower bound would
/// forbid rates under 1000, so it does not apply.
fn constant(
    fields: &mut Fields<'_>,
    crf: Option<f64>,
    kbps: Option<u32>,
    maxrate: Option<u32>,
) -> Result<RateControl, Refusal> {
    let bufsize = fields.integer("Bufsize", 10..=128_000)?;
    if crf.is_some() {
        return fields.refuse(Code::NotSupported, "Crf");
    }
    let Some(kbps) = kbps else {
        return fields.refuse(Code::NullValue, "Bitrate");
    };
    if maxrate.is_some_and(|maxrate| maxrate != kbps) {
        return fields.refuse(Code::OutOfRange, "Maxrate");
    }
    if bufsize.is_some_and(|bufsize| bufsize != kbps) {
        return fields.refuse(Code::OutOfRange, "Bufsize");
    }
    Ok(RateControl::Constant { kbps })
}

fn bitrate(fields: &mut Fields<'_>) -> Result<Option<u32>, Refusal> {
    // In newer documentation -1 keeps the source's rate.
    if fields
        .text("Bitrate")?
        .is_some_and(|text| text.trim() == "-1")
    {
        return fields.refuse(Code::NotSupported, "Bitrate");
    }
    fields.integer("Bitrate", 10..=50_000)
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
