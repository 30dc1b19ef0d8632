//! `watermarks` of a task: pictures and texts laid over its outputs, by watermark templates and members of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::transcode::{
    Color, Corner, Length, Mark, Overlay, PictureMark, TextMark,
};
use serde_json::{Map, Value};

use crate::errors::ApiError;
use crate::mpc::address::Address;
use crate::mpc::asked::Asked;
use crate::mpc::errors::{TEMPLATE_MISSING, plain};
use crate::mpc::fields::Fields;
use crate::mpc::kept::{self, WATERMARKS};
use crate::mpc::watermark_template;

const MOST_MARKS: usize = 20;
const DEFAULT_FONT_SIZE: i64 = 16;

/// One mark as a task has it; what a template adds is looked up where it is made.
#[derive(Debug)]
pub(super) struct Watermark {
    path: String,
    template: Option<i64>,
    content: Content,
    /// The members of `image_watermark` or `text_watermark`.
    own: Map<String, Value>,
}

#[derive(Debug)]
enum Content {
    Picture(ObjectRef),
    Text(String),
}

/// Takes the list out of the body.
pub(super) fn take(body: &mut Fields) -> Result<Vec<Watermark>, ApiError> {
    let marks = body.objects("watermarks")?.unwrap_or_default();
    if marks.len() > MOST_MARKS {
        return Err(body.refuse("watermarks", "must be at most 20"));
    }
    marks.into_iter().map(Watermark::read).collect()
}

impl Watermark {
    fn read(mut fields: Fields) -> Result<Self, ApiError> {
        let path = fields.path("");
        let template = fields.text("template_id")?;
        let template = template.map(|id| id.parse::<i64>().ok().filter(|id| *id >= 0));
        let Some(template) = template.map_or(Some(None), |id| id.map(Some)) else {
            return Err(fields.refuse("template_id", "must be a number as a text"));
        };
        let input = fields.object("input")?.map(Address::read).transpose()?;
        let text = fields.text("text_context")?;
        let image = fields.object("image_watermark")?;
        let drawn = fields.object("text_watermark")?;
        let (content, own) = match (input, text) {
            (Some(_), Some(_)) => {
                let why = "cannot be given beside input: a mark is a picture or a text";
                return Err(fields.refuse("text_context", why));
            }
            (Some(input), None) if drawn.is_none() => {
                let own = image.map_or(Ok(Map::new()), watermark_template::own_members)?;
                (Content::Picture(input.source()?), own)
            }
            (None, Some(text)) if image.is_none() && template.is_none() => {
                let decoded = BASE64.decode(text.trim()).ok();
                let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
                let why = "must be Base64 of a text in UTF-8";
                let text = decoded.ok_or_else(|| fields.refuse("text_context", why))?;
                (
                    Content::Text(text),
                    drawn.map_or(Ok(Map::new()), text_members)?,
                )
            }
            (Some(_), None) => return Err(fields.refuse("text_watermark", "needs text_context")),
            (None, Some(_)) => {
                let why = "is of pictures, as template_id is: a text has text_watermark";
                return Err(fields.refuse("image_watermark", why));
            }
            (None, None) => {
                return Err(fields.refuse("input", "is missing, and so is text_context"));
            }
        };
        fields.finish()?;
        Ok(Self {
            path: path.trim_end_matches('.').to_owned(),
            template,
            content,
            own,
        })
    }
}

/// The members of a text, each of the type it has to be.
fn text_members(mut fields: Fields) -> Result<Map<String, Value>, ApiError> {
    let kept = fields.sent();
    fields.text("font_name")?;
    fields.integer("font_size", 4..=120)?;
    if let Some(color) = fields.text("font_color")?
        && Color::parse(&color).is_none()
    {
        return Err(fields.refuse("font_color", "must be the name of a colour"));
    }
    watermark_template::check_place(&mut fields)?;
    fields.finish()?;
    Ok(kept)
}

/// What is laid over each output with a picture; with `keeps_frame` that shows all of the source's and nothing else.
pub(super) async fn overlays(
    asked: &Asked<'_>,
    marks: &[Watermark],
    keeps_frame: bool,
) -> Result<Vec<Overlay>, ApiError> {
    let mut overlays = Vec::with_capacity(marks.len());
    for mark in marks {
        let mut members = match mark.template {
            None => Map::new(),
            Some(id) => {
                let found = kept::read(asked, WATERMARKS, &kept::numbered(asked, id)).await?;
                let found = found.ok_or_else(|| plain(TEMPLATE_MISSING))?;
                found.body.as_object().cloned().unwrap_or_default()
            }
        };
        members.extend(mark.own.clone());
        overlays.push(mark.overlay(Fields::new(mark.path.clone(), members), keeps_frame)?);
    }
    Ok(overlays)
}

impl Watermark {
    fn overlay(&self, mut members: Fields, keeps_frame: bool) -> Result<Overlay, ApiError> {
        for name in ["random_time_min", "random_time_max"] {
            if members.text(name)?.is_some_and(|text| text != "0") {
                return Err(members.refuse(name, "cannot be honoured: marks do not change places"));
            }
        }
        let mark = match &self.content {
            Content::Picture(object) => picture(&mut members, object)?,
            Content::Text(text) => text_mark(&mut members, text)?,
        };
        let overlay = Overlay {
            mark,
            corner: corner(&mut members)?,
            dx: length(&mut members, "dx")?.unwrap_or_default(),
            dy: length(&mut members, "dy")?.unwrap_or_default(),
            start_ms: millis(&mut members, "timeline_start")?.unwrap_or(0),
            duration_ms: millis(&mut members, "timeline_duration")?,
        };
        check_base(&mut members, &overlay, keeps_frame)?;
        Ok(overlay)
    }
}

fn picture(members: &mut Fields, object: &ObjectRef) -> Result<Mark, ApiError> {
    let gray = match members.text("image_process")?.as_deref() {
        None | Some("Original") => false,
        Some("Grayed") => true,
        Some(_) => {
            let why =
                "must be Original or Grayed: how far Transparent lets through is not documented";
            return Err(members.refuse("image_process", why));
        }
    };
    Ok(Mark::Picture(PictureMark {
        object: object.clone(),
        width: length(members, "width")?,
        height: length(members, "height")?,
        gray,
        once: false,
    }))
}

fn text_mark(members: &mut Fields, text: &str) -> Result<Mark, ApiError> {
    // Checked when they were read.
    let size = members.integer("font_size", 4..=120)?;
    let color = members.text("font_color")?;
    Ok(Mark::Text(TextMark {
        text: text.to_owned(),
        font: members.text("font_name")?,
        size: u32::try_from(size.unwrap_or(DEFAULT_FONT_SIZE)).unwrap_or_default(),
        color: color.and_then(|it| Color::parse(&it)).unwrap_or_default(),
        alpha: 1.0,
        border: 0,
        border_color: Color::default(),
    }))
}

fn corner(members: &mut Fields) -> Result<Corner, ApiError> {
    Ok(match members.text("referpos")?.as_deref() {
        Some("TopLeft") => Corner::TopLeft,
        Some("BottomRight") => Corner::BottomRight,
        Some("BottomLeft") => Corner::BottomLeft,
        // Nothing else gets so far.
        None | Some(_) => Corner::TopRight,
    })
}

/// Pixels of the picture before it is scaled are not known here; shares are the same before and after.
fn check_base(members: &mut Fields, overlay: &Overlay, keeps_frame: bool) -> Result<(), ApiError> {
    if members.text("base")?.as_deref() != Some("input") {
        return Ok(());
    }
    if !keeps_frame {
        return Err(members.refuse(
            "base",
            "must be output where pictures are turned, filled up or cut",
        ));
    }
    let is_share = |length: Length| matches!(length, Length::Ratio(_) | Length::Px(0));
    let sizes = match &overlay.mark {
        Mark::Picture(mark) => [mark.width, mark.height],
        Mark::Text(_) => [Some(Length::Px(1)), None],
    };
    let are_shares = sizes.iter().any(Option::is_some)
        && sizes
            .into_iter()
            .flatten()
            .chain([overlay.dx, overlay.dy])
            .all(is_share);
    match are_shares {
        true => Ok(()),
        false => {
            let why = "must be output where places and sizes are in pixels";
            Err(members.refuse("base", why))
        }
    }
}

/// Checked before: pixels, or with a point a share of which four decimals count.
fn length(members: &mut Fields, name: &str) -> Result<Option<Length>, ApiError> {
    let Some(text) = members.text(name)? else {
        return Ok(None);
    };
    let unfit = || {
        members.refuse(
            name,
            "must be pixels, or a share with at most four decimals",
        )
    };
    if text.contains('.') {
        return match Length::share(&text) {
            Some(Length::Ratio(share)) if share > 0.0 && share < 1.0 => {
                Ok(Some(Length::Ratio(share)))
            }
            _ => Err(unfit()),
        };
    }
    text.parse()
        .map(|px| Some(Length::Px(px)))
        .map_err(|_| unfit())
}

fn millis(members: &mut Fields, name: &str) -> Result<Option<u64>, ApiError> {
    let text = members.text(name)?.filter(|text| text != "ToEND");
    let seconds = text.map(|text| text.parse::<f64>());
    match seconds {
        None => Ok(None),
        Some(Ok(seconds)) => Ok(Some((seconds * 1000.0).round() as u64)),
        Some(Err(_)) => Err(members.refuse(name, "must be seconds as a text")),
    }
}
