//! `AnalysisConfig`: how good the picture is to be, how it will be watched, and what is done to it before.

use reelgate_api_kit::json;
use reelgate_domain::job::kind::media_info::ComplexitySpec;
use reelgate_domain::job::kind::transcode::{Area, Scan};
use serde_json::{Map, Value};

use super::recommend;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::{Fields, texts};

pub(super) const NAME: &str = "AnalysisConfig";

/// What is to be found out.
pub(super) struct Config {
    pub(super) complexity: ComplexitySpec,
    /// The configuration as answers repeat it: all scalars are texts.
    pub(super) echo: Map<String, Value>,
}

/// How the outputs will be watched: which containers suit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Streaming {
    Network,
    Local,
}

impl Config {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let members = match text.map(json::parse) {
            None => Map::new(),
            Some(Ok(Value::Object(members))) => members,
            Some(Ok(_)) => return Err(Refusal::new(Code::JsonObjectFormat, NAME)),
            Some(Err(_)) => return Err(Refusal::new(Code::JsonFormat, NAME)),
        };
        let mut fields = Fields::new(NAME, &members);
        let mut complexity = ComplexitySpec {
            widths: recommend::widths(),
            ..ComplexitySpec::default()
        };
        if let Some(mut quality) = fields.object("QualityControl")? {
            if let Some(crf) = quality.integer("RateQuality", 1..=51)? {
                complexity.crf = crf;
            }
            streaming(&mut quality)?;
            quality.finish()?;
        }
        if let Some(mut properties) = fields.object("PropertiesControl")? {
            complexity.scan = scan(&mut properties)?;
            if let Some(mut crop) = properties.object("Crop")? {
                cropped(&mut crop, &mut complexity)?;
                crop.finish()?;
            }
            properties.finish()?;
        }
        fields.finish()?;
        Ok(Self {
            complexity,
            echo: texts(&members),
        })
    }
}

impl Streaming {
    /// That of a configuration which was understood once.
    pub(super) fn of(echo: &Map<String, Value>) -> Self {
        let quality = echo.get("QualityControl").and_then(Value::as_object);
        let read = quality.map(|members| streaming(&mut Fields::new(NAME, members)));
        match read {
            Some(Ok(streaming)) => streaming,
            _ => Self::Network,
        }
    }
}

fn streaming(quality: &mut Fields<'_>) -> Result<Streaming, Refusal> {
    match word(quality, "MethodStreaming")?.as_deref() {
        None | Some("network") => Ok(Streaming::Network),
        Some("local") => Ok(Streaming::Local),
        Some(_) => quality.refuse(Code::OutOfRange, "MethodStreaming"),
    }
}

fn scan(properties: &mut Fields<'_>) -> Result<Scan, Refusal> {
    match word(properties, "Deinterlace")?.as_deref() {
        None | Some("none") => Ok(Scan::AsTagged),
        Some("auto") => Ok(Scan::Auto),
        // Frames that are whole would only lose by it.
        Some("force") => properties.refuse(Code::NotSupported, "Deinterlace"),
        Some(_) => properties.refuse(Code::OutOfRange, "Deinterlace"),
    }
}

/// Sizes count with `Force` alone, which needs both sides.
fn cropped(crop: &mut Fields<'_>, complexity: &mut ComplexitySpec) -> Result<(), Refusal> {
    let (width, height) = (
        crop.integer("Width", 8..=4096)?,
        crop.integer("Height", 8..=4096)?,
    );
    let (left, top) = (
        crop.integer("Left", 0..=4096)?,
        crop.integer("Top", 0..=4096)?,
    );
    match word(crop, "Mode")?.as_deref() {
        None | Some("none") => Ok(()),
        Some("auto") => {
            complexity.crop_borders = true;
            Ok(())
        }
        Some("force") => {
            let Some(width) = width else {
                return crop.refuse(Code::NullValue, "Width");
            };
            let Some(height) = height else {
                return crop.refuse(Code::NullValue, "Height");
            };
            // Less cannot be encoded.
            if width < 16 {
                return crop.refuse(Code::NotSupported, "Width");
            }
            if height < 16 {
                return crop.refuse(Code::NotSupported, "Height");
            }
            complexity.crop = Some(Area {
                width,
                height,
                left: left.unwrap_or(0),
                top: top.unwrap_or(0),
            });
            Ok(())
        }
        Some(_) => crop.refuse(Code::OutOfRange, "Mode"),
    }
}

fn word(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<String>, Refusal> {
    let text = fields.text(name)?;
    Ok(text.map(|text| text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(config: &Value) -> Result<ComplexitySpec, Refusal> {
        let config = Config::parse(Some(&config.to_string()))?;
        Ok(config.complexity)
    }

    #[test]
    fn what_is_not_said_is_as_documented() {
        let config = Config::parse(None).unwrap();
        let plain = config.complexity;
        assert_eq!((plain.crf, plain.scan), (25, Scan::AsTagged));
        assert_eq!((plain.crop, plain.crop_borders), (None, false));
        assert_eq!(Streaming::of(&config.echo), Streaming::Network);
        let local = json!({"QualityControl": {"MethodStreaming": "Local"}});
        let local = Config::parse(Some(&local.to_string())).unwrap();
        assert_eq!(Streaming::of(&local.echo), Streaming::Local);
    }

    #[test]
    fn everything_that_is_served_is_understood() {
        let config = json!({
            "QualityControl": {"RateQuality": "30", "MethodStreaming": "network"},
            "PropertiesControl": {
                "Deinterlace": "Auto",
                "Crop": {"Mode": "Force", "Width": "640", "Height": 360, "Left": "8", "Top": ""},
            },
        });
        let read = read(&config).unwrap();
        let area = Area {
            width: 640,
            height: 360,
            left: 8,
            top: 0,
        };
        assert_eq!((read.crf, read.scan), (30, Scan::Auto));
        assert_eq!(read.crop, Some(area));
    }

    /// SDKs read texts, and objects where there are any.
    #[test]
    fn what_was_asked_for_is_repeated_as_texts() {
        let config = json!({
            "QualityControl": {"RateQuality": 30, "MethodStreaming": ""},
            "PropertiesControl": {"Deinterlace": "Auto", "Crop": "{}"},
        });
        let echo = Config::parse(Some(&config.to_string())).unwrap().echo;
        let expected = json!({
            "QualityControl": {"RateQuality": "30"},
            "PropertiesControl": {"Deinterlace": "Auto"},
        });
        assert_eq!(Value::Object(echo), expected);
        let empty = Config::parse(Some(r#"{"QualityControl": "{}"}"#))
            .unwrap()
            .echo;
        assert!(empty.is_empty(), "{empty:?}");
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        let quality = |members: Value| json!({"QualityControl": members});
        let crop = |members: Value| json!({"PropertiesControl": {"Crop": members}});
        for (config, code, about) in [
            (
                quality(json!({"RateQuality": 0})),
                Code::OutOfRange,
                "QualityControl.RateQuality",
            ),
            (
                quality(json!({"RateQuality": "52"})),
                Code::OutOfRange,
                "QualityControl.RateQuality",
            ),
            (
                quality(json!({"RateQuality": "good"})),
                Code::NumberFormat,
                "QualityControl.RateQuality",
            ),
            (
                quality(json!({"MethodStreaming": "air"})),
                Code::OutOfRange,
                "QualityControl.MethodStreaming",
            ),
            (
                json!({"PropertiesControl": {"Deinterlace": "Force"}}),
                Code::NotSupported,
                "PropertiesControl.Deinterlace",
            ),
            (
                crop(json!({"Mode": "Force", "Width": 64})),
                Code::NullValue,
                "PropertiesControl.Crop.Height",
            ),
            (
                crop(json!({"Mode": "Force", "Width": 4, "Height": 64})),
                Code::OutOfRange,
                "PropertiesControl.Crop.Width",
            ),
            (
                crop(json!({"Mode": "Maybe"})),
                Code::OutOfRange,
                "PropertiesControl.Crop.Mode",
            ),
            (json!({"Deep": 1}), Code::NotSupported, "Deep"),
        ] {
            let expected = Refusal::new(code, format!("{NAME}.{about}"));
            assert_eq!(read(&config).unwrap_err(), expected, "{config}");
        }
        for (text, code) in [("[]", Code::JsonObjectFormat), ("{", Code::JsonFormat)] {
            let refusal = Config::parse(Some(text)).err();
            assert_eq!(refusal, Some(Refusal::new(code, NAME)));
        }
    }
}
