//! How this API writes the settings of live templates: plain values, and null for what is as the source has it.

use std::fmt;

use reelgate_domain::stream::{Follow, LiveCodec, LiveGop, LiveSettings, Side};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::http::Problem;

/// `{"codec", "width", "height", "video_kbps", "fps", "gop", "audio_kbps"}`: `codec` is `h264`, `h265` or `copy`, a
/// side is pixels or `"ratio"`, `gop` is `{"frames"}` or `{"seconds"}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsJson {
    codec: LiveCodec,
    #[serde(default)]
    width: Option<SideJson>,
    #[serde(default)]
    height: Option<SideJson>,
    #[serde(default)]
    video_kbps: Option<u32>,
    #[serde(default)]
    fps: Option<f64>,
    #[serde(default)]
    gop: Option<GopJson>,
    #[serde(default)]
    audio_kbps: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SideJson {
    Pixels(u32),
    Ratio,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GopJson {
    Frames(u32),
    Seconds(f64),
}

impl SettingsJson {
    pub(super) fn of(settings: &LiveSettings) -> Self {
        Self {
            codec: settings.codec,
            width: SideJson::of(settings.width),
            height: SideJson::of(settings.height),
            video_kbps: fixed(settings.video_kbps),
            fps: fixed(settings.milli_fps).map(|milli| f64::from(milli) / 1000.0),
            gop: fixed(settings.gop).map(|gop| match gop {
                LiveGop::Frames(frames) => GopJson::Frames(frames),
                LiveGop::Millis(millis) => GopJson::Seconds(f64::from(millis) / 1000.0),
            }),
            audio_kbps: settings.audio_kbps,
        }
    }

    /// The settings, `at` being their path in the body.
    pub(super) fn settings(&self, at: &str) -> Result<LiveSettings, Problem> {
        let gop = match self.gop {
            None => None,
            Some(GopJson::Frames(frames)) => Some(LiveGop::Frames(frames)),
            Some(GopJson::Seconds(seconds)) => {
                let millis = thousandths(seconds);
                let millis = millis.ok_or_else(|| unfit(at, "gop.seconds", "0.1 to 60"));
                Some(LiveGop::Millis(millis?))
            }
        };
        let milli_fps = match self.fps {
            None => None,
            Some(fps) => Some(thousandths(fps).ok_or_else(|| unfit(at, "fps", "1 to 240"))?),
        };
        let settings = LiveSettings {
            codec: self.codec,
            width: SideJson::side(self.width),
            height: SideJson::side(self.height),
            video_kbps: follow(self.video_kbps),
            milli_fps: follow(milli_fps),
            gop: follow(gop),
            audio_kbps: self.audio_kbps,
        };
        settings.validate().map_err(|wrong| match wrong.field {
            // In the words of this API.
            "milli_fps" => unfit(at, "fps", "1 to 240"),
            field => unfit(at, field, wrong.expected),
        })?;
        Ok(settings)
    }
}

fn unfit(at: &str, field: &str, expected: &str) -> Problem {
    Problem::invalid_field(
        format!("{at}.{field}"),
        format!("{field} must be {expected}"),
    )
}

/// Thousandths of a rate or of a time, if they are a number that could be one.
fn thousandths(value: f64) -> Option<u32> {
    let thousandths = (value * 1000.0).round();
    let fits = thousandths >= 0.0 && thousandths <= f64::from(u32::MAX);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was looked at"
    )]
    fits.then_some(thousandths as u32)
}

fn fixed<T>(value: Follow<T>) -> Option<T> {
    match value {
        Follow::Source => None,
        Follow::Fixed(value) => Some(value),
    }
}

fn follow<T>(value: Option<T>) -> Follow<T> {
    value.map_or(Follow::Source, Follow::Fixed)
}

impl SideJson {
    fn of(side: Side) -> Option<Self> {
        match side {
            Side::Source => None,
            Side::Ratio => Some(Self::Ratio),
            Side::Pixels(pixels) => Some(Self::Pixels(pixels)),
        }
    }

    fn side(json: Option<Self>) -> Side {
        match json {
            None => Side::Source,
            Some(Self::Ratio) => Side::Ratio,
            Some(Self::Pixels(pixels)) => Side::Pixels(pixels),
        }
    }
}

impl Serialize for SideJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Pixels(pixels) => serializer.serialize_u32(*pixels),
            Self::Ratio => serializer.serialize_str("ratio"),
        }
    }
}

impl<'de> Deserialize<'de> for SideJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SideVisitor)
    }
}

struct SideVisitor;

impl Visitor<'_> for SideVisitor {
    type Value = SideJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of pixels, or \"ratio\"")
    }

    fn visit_u64<E: Error>(self, pixels: u64) -> Result<SideJson, E> {
        let pixels = u32::try_from(pixels).map_err(|_| E::custom("it is too large"))?;
        Ok(SideJson::Pixels(pixels))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SideJson, E> {
        match text {
            "ratio" => Ok(SideJson::Ratio),
            other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(json: Value) -> Result<LiveSettings, String> {
        let read: SettingsJson = serde_json::from_value(json).map_err(|error| error.to_string())?;
        let settings = read.settings("settings");
        settings.map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn settings_are_read_as_they_are_written() {
        for json in [
            json!({"codec": "copy", "width": null, "height": null, "video_kbps": null, "fps": null, "gop": null,
                   "audio_kbps": null}),
            json!({"codec": "h264", "width": "ratio", "height": 720, "video_kbps": 2500, "fps": 29.97,
                   "gop": {"seconds": 2.0}, "audio_kbps": 128}),
            json!({"codec": "h265", "width": 1920, "height": 1080, "video_kbps": 100_000, "fps": 25.0,
                   "gop": {"frames": 50}, "audio_kbps": null}),
        ] {
            let settings = read(json.clone()).unwrap();
            let written = serde_json::to_value(SettingsJson::of(&settings)).unwrap();
            assert_eq!(written, json);
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_by_name() {
        for (json, field) in [
            (json!({"codec": "vp9"}), "vp9"),
            (json!({"codec": "h264", "width": "wide"}), "wide"),
            (json!({"codec": "h264", "width": 15}), "settings.width"),
            (json!({"codec": "h264", "width": -2}), "pixels"),
            (json!({"codec": "h264", "fps": 0.5}), "settings.fps"),
            (json!({"codec": "h264", "fps": 1e300}), "settings.fps"),
            (
                json!({"codec": "h264", "gop": {"seconds": -1}}),
                "settings.gop",
            ),
            (json!({"codec": "h264", "gop": {"hours": 1}}), "hours"),
            (json!({"codec": "copy", "height": 720}), "settings.codec"),
            (json!({"codec": "h264", "crf": 20}), "crf"),
        ] {
            let refused = read(json.clone()).unwrap_err();
            assert!(refused.contains(field), "{json}: {refused}");
        }
    }
}
