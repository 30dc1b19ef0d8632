//! The `MuxConfig` part of an output: segments and animations. What belongs to another container is checked and
//! changes nothing.

use reelgate_domain::job::kind::transcode::GifColours;

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

const DEFAULT_SEGMENT_SECONDS: u32 = 10;
/// Points of `ForceSegTime`.
const MOST_POINTS: usize = 10;
/// Two days, in milliseconds, which no output is longer than.
const MOST_MS: f64 = 172_800_000.0;

/// The whole part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mux {
    pub(super) segment_seconds: u32,
    /// Moments at which segments begin besides, in milliseconds and in their order.
    pub(super) points: Vec<u64>,
    pub(super) gif: Gif,
    /// How often a WebP animation is shown; 0: for ever.
    pub(super) webp_plays: u32,
}

/// `MuxConfig.Gif`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gif {
    pub(super) plays: u32,
    pub(super) final_delay_cs: Option<u32>,
    pub(super) colours: GifColours,
}

impl Default for Mux {
    fn default() -> Self {
        Self {
            segment_seconds: DEFAULT_SEGMENT_SECONDS,
            points: Vec::new(),
            gif: Gif::default(),
            webp_plays: 0,
        }
    }
}

impl Mux {
    pub(super) fn read(part: Option<Fields<'_>>) -> Result<Self, Refusal> {
        let mut mux = Self::default();
        let Some(mut fields) = part else {
            return Ok(mux);
        };
        if let Some(mut segment) = fields.object("Segment")? {
            let seconds = segment.integer("Duration", 1..=60)?;
            mux.segment_seconds = seconds.unwrap_or(DEFAULT_SEGMENT_SECONDS);
            mux.points = points(&mut segment)?;
            segment.finish()?;
        }
        if let Some(part) = fields.object("Gif")? {
            mux.gif = gif(part)?;
        }
        if let Some(mut webp) = fields.object("Webp")? {
            mux.webp_plays = webp.integer("Loop", 0..=65_535)?.unwrap_or(0);
            webp.finish()?;
        }
        fields.finish()?;
        Ok(mux)
    }
}

/// `23,55.5,60`: seconds with at most three decimals.
fn points(fields: &mut Fields<'_>) -> Result<Vec<u64>, Refusal> {
    const NAME: &str = "ForceSegTime";
    let Some(text) = fields.text(NAME)? else {
        return Ok(Vec::new());
    };
    let mut points = Vec::new();
    for point in text.split(',') {
        let point = point.trim();
        let decimals = point.split_once('.').map_or(0, |(_, behind)| behind.len());
        let is_plain = point.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        let ms = point.parse::<f64>().map(|seconds| seconds * 1000.0);
        let Some(ms) = ms.ok().filter(|_| is_plain && decimals <= 3) else {
            return fields.refuse(Code::Format, NAME);
        };
        if !(0.5..MOST_MS).contains(&ms) {
            return fields.refuse(Code::OutOfRange, NAME);
        }
        points.push(ms.round() as u64);
    }
    if points.len() > MOST_POINTS {
        return fields.refuse(Code::OutOfRange, NAME);
    }
    points.sort_unstable();
    points.dedup();
    Ok(points)
}

/// The vendor tells the names alone, which are those of FFmpeg's muxer and filters, and so are their meanings here.
fn gif(mut fields: Fields<'_>) -> Result<Gif, Refusal> {
    let plays = match fields.text("Loop")?.map(|text| text.trim().parse::<i32>()) {
        None | Some(Ok(0)) => 0,
        Some(Ok(-1)) => 1,
        Some(Ok(again @ 1..=65_535)) => again.unsigned_abs() + 1,
        Some(Ok(_)) => return fields.refuse(Code::OutOfRange, "Loop"),
        Some(Err(_)) => return fields.refuse(Code::NumberFormat, "Loop"),
    };
    let final_delay_cs = fields.integer("FinalDelay", 0..=65_535)?;
    let is_custom = match fields.text("IsCustomPalette")? {
        None => true,
        Some(_) => fields.flag("IsCustomPalette")?,
    };
    let mode = fields.text("DitherMode")?;
    let mode = mode.map(|mode| mode.to_ascii_lowercase());
    let colours = match (is_custom, mode.as_deref()) {
        (true, None | Some("sierra")) => GifColours::Sierra,
        (true, Some("bayer")) => GifColours::Bayer,
        (true, Some(_)) => return fields.refuse(Code::OutOfRange, "DitherMode"),
        (false, None) => GifColours::General,
        // The general palette has one way.
        (false, Some(_)) => return fields.refuse(Code::NotSupported, "DitherMode"),
    };
    fields.finish()?;
    Ok(Gif {
        plays,
        final_delay_cs,
        colours,
    })
}
