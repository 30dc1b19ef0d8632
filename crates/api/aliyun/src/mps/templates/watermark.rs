//! Watermark templates: read from parameters, and as answers show them.

use serde_json::{Map, Value};

use super::form;
use super::kept::Kept;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::{self, Fields};
use crate::rpc::{ApiError, Params};

/// What lengths that are parts of the whole may be measured by.
const EDGES: [&str; 4] = ["Width", "Height", "Long", "Short"];
const POSITIONS: [&str; 4] = ["TopRight", "TopLeft", "BottomRight", "BottomLeft"];
/// Seconds of a day, which is as late as anything may begin or as long as it may last.
const MOST_SECONDS: f64 = 86_400.0;

/// Name and configuration of a template.
pub(super) fn read(params: &Params) -> Result<Map<String, Value>, ApiError> {
    let name = form::name(params)?;
    // It must be there; that it asks for nothing is as good as the defaults.
    params.required("Config")?;
    let mut config = form::object(params, "Config")?.unwrap_or_default();
    expand(&mut config)?;
    form::prune(&mut config);
    check(&config)?;
    config.insert("Name".to_owned(), name.into());
    Ok(config)
}

/// Old clients send nested objects as texts.
fn expand(config: &mut Map<String, Value>) -> Result<(), Refusal> {
    fields::expand(config, "Config")?;
    for name in ["Timeline", "RatioRefer"] {
        if let Some(Value::String(text)) = config.get(name) {
            let malformed = |_| Refusal::new(Code::JsonFormat, format!("Config.{name}"));
            let value = reelgate_api_kit::json::parse(text).map_err(malformed)?;
            config.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// Whether each field has a value that the vendor documents. Templates are of pictures only.
fn check(config: &Map<String, Value>) -> Result<(), Refusal> {
    let mut fields = Fields::new("Config", config);
    fields.decimal("Width", is_size)?;
    fields.decimal("Height", is_size)?;
    fields.decimal("Dx", is_offset)?;
    fields.decimal("Dy", is_offset)?;
    one_of(&mut fields, "ReferPos", &POSITIONS)?;
    fields.only("Type", "Image")?;
    if let Some(mut timeline) = fields.object("Timeline")? {
        let is_time = |seconds: f64| (0.0..=MOST_SECONDS).contains(&seconds);
        timeline.decimal("Start", is_time)?;
        let lasts = timeline.text("Duration")?;
        if !lasts.is_some_and(|text| text.eq_ignore_ascii_case("ToEND")) {
            timeline.decimal("Duration", |seconds| seconds > 0.0 && is_time(seconds))?;
        }
        timeline.finish()?;
    }
    if let Some(mut refer) = fields.object("RatioRefer")? {
        for name in ["Dx", "Dy", "Width", "Height"] {
            one_of(&mut refer, name, &EDGES)?;
        }
        refer.finish()?;
    }
    fields.finish()
}

/// Pixels, or a part of the output's picture.
fn is_size(length: f64) -> bool {
    let is_pixels = length.fract() == 0.0 && (8.0..=4096.0).contains(&length);
    is_pixels || (length > 0.0 && length < 1.0)
}

/// The same from an edge; none is fine, and pixels may be beyond it.
fn is_offset(length: f64) -> bool {
    let is_pixels = length.fract() == 0.0 && (-4096.0..=4096.0).contains(&length);
    is_pixels || (length > 0.0 && length < 1.0)
}

fn one_of(
    fields: &mut Fields<'_>,
    name: &'static str,
    words: &[&'static str],
) -> Result<(), Refusal> {
    match fields.text(name)? {
        Some(text) if !words.iter().any(|word| word.eq_ignore_ascii_case(&text)) => {
            fields.refuse(Code::NotSupported, name)
        }
        _ => Ok(()),
    }
}

pub(super) fn shown(kept: &Kept) -> Value {
    let mut template = form::texts(&kept.members);
    form::head(&mut template, kept, false);
    Value::Object(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(config: &str) -> Result<(), Refusal> {
        let params = Params::from_pairs([("Config", config)]).unwrap();
        let mut config = form::object(&params, "Config")?.unwrap_or_default();
        expand(&mut config)?;
        check(&config)
    }

    #[test]
    fn documented_configurations_are_taken() {
        for config in [
            "{}",
            r#"{"Width":"10","Height":"30","Dx":"10","Dy":"5","ReferPos":"TopRight","Type":"Image"}"#,
            r#"{"Width":0.05,"Dx":0,"Dy":-8,"RatioRefer":{"Width":"Long","Dx":"Short"}}"#,
            r#"{"Timeline":"{\"Start\":\"0\",\"Duration\":\"ToEND\"}"}"#,
            r#"{"Timeline":{"Start":1.5,"Duration":4}}"#,
        ] {
            assert_eq!(checked(config), Ok(()), "{config}");
        }
    }

    #[test]
    fn others_are_refused_by_name() {
        let cases = [
            (r#"{"Width":7}"#, Code::OutOfRange, "Config.Width"),
            (r#"{"Width":10.5}"#, Code::OutOfRange, "Config.Width"),
            (r#"{"Height":4097}"#, Code::OutOfRange, "Config.Height"),
            (r#"{"Dx":"left"}"#, Code::NumberFormat, "Config.Dx"),
            (r#"{"Dy":-4097}"#, Code::OutOfRange, "Config.Dy"),
            (
                r#"{"ReferPos":"Center"}"#,
                Code::NotSupported,
                "Config.ReferPos",
            ),
            (r#"{"Type":"Text"}"#, Code::NotSupported, "Config.Type"),
            (r#"{"Timeline":"{"}"#, Code::JsonFormat, "Config.Timeline"),
            (
                r#"{"Timeline":{"Duration":0}}"#,
                Code::OutOfRange,
                "Config.Timeline.Duration",
            ),
            (
                r#"{"Timeline":{"Start":-1}}"#,
                Code::OutOfRange,
                "Config.Timeline.Start",
            ),
            (
                r#"{"RatioRefer":{"Dx":"Edge"}}"#,
                Code::NotSupported,
                "Config.RatioRefer.Dx",
            ),
            (r#"{"Angle":5}"#, Code::NotSupported, "Config.Angle"),
            ("[1]", Code::JsonObjectFormat, "Config"),
        ];
        for (config, code, about) in cases {
            assert_eq!(checked(config), Err(Refusal::new(code, about)), "{config}");
        }
    }
}
