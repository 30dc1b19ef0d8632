//! The `WaterMarks` part of an output: pictures and texts laid over it, where a watermark template may have said how.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::transcode::{
    Color, Corner, Edge, Length, Mark, Overlay, PictureMark, TextMark,
};
use serde_json::{Map, Value};

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::{self, Fields};
use crate::mps::input::{bucket_name, decoded, object_key};
use crate::mps::templates::Used;

const MOST_MARKS: usize = 20;
/// What a mark that names no size has of the output's width.
const DEFAULT_WIDTH: f64 = 0.12;
const DEFAULT_FONT_SIZE: u32 = 16;
/// 23:59:59.999.
const MOST_SECONDS: f64 = 86_399.999;

/// Reads the list, the last on top.
pub(super) fn read(fields: &mut Fields<'_>, templates: &Used) -> Result<Vec<Overlay>, Refusal> {
    let marks = fields.list("WaterMarks")?;
    if marks.len() > MOST_MARKS {
        return fields.refuse(Code::ListSizeExceed, "WaterMarks");
    }
    let each = marks.into_iter();
    each.map(|own| with_template(own, templates)).collect()
}

/// What the mark itself says counts before what its template does.
fn with_template(mut own: Fields<'_>, templates: &Used) -> Result<Overlay, Refusal> {
    const TEMPLATE: &str = "WaterMarkTemplateId";
    let Some(id) = own.text(TEMPLATE)? else {
        return mark(own, &Map::new());
    };
    if own.text("Type")?.is_some_and(|kind| kind != "Image") {
        // Templates are of pictures.
        return own.refuse(Code::NotSupported, TEMPLATE);
    }
    let mut whole = templates.watermark(&id)?;
    let refer = match whole.remove(REFER) {
        Some(Value::Object(refer)) => refer,
        _ => Map::new(),
    };
    fields::overlay(&mut whole, own.members());
    whole.remove(TEMPLATE);
    mark(Fields::new(own.place(), &whole), &refer)
}

/// Says of a template's ratios what they are parts of.
const REFER: &str = "RatioRefer";

/// `refer` has the sides that ratios are parts of, where those are not the usual ones.
fn mark(mut fields: Fields<'_>, refer: &Map<String, Value>) -> Result<Overlay, Refusal> {
    let kind = fields.text("Type")?.unwrap_or_else(|| "Image".to_owned());
    let time = time(fields.object("Timeline")?)?;
    let overlay = match kind.as_str() {
        "Image" => image(&mut fields, time, refer)?,
        "Text" => text(&mut fields, time)?,
        _ => return fields.refuse(Code::OutOfRange, "Type"),
    };
    fields.finish()?;
    Ok(overlay)
}

fn image(
    fields: &mut Fields<'_>,
    time: Time,
    refer: &Map<String, Value>,
) -> Result<Overlay, Refusal> {
    let object = input_file(fields)?;
    let mut length = |name, least| {
        let length = measure(fields, name, least)?;
        Ok::<_, Refusal>(length.map(|length| referred(length, refer.get(name))))
    };
    let (width, height) = (length("Width", 8)?, length("Height", 8)?);
    let dx = length("Dx", -4096)?.unwrap_or_default();
    let dy = length("Dy", -4096)?.unwrap_or_default();
    let corner = corner(fields)?;
    let width = match (width, height) {
        (None, None) => Some(Length::Ratio(DEFAULT_WIDTH)),
        (width, _) => width,
    };
    Ok(Overlay {
        mark: Mark::Picture(PictureMark {
            object,
            width,
            height,
            gray: false,
            once: false,
        }),
        corner,
        dx,
        dy,
        start_ms: time.start_ms,
        duration_ms: time.duration_ms,
    })
}

/// A ratio as a part of the side that a template names.
fn referred(length: Length, edge: Option<&Value>) -> Length {
    let edge = edge.and_then(Value::as_str).map(str::to_ascii_lowercase);
    let of = match edge.as_deref() {
        Some("width") => Edge::Width,
        Some("height") => Edge::Height,
        Some("long") => Edge::Long,
        Some("short") => Edge::Short,
        _ => return length,
    };
    match length {
        Length::Ratio(ratio) => Length::Share { ratio, of },
        Length::Px(_) | Length::Own | Length::Share { .. } => length,
    }
}

fn input_file(fields: &mut Fields<'_>) -> Result<ObjectRef, Refusal> {
    let Some(mut file) = fields.object("InputFile")? else {
        return fields.refuse(Code::NullValue, "InputFile");
    };
    let object = match file.text("URL")? {
        Some(_) => file.address("URL")?,
        None => {
            let bucket = file.required("Bucket")?;
            // There is one region here.
            file.required("Location")?;
            let key = file.required("Object")?;
            Some(ObjectRef {
                bucket: bucket_name(&bucket)?,
                key: object_key(decoded(&key)?)?,
            })
        }
    };
    let path = file.path("URL");
    file.finish()?;
    object.ok_or_else(|| Refusal::new(Code::NullValue, path))
}

fn corner(fields: &mut Fields<'_>) -> Result<Corner, Refusal> {
    let corner = fields.text("ReferPos")?;
    let corner = corner.map(|corner| corner.to_ascii_lowercase());
    Ok(match corner.as_deref() {
        None | Some("topright") => Corner::TopRight,
        Some("topleft") => Corner::TopLeft,
        Some("bottomright") => Corner::BottomRight,
        Some("bottomleft") => Corner::BottomLeft,
        Some(_) => return fields.refuse(Code::OutOfRange, "ReferPos"),
    })
}

/// Whole pixels, or with decimals a share of the side, of which four decimals count.
fn measure(
    fields: &mut Fields<'_>,
    name: &'static str,
    least: i32,
) -> Result<Option<Length>, Refusal> {
    let Some(text) = fields.text(name)? else {
        return Ok(None);
    };
    let text = text.trim();
    if text.contains('.') {
        let Some(Length::Ratio(share)) = Length::share(text) else {
            return fields.refuse(Code::NumberFormat, name);
        };
        if share.fract() == 0.0 && share >= 1.0 {
            return pixels(fields, name, share as i64, least);
        }
        return match share > 0.0 && share < 1.0 {
            true => Ok(Some(Length::Ratio(share))),
            false => fields.refuse(Code::OutOfRange, name),
        };
    }
    match text.parse::<i64>() {
        Ok(px) => pixels(fields, name, px, least),
        Err(_) => fields.refuse(Code::NumberFormat, name),
    }
}

fn pixels(
    fields: &Fields<'_>,
    name: &'static str,
    px: i64,
    least: i32,
) -> Result<Option<Length>, Refusal> {
    match i32::try_from(px) {
        Ok(px) if (least..=4096).contains(&px) => Ok(Some(Length::Px(px))),
        _ => fields.refuse(Code::OutOfRange, name),
    }
}

#[derive(Clone, Copy, Default)]
struct Time {
    start_ms: u64,
    duration_ms: Option<u64>,
}

fn time(part: Option<Fields<'_>>) -> Result<Time, Refusal> {
    let Some(mut fields) = part else {
        return Ok(Time::default());
    };
    let millis = |seconds: f64| (seconds * 1000.0).round() as u64;
    let start = fields.decimal("Start", |it| (0.0..=MOST_SECONDS).contains(&it))?;
    let duration = match fields.text("Duration")? {
        Some(word) if word.eq_ignore_ascii_case("ToEND") => None,
        _ => fields.decimal("Duration", |it| (0.001..=MOST_SECONDS).contains(&it))?,
    };
    fields.finish()?;
    Ok(Time {
        start_ms: millis(start.unwrap_or(0.0)),
        duration_ms: duration.map(millis),
    })
}

fn text(fields: &mut Fields<'_>, time: Time) -> Result<Overlay, Refusal> {
    let Some(mut own) = fields.object("TextWaterMark")? else {
        return fields.refuse(Code::NullValue, "TextWaterMark");
    };
    let content = own.required("Content")?;
    let content = BASE64
        .decode(content.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = content else {
        return own.refuse(Code::Format, "Content");
    };
    let side = |fields: &mut Fields<'_>, name| {
        let pixels = fields.integer(name, 0..=4096)?.unwrap_or(0);
        Ok::<_, Refusal>(Length::Px(pixels.cast_signed()))
    };
    let (dx, dy) = (side(&mut own, "Left")?, side(&mut own, "Top")?);
    let mark = TextMark {
        text,
        font: own.text("FontName")?,
        size: own
            .integer("FontSize", 5..=119)?
            .unwrap_or(DEFAULT_FONT_SIZE),
        color: color(&mut own, "FontColor")?,
        alpha: own
            .decimal("FontAlpha", |alpha| alpha > 0.0 && alpha <= 1.0)?
            .unwrap_or(1.0),
        border: own.integer("BorderWidth", 0..=4096)?.unwrap_or(0),
        border_color: color(&mut own, "BorderColor")?,
    };
    // A size that follows the picture's is not made.
    own.only("adaptive", "false")?;
    own.finish()?;
    Ok(Overlay {
        mark: Mark::Text(mark),
        corner: Corner::TopLeft,
        dx,
        dy,
        start_ms: time.start_ms,
        duration_ms: time.duration_ms,
    })
}

fn color(fields: &mut Fields<'_>, name: &'static str) -> Result<Color, Refusal> {
    let Some(word) = fields.text(name)? else {
        return Ok(Color::default());
    };
    match Color::parse(word.trim()) {
        Some(color) => Ok(color),
        None => fields.refuse(Code::OutOfRange, name),
    }
}
