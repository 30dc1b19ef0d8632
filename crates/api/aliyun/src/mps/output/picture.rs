//! Members of `Video` and `TransConfig` that say what becomes of the picture, and `Rotate`.

use reelgate_domain::job::kind::transcode::{
    Area, Fit, PixelFormat, Scan, Sides, Upscale, VideoCodec, VideoProfile, VideoSettings,
};
use serde_json::{Map, Value};

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// Reads the members of `Video` over settings that have its size and profile.
pub(super) fn read(fields: &mut Fields<'_>, video: &mut VideoSettings) -> Result<(), Refusal> {
    read_frames(fields, video)?;
    video.pixel_format = pixel_format(fields, video.codec, video.profile)?;
    Ok(())
}

/// Those of them that any picture has.
pub(super) fn read_frames(
    fields: &mut Fields<'_>,
    video: &mut VideoSettings,
) -> Result<(), Refusal> {
    let crop = fields.text("Crop")?;
    match crop.is_some_and(|crop| crop.eq_ignore_ascii_case("border")) {
        true => video.crop_borders = true,
        false => video.crop = area(fields, "Crop", 16..=8192)?,
    }
    video.pad = area(fields, "Pad", 32..=4096)?;
    if fields.flag("LongShortMode")? {
        video.sides = Sides::LongShort;
    }
    video.hdr_to_sdr = fields.flag("Hdr2sdr")?;
    video.max_fps = fields.decimal("MaxFps", |fps| fps > 0.0 && fps <= 60.0)?;
    video.scan = scan(fields, video)?;
    Ok(())
}

/// Frames of two fields are of H.264 alone, in files.
fn scan(fields: &mut Fields<'_>, video: &VideoSettings) -> Result<Scan, Refusal> {
    let mode = fields.text("ScanMode")?;
    let mode = mode.map(|mode| mode.to_ascii_lowercase());
    match mode.as_deref() {
        None => Ok(Scan::default()),
        Some("auto" | "progressive") => Ok(Scan::Auto),
        Some("interlaced")
            if video.codec == VideoCodec::H264 && video.profile != VideoProfile::Baseline =>
        {
            Ok(Scan::Interlaced)
        }
        Some("interlaced") => fields.refuse(Code::NotSupported, "ScanMode"),
        Some(_) => fields.refuse(Code::OutOfRange, "ScanMode"),
    }
}

/// `width:height:left:top` in pixels.
fn area(
    fields: &mut Fields<'_>,
    name: &'static str,
    sides: std::ops::RangeInclusive<u32>,
) -> Result<Option<Area>, Refusal> {
    let Some(text) = fields.text(name)? else {
        return Ok(None);
    };
    let numbers: Option<Vec<u32>> = text.split(':').map(|it| it.trim().parse().ok()).collect();
    let Some([width, height, left, top]) = numbers.as_deref() else {
        return fields.refuse(Code::Format, name);
    };
    if !sides.contains(width) || !sides.contains(height) {
        return fields.refuse(Code::OutOfRange, name);
    }
    Ok(Some(Area {
        width: *width,
        height: *height,
        left: *left,
        top: *top,
    }))
}

fn pixel_format(
    fields: &mut Fields<'_>,
    codec: VideoCodec,
    profile: VideoProfile,
) -> Result<PixelFormat, Refusal> {
    let Some(name) = fields.text("PixFmt")? else {
        return Ok(PixelFormat::default());
    };
    let format = match name.to_ascii_lowercase().as_str() {
        "yuv420p" => PixelFormat::Yuv420p,
        "yuvj420p" => PixelFormat::Yuvj420p,
        "yuv422p" => PixelFormat::Yuv422p,
        "yuv444p" => PixelFormat::Yuv444p,
        _ => return fields.refuse(Code::NotSupported, "PixFmt"),
    };
    let is_held = match (format, codec) {
        (PixelFormat::Yuv420p, _) => true,
        (PixelFormat::Yuvj420p, VideoCodec::H264 | VideoCodec::H265) => true,
        (_, codec) => codec == VideoCodec::H264 && profile == VideoProfile::High,
    };
    if !is_held {
        return fields.refuse(Code::OutOfRange, "PixFmt");
    }
    Ok(format)
}

/// Whether these parts of an output or a template ask for a stretched picture by name; nothing if they name no method.
pub(super) fn is_rescaled(parts: &Map<String, Value>) -> Option<bool> {
    let method = parts.get("TransConfig")?.get("AdjDarMethod")?.as_str()?;
    (!method.is_empty()).then(|| method.eq_ignore_ascii_case("rescale"))
}

/// What `TransConfig` says of sizes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resizing {
    fit: Fit,
    upscale: Upscale,
}

impl Resizing {
    pub(super) fn read(config: Option<&mut Fields<'_>>) -> Result<Self, Refusal> {
        let Some(fields) = config else {
            return Ok(Self::default());
        };
        let method = fields.text("AdjDarMethod")?;
        let method = method.map(|method| method.to_ascii_lowercase());
        let fit = match method.as_deref() {
            None | Some("none" | "rescale") => Fit::Stretch,
            Some("crop") => Fit::Crop,
            Some("pad") => Fit::Pad,
            Some(_) => return fields.refuse(Code::NotSupported, "AdjDarMethod"),
        };
        let checks = fields.flag("IsCheckReso")?;
        let fails = fields.flag("IsCheckResoFail")?;
        let upscale = match (fails, checks) {
            (true, _) => Upscale::Fail,
            (false, true) => Upscale::KeepSize,
            (false, false) => Upscale::Allow,
        };
        Ok(Self { fit, upscale })
    }

    /// Refuses what the vendor says not to give together.
    pub(super) fn apply(self, video: &mut VideoSettings) -> Result<(), Refusal> {
        let has_both = video.width.is_some() && video.height.is_some();
        if has_both {
            video.fit = self.fit;
        }
        let is_placed = video.crop.is_some() || video.crop_borders || video.pad.is_some();
        if is_placed && video.fit != Fit::Stretch {
            return Err(Refusal::new(Code::Invalid, "TransConfig.AdjDarMethod"));
        }
        if video.pad.is_some() && self.upscale != Upscale::Allow {
            let name = match self.upscale {
                Upscale::Fail => "TransConfig.IsCheckResoFail",
                Upscale::Allow | Upscale::KeepSize => "TransConfig.IsCheckReso",
            };
            return Err(Refusal::new(Code::Invalid, name));
        }
        video.upscale = self.upscale;
        Ok(())
    }
}

/// Degrees clockwise.
pub(super) fn rotation(fields: &mut Fields<'_>) -> Result<u32, Refusal> {
    Ok(fields.integer("Rotate", 0..=359)?.unwrap_or(0))
}
