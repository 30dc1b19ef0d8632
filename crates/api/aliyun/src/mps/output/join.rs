//! `MergeList`, `MergeConfigUrl`, `OpeningList` and `TailSlateList` of an output: the files that follow the input, and
//! those that are seen in the middle of its picture for a while.

use reelgate_domain::job::kind::transcode::{
    Clip, Color, Corner, Fit, JoinedPart, Length, Mark, Overlay, PartSide, PictureMark, Settings,
};

use super::clip;
use crate::mps::configs::Configs;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

const MOST_MERGED: usize = 4;
const MOST_IN_FILE: usize = 50;
const MOST_OPENINGS: usize = 2;
const MOST_TAILS: usize = 2;
/// 23:59:59.999.
const MOST_SECONDS: f64 = 86_399.999;
const WHITE: Color = Color([255, 255, 255]);

/// What an output is joined from beside the input.
pub(super) struct Join {
    /// What is merged, and then the tails.
    pub(super) parts: Vec<JoinedPart>,
    pub(super) openings: Vec<Overlay>,
    is_merged: bool,
}

/// Reads all four.
pub(super) fn read(fields: &mut Fields<'_>, configs: &Configs) -> Result<Join, Refusal> {
    let merged = merged(fields, configs)?;
    let tails = fields.list("TailSlateList")?;
    if tails.len() > MOST_TAILS {
        return fields.refuse(Code::ListSizeExceed, "TailSlateList");
    }
    let openings = fields.list("OpeningList")?;
    if openings.len() > MOST_OPENINGS {
        return fields.refuse(Code::ListSizeExceed, "OpeningList");
    }
    let is_merged = !merged.is_empty();
    let tails = tails.into_iter().map(tail);
    let parts = merged.into_iter().map(Ok).chain(tails);
    Ok(Join {
        parts: parts.collect::<Result<_, _>>()?,
        openings: openings
            .into_iter()
            .map(opening)
            .collect::<Result<_, _>>()?,
        is_merged,
    })
}

impl Join {
    /// Where files are merged, none is stretched unless that is asked for by name: bars fill what another shape leaves.
    /// A padded picture has the size and the place that are said, and its bars already.
    pub(super) fn apply(&self, settings: &mut Settings, is_rescaled: bool) {
        if let Some(video) = &mut settings.video
            && self.is_merged
            && video.fit == Fit::Stretch
            && video.pad.is_none()
            && !is_rescaled
        {
            video.fit = Fit::Pad;
        }
    }
}

fn merged(fields: &mut Fields<'_>, configs: &Configs) -> Result<Vec<JoinedPart>, Refusal> {
    let listed = fields.list("MergeList")?;
    let address = fields.address("MergeConfigUrl")?;
    if listed.len() > MOST_MERGED {
        return fields.refuse(Code::ListSizeExceed, "MergeList");
    }
    let Some(address) = address else {
        return listed.into_iter().map(merge).collect();
    };
    if !listed.is_empty() {
        let both = "MergeList,MergeConfigUrl";
        return Err(Refusal::new(Code::ExclusiveParameters, both));
    }
    let mut config = Fields::new(fields.path("MergeConfigUrl"), configs.members(&address)?);
    let parts = config.list("MergeList")?;
    if parts.is_empty() {
        return config.refuse(Code::EmptyValue, "MergeList");
    }
    if parts.len() > MOST_IN_FILE {
        return config.refuse(Code::ListSizeExceed, "MergeList");
    }
    let parts = parts.into_iter().map(merge).collect::<Result<_, _>>()?;
    config.finish()?;
    Ok(parts)
}

fn merge(mut fields: Fields<'_>) -> Result<JoinedPart, Refusal> {
    fields.required("MergeURL")?;
    let Some(object) = fields.address("MergeURL")? else {
        return fields.refuse(Code::NullValue, "MergeURL");
    };
    let clip = clip::stretch(&mut fields)?;
    fields.finish()?;
    Ok(JoinedPart {
        clip,
        ..JoinedPart::new(object)
    })
}

/// A tail is as large as it is, in the middle of a field of one colour.
fn tail(mut fields: Fields<'_>) -> Result<JoinedPart, Refusal> {
    fields.required("TailUrl")?;
    let Some(object) = fields.address("TailUrl")? else {
        return fields.refuse(Code::NullValue, "TailUrl");
    };
    let start_ms = millis(fields.decimal("Start", |it| (0.0..=MOST_SECONDS).contains(&it))?);
    let fade = fields.decimal("BlendDuration", |it| (0.0..=60.0).contains(&it))?;
    let part_side = |side: Side| match side {
        Side::Own => PartSide::Own,
        Side::Full => PartSide::Full,
        Side::Px(px) => PartSide::Px(px),
    };
    let (width, height) = (side(&mut fields, "Width")?, side(&mut fields, "Height")?);
    let background = match fields.text("BgColor")? {
        None => WHITE,
        Some(word) => match Color::parse(word.trim()) {
            Some(color) => color,
            None => return fields.refuse(Code::OutOfRange, "BgColor"),
        },
    };
    let is_heard = match fields.text("IsMergeAudio")? {
        None => true,
        Some(_) => fields.flag("IsMergeAudio")?,
    };
    fields.finish()?;
    Ok(JoinedPart {
        clip: (start_ms > 0).then_some(Clip {
            start_ms,
            length: None,
        }),
        width: Some(part_side(width)),
        height: Some(part_side(height)),
        background: Some(background),
        muted: !is_heard,
        fade_ms: u32::try_from(millis(fade)).unwrap_or(u32::MAX),
        ..JoinedPart::new(object)
    })
}

/// An opening is seen once, in the middle of the picture that goes on below, and is not heard.
fn opening(mut fields: Fields<'_>) -> Result<Overlay, Refusal> {
    fields.required("OpenUrl")?;
    let Some(object) = fields.address("OpenUrl")? else {
        return fields.refuse(Code::NullValue, "OpenUrl");
    };
    let start_ms = millis(fields.decimal("Start", |it| (0.0..=MOST_SECONDS).contains(&it))?);
    let length = |side: Side| match side {
        Side::Own => Length::Own,
        Side::Full => Length::Ratio(1.0),
        Side::Px(px) => Length::Px(px.cast_signed()),
    };
    let (width, height) = (side(&mut fields, "Width")?, side(&mut fields, "Height")?);
    fields.finish()?;
    Ok(Overlay {
        mark: Mark::Picture(PictureMark {
            object,
            width: Some(length(width)),
            height: Some(length(height)),
            gray: false,
            once: true,
        }),
        corner: Corner::Center,
        dx: Length::default(),
        dy: Length::default(),
        start_ms,
        duration_ms: None,
    })
}

#[derive(Clone, Copy)]
enum Side {
    Own,
    Full,
    Px(u32),
}

fn side(fields: &mut Fields<'_>, name: &'static str) -> Result<Side, Refusal> {
    match fields.text(name)?.as_deref().map(str::trim) {
        None | Some("-1") => Ok(Side::Own),
        Some("full") => Ok(Side::Full),
        Some(_) => {
            let px = fields.integer(name, 1..=4096)?;
            Ok(px.map_or(Side::Own, Side::Px))
        }
    }
}

fn millis(seconds: Option<f64>) -> u64 {
    (seconds.unwrap_or(0.0) * 1000.0).round() as u64
}
