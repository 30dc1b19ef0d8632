//! The members of `Video` that say how its bits are spent.

use reelgate_domain::job::kind::transcode::{RateCap, RateControl, VideoCodec};

use super::mode::TransMode;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// The buffer of a rate that is capped without naming one, in kbit.
const DEFAULT_BUFSIZE: u32 = 6000;

/// The quality of a rate that is left to us: documented for H.264 and H.265.
const fn default_crf(codec: VideoCodec) -> f64 {
    match codec {
        VideoCodec::H264 | VideoCodec::Copy | VideoCodec::Gif | VideoCodec::Webp => 23.0,
        VideoCodec::H265 => 26.0,
        VideoCodec::Vp9 | VideoCodec::Av1 => 32.0,
    }
}

/// What `Bitrate` asks for.
#[derive(Clone, Copy)]
enum Bitrate {
    Kbps(u32),
    /// In newer documentation -1 keeps the source's rate.
    Source,
}

pub(super) fn rate(
    fields: &mut Fields<'_>,
    mode: TransMode,
    codec: VideoCodec,
) -> Result<RateControl, Refusal> {
    let crf = fields.decimal("Crf", |crf| (0.0..=51.0).contains(&crf))?;
    let bitrate = bitrate(fields)?;
    let maxrate = fields.integer("Maxrate", 10..=50_000)?;
    let bounds = bounds(fields)?;
    let qp = fields.integer("Qscale", 0..=51)?;
    refuse_of_av1(fields, codec, maxrate, crf)?;
    let is_made = matches!(codec, VideoCodec::H264 | VideoCodec::H265);
    if (mode == TransMode::Constant && codec != VideoCodec::H264)
        || (mode == TransMode::TwoPass && !is_made)
    {
        return Err(Refusal::new(Code::NotSupported, "TransConfig.TransMode"));
    }
    if mode == TransMode::Constant {
        if qp.is_some() || bounds.is_some() {
            let field = if qp.is_some() { "Qscale" } else { "BitrateBnd" };
            return fields.refuse(Code::NotSupported, field);
        }
        return constant(fields, crf, bitrate, maxrate);
    }
    let bufsize = fields.integer("Bufsize", 1000..=128_000)?;
    // A buffer without a rate bounds nothing, as with the default one, which is always there.
    let cap = maxrate.map(|maxrate_kbps| RateCap {
        maxrate_kbps,
        bufsize_kbit: bufsize.unwrap_or(DEFAULT_BUFSIZE),
    });
    if let Some(qp) = qp {
        return quantizer(fields, mode, codec, (crf, cap), qp);
    }
    // With a constant quality the bitrate is ignored.
    let bitrate = match (mode, crf) {
        (TransMode::Quality, _) | (_, Some(_)) => None,
        _ => bitrate,
    };
    if bitrate.is_none() && mode == TransMode::TwoPass {
        return match crf {
            Some(_) => fields.refuse(Code::NotSupported, "Crf"),
            None => fields.refuse(Code::NullValue, "Bitrate"),
        };
    }
    average(fields, bitrate, bounds, cap).map(|average| {
        average.unwrap_or(RateControl::Crf {
            crf: crf.unwrap_or(default_crf(codec)),
            cap,
        })
    })
}

/// What its encoders do not keep to is not promised.
fn refuse_of_av1(
    fields: &Fields<'_>,
    codec: VideoCodec,
    maxrate: Option<u32>,
    crf: Option<f64>,
) -> Result<(), Refusal> {
    if codec == VideoCodec::Av1 && maxrate.is_some() {
        return fields.refuse(Code::NotSupported, "Maxrate");
    }
    if codec == VideoCodec::Av1 && crf.is_some_and(|crf| crf.fract() != 0.0) {
        return fields.refuse(Code::NumberFormat, "Crf");
    }
    Ok(())
}

/// An average rate between the bounds; `None` if none is asked for, and then there can be no bounds of it.
fn average(
    fields: &Fields<'_>,
    bitrate: Option<Bitrate>,
    bounds: Option<(u32, u32)>,
    cap: Option<RateCap>,
) -> Result<Option<RateControl>, Refusal> {
    let (least, most) = bounds.unwrap_or((10, 50_000));
    match bitrate {
        Some(Bitrate::Kbps(kbps)) => {
            let kbps = kbps.clamp(least, most);
            Ok(Some(RateControl::Average { kbps, cap }))
        }
        Some(Bitrate::Source) => Ok(Some(RateControl::Source {
            least_kbps: bounds.map(|_| least),
            most_kbps: bounds.map(|_| most),
            cap,
        })),
        None if bounds.is_some() => fields.refuse(Code::NotSupported, "BitrateBnd"),
        None => Ok(None),
    }
}

/// One quantizer for all pictures, of H.264 alone; nothing bounds its rate.
fn quantizer(
    fields: &Fields<'_>,
    mode: TransMode,
    codec: VideoCodec,
    (crf, cap): (Option<f64>, Option<RateCap>),
    qp: u32,
) -> Result<RateControl, Refusal> {
    let is_free = mode == TransMode::OnePass && crf.is_none() && cap.is_none();
    if codec != VideoCodec::H264 || !is_free {
        return fields.refuse(Code::NotSupported, "Qscale");
    }
    // As with a quality under 1: none of the profiles is without loss.
    Ok(RateControl::Quantizer { qp: qp.max(1) })
}

/// A constant rate expects bitrate, maximum and buffer to be the same number. The buffer's own lower bound would
/// forbid rates under 1000, so it does not apply.
fn constant(
    fields: &mut Fields<'_>,
    crf: Option<f64>,
    bitrate: Option<Bitrate>,
    maxrate: Option<u32>,
) -> Result<RateControl, Refusal> {
    let bufsize = fields.integer("Bufsize", 10..=128_000)?;
    if crf.is_some() {
        return fields.refuse(Code::NotSupported, "Crf");
    }
    let kbps = match bitrate {
        None => return fields.refuse(Code::NullValue, "Bitrate"),
        Some(Bitrate::Source) => return fields.refuse(Code::NotSupported, "Bitrate"),
        Some(Bitrate::Kbps(kbps)) => kbps,
    };
    if maxrate.is_some_and(|maxrate| maxrate != kbps) {
        return fields.refuse(Code::OutOfRange, "Maxrate");
    }
    if bufsize.is_some_and(|bufsize| bufsize != kbps) {
        return fields.refuse(Code::OutOfRange, "Bufsize");
    }
    Ok(RateControl::Constant { kbps })
}

fn bitrate(fields: &mut Fields<'_>) -> Result<Option<Bitrate>, Refusal> {
    let text = fields.text("Bitrate")?;
    if text.is_some_and(|text| text.trim() == "-1") {
        return Ok(Some(Bitrate::Source));
    }
    let kbps = fields.integer("Bitrate", 10..=50_000)?;
    Ok(kbps.map(Bitrate::Kbps))
}

/// The least and the most that an average may come to.
fn bounds(fields: &mut Fields<'_>) -> Result<Option<(u32, u32)>, Refusal> {
    let Some(mut part) = fields.object("BitrateBnd")? else {
        return Ok(None);
    };
    let most = part.integer("Max", 10..=50_000)?.unwrap_or(50_000);
    let least = part.integer("Min", 10..=50_000)?.unwrap_or(10);
    if least > most {
        return part.refuse(Code::OutOfRange, "Min");
    }
    part.finish()?;
    Ok(Some((least, most)))
}
