//! Pictures and texts laid over the picture of an output.

use serde::{Deserialize, Serialize};

use super::{OutOfRange, OutputSpec, VideoCodec, check, is_default};
use crate::names::ObjectRef;

/// Something laid over the picture of an output, above those before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    pub mark: Mark,
    #[serde(default, skip_serializing_if = "is_default")]
    pub corner: Corner,
    /// From the corner towards the middle; a share is one of the output's width.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dx: Length,
    /// From the corner towards the middle; a share is one of the output's height.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dy: Length,
    /// When it appears, counted from the output's start.
    #[serde(default, skip_serializing_if = "is_default")]
    pub start_ms: u64,
    /// How long it stays; absent: to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// What is laid over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mark {
    Picture(PictureMark),
    Text(TextMark),
}

/// A picture, or a film without its sound, which starts anew whenever it ends unless it is seen once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureMark {
    pub object: ObjectRef,
    /// One side alone keeps the picture's proportions; none keeps its size. A share is one of the output's width.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<Length>,
    /// A share is one of the output's height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<Length>,
    /// Whether its colours are left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gray: bool,
    /// Whether a film is gone when it ends, and does not start anew.
    #[serde(default, skip_serializing_if = "is_default")]
    pub once: bool,
}

/// A text in one colour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextMark {
    /// 1 to 1000 characters; of the control characters only line feeds.
    pub text: String,
    /// The family or full name of a font of the machine that makes the output; absent: the first of its fonts that
    /// has all of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub font: Option<String>,
    /// Pixels of the output, 4 to 4096.
    pub size: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub color: Color,
    /// Above 0 and up to 1, which hides what is below.
    #[serde(default = "opaque", skip_serializing_if = "is_opaque")]
    pub alpha: f64,
    /// Pixels, 0 to 4096; 0 is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub border: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub border_color: Color,
}

const fn opaque() -> f64 {
    1.0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what serde asks for takes a reference"
)]
fn is_opaque(alpha: &f64) -> bool {
    alpha.to_bits() == 1.0_f64.to_bits()
}

/// The corner of the output from which distances count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corner {
    #[default]
    TopRight,
    TopLeft,
    BottomRight,
    BottomLeft,
    /// The middle of the picture, with distances to the right and down.
    Center,
}

/// A length on the output's picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Pixels, up to 4096 in either direction; sizes are positive.
    Px(i32),
    /// Above 0 and below 1; of sizes at most 1.
    Ratio(f64),
    /// Of sizes: what the picture itself has.
    Own,
    /// The same of a side of the output that is named, whichever way the length goes.
    Share { ratio: f64, of: Edge },
}

/// A side of an output's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    Width,
    Height,
    Long,
    Short,
}

impl Default for Length {
    fn default() -> Self {
        Self::Px(0)
    }
}

impl Length {
    const MOST_PX: i32 = 4096;

    /// A share as vendors write them, of which four decimals count; `None` if it is no decimal number.
    pub fn share(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return None;
        }
        let end = text.find('.').map_or(text.len(), |point| point + 5);
        let counted = text.get(..end).unwrap_or(text);
        counted.parse().ok().map(Self::Ratio)
    }

    fn is_distance(self) -> bool {
        match self {
            Self::Px(px) => (-Self::MOST_PX..=Self::MOST_PX).contains(&px),
            Self::Ratio(ratio) | Self::Share { ratio, .. } => ratio > 0.0 && ratio < 1.0,
            Self::Own => false,
        }
    }

    fn is_size(self) -> bool {
        match self {
            Self::Px(px) => px > 0 && self.is_distance(),
            Self::Ratio(ratio) | Self::Share { ratio, .. } => ratio > 0.0 && ratio <= 1.0,
            Self::Own => true,
        }
    }
}

/// Red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(pub [u8; 3]);

/// The colours that have names: those of the CSS that dialects name.
const NAMED: [(&str, [u8; 3]); 23] = [
    ("black", [0, 0, 0]),
    ("silver", [192, 192, 192]),
    ("gray", [128, 128, 128]),
    ("grey", [128, 128, 128]),
    ("white", [255, 255, 255]),
    ("maroon", [128, 0, 0]),
    ("red", [255, 0, 0]),
    ("purple", [128, 0, 128]),
    ("fuchsia", [255, 0, 255]),
    ("magenta", [255, 0, 255]),
    ("green", [0, 128, 0]),
    ("lime", [0, 255, 0]),
    ("olive", [128, 128, 0]),
    ("yellow", [255, 255, 0]),
    ("navy", [0, 0, 128]),
    ("blue", [0, 0, 255]),
    ("teal", [0, 128, 128]),
    ("aqua", [0, 255, 255]),
    ("cyan", [0, 255, 255]),
    ("orange", [255, 165, 0]),
    ("gold", [255, 215, 0]),
    ("pink", [255, 192, 203]),
    ("brown", [165, 42, 42]),
];

impl Color {
    /// A name of CSS, in any case, or `#RRGGBB`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix('#') {
            let is_hex = hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = u32::from_str_radix(hex, 16).ok().filter(|_| is_hex)?;
            let [_, red, green, blue] = number.to_be_bytes();
            return Some(Self([red, green, blue]));
        }
        let named = NAMED
            .iter()
            .find(|(name, _)| text.eq_ignore_ascii_case(name));
        named.map(|(_, color)| Self(*color))
    }
}

impl TryFrom<String> for Color {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a colour is a name of CSS's basic ones or #RRGGBB")
    }
}

impl From<Color> for String {
    fn from(Color([red, green, blue]): Color) -> Self {
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Overlay {
    /// The most that one output may have: Media Processing's watermarks, and its openings below them.
    pub const MOST: usize = 22;

    pub(super) fn validate(&self) -> Result<(), OutOfRange> {
        let distance = "-4096 to 4096 pixels, or a ratio above 0 and below 1";
        check(self.dx.is_distance(), "overlays.dx", distance)?;
        check(self.dy.is_distance(), "overlays.dy", distance)?;
        let day = 24 * 60 * 60 * 1000;
        check(
            self.start_ms < day,
            "overlays.start_ms",
            "below 86400000 milliseconds",
        )?;
        check(
            self.duration_ms
                .is_none_or(|length| (1..=day).contains(&length)),
            "overlays.duration_ms",
            "1 to 86400000 milliseconds",
        )?;
        match &self.mark {
            Mark::Picture(mark) => mark.validate(),
            Mark::Text(mark) => mark.validate(),
        }
    }

    /// The object it is in, if it is a picture.
    pub const fn object(&self) -> Option<&ObjectRef> {
        match &self.mark {
            Mark::Picture(mark) => Some(&mark.object),
            Mark::Text(_) => None,
        }
    }
}

impl PictureMark {
    fn validate(&self) -> Result<(), OutOfRange> {
        let size = "own, 1 to 4096 pixels, or a ratio above 0 and at most 1";
        let fits = |side: Option<Length>| side.is_none_or(Length::is_size);
        check(fits(self.width), "overlays.mark.picture.width", size)?;
        check(fits(self.height), "overlays.mark.picture.height", size)
    }
}

impl TextMark {
    fn validate(&self) -> Result<(), OutOfRange> {
        let is_control = |char: char| char.is_control() && char != '\n';
        let fits = (1..=1000).contains(&self.text.chars().count())
            && !self.text.contains(is_control)
            && !self.text.trim().is_empty();
        let expected = "1 to 1000 characters, none of control but line feeds, and not only blanks";
        check(fits, "overlays.mark.text.text", expected)?;
        let is_name = |name: &str| {
            (1..=128).contains(&name.chars().count()) && !name.contains(char::is_control)
        };
        check(
            self.font.as_deref().is_none_or(is_name),
            "overlays.mark.text.font",
            "1 to 128 characters, none of control",
        )?;
        let pixels = |least: u32, px: u32| (least..=4096).contains(&px);
        let sizes = "4 to 4096 pixels";
        check(pixels(4, self.size), "overlays.mark.text.size", sizes)?;
        let alpha = self.alpha > 0.0 && self.alpha <= 1.0;
        check(alpha, "overlays.mark.text.alpha", "above 0 and at most 1")?;
        let borders = "0 to 4096 pixels";
        check(pixels(0, self.border), "overlays.mark.text.border", borders)
    }
}

impl OutputSpec {
    /// The place of the first overlay that is out of range by itself.
    pub fn wrong_overlay(&self) -> Option<usize> {
        let mut each = self.overlays.iter();
        each.position(|overlay| overlay.validate().is_err())
    }

    pub(super) fn check_overlays(&self) -> Result<(), OutOfRange> {
        let few = self.overlays.len() <= Overlay::MOST;
        check(few, "overlays", "at most 22")?;
        let seen = self.overlays.is_empty() || self.settings.video.is_some();
        check(seen, "overlays", "left out where there is no video")?;
        let video = self.settings.video.as_ref();
        let is_copied = video.is_some_and(|video| video.codec == VideoCodec::Copy);
        check(
            self.overlays.is_empty() || !is_copied,
            "overlays",
            "left out where the video is copied",
        )?;
        self.overlays.iter().try_for_each(Overlay::validate)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn picture() -> Value {
        json!({"mark": {"picture": {"object": {"bucket": "media", "key": "logo.png"}}}})
    }

    fn with(mut overlay: Value, field: &str, value: Value) -> Overlay {
        overlay[field] = value;
        serde_json::from_value(overlay).unwrap()
    }

    #[test]
    fn what_is_written_reads_back() {
        let all = json!({
            "mark": {"text": {"text": "a\nb", "font": "DejaVu Sans", "size": 20, "color": "#ff0000",
                "alpha": 0.5, "border": 2, "border_color": "#00ff00"}},
            "corner": "bottom_left", "dx": {"share": {"ratio": 0.25, "of": "long"}}, "dy": {"px": -3},
            "start_ms": 5, "duration_ms": 7,
        });
        for overlay in [picture(), all] {
            let read: Overlay = serde_json::from_value(overlay.clone()).unwrap();
            assert_eq!(read.validate(), Ok(()));
            assert_eq!(serde_json::to_value(&read).unwrap(), overlay);
        }
    }

    #[test]
    fn lengths_and_times_have_bounds() {
        let cases = [
            ("dx", json!({"ratio": 0.0}), "overlays.dx"),
            ("dx", json!({"ratio": 1.0}), "overlays.dx"),
            (
                "dx",
                json!({"share": {"ratio": 1.0, "of": "width"}}),
                "overlays.dx",
            ),
            ("dy", json!({"px": 4097}), "overlays.dy"),
            ("start_ms", json!(86_400_000), "overlays.start_ms"),
            ("duration_ms", json!(0), "overlays.duration_ms"),
        ];
        for (field, value, named) in cases {
            let refused = with(picture(), field, value).validate().unwrap_err();
            assert_eq!(refused.field, named);
        }
        for size in [json!({"px": 0}), json!({"px": -4}), json!({"ratio": 1.5})] {
            let mut overlay = picture();
            overlay["mark"]["picture"]["width"] = size;
            let overlay: Overlay = serde_json::from_value(overlay).unwrap();
            let refused = overlay.validate().unwrap_err();
            assert_eq!(refused.field, "overlays.mark.picture.width");
        }
    }

    #[test]
    fn texts_have_bounds() {
        let cases = [
            ("text", json!(" \n")),
            ("text", json!("a\u{7}")),
            ("text", json!("a".repeat(1001))),
            ("font", json!("")),
            ("size", json!(3)),
            ("alpha", json!(0.0)),
            ("alpha", json!(1.1)),
            ("border", json!(4097)),
        ];
        for (field, value) in cases {
            let mut text = json!({"text": "a", "size": 16});
            text[field] = value;
            let overlay: Overlay = serde_json::from_value(json!({"mark": {"text": text}})).unwrap();
            let refused = overlay.validate().unwrap_err();
            assert_eq!(refused.field, format!("overlays.mark.text.{field}"));
        }
    }

    #[test]
    fn colours_are_named_or_numbers() {
        assert_eq!(Color::parse("RED"), Some(Color([255, 0, 0])));
        assert_eq!(Color::parse("#01fF80"), Some(Color([1, 255, 128])));
        for text in ["", "#12345", "#+12345", "0x112233", "no such colour"] {
            assert_eq!(Color::parse(text), None, "{text}");
        }
    }
}
