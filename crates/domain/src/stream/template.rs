//! Templates: how a live stream is encoded.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::access::AccountId;
use crate::ids::hex_id;
use crate::job::kind::transcode::OutOfRange;
use crate::time::Timestamp;

hex_id! {
    /// A template of live streams.
    TemplateId
}

/// What a template is called and what it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeTemplate {
    pub id: TemplateId,
    /// Absent: it ships with the program and belongs to everybody.
    pub account: Option<AccountId>,
    pub name: String,
    pub kind: TemplateKind,
    pub settings: LiveSettings,
    pub created_at: Timestamp,
}

/// Which of the families a template is of. Ours are all ordinary ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateKind {
    Common,
}

/// How a live stream is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveSettings {
    pub codec: LiveCodec,
    #[serde(default)]
    pub width: Side,
    #[serde(default)]
    pub height: Side,
    /// kbit/s of the video, 1 to 100,000.
    #[serde(default)]
    pub video_kbps: Follow<u32>,
    /// Thousandths of frames per second, 1,000 to 240,000.
    #[serde(default)]
    pub milli_fps: Follow<u32>,
    #[serde(default)]
    pub gop: Follow<LiveGop>,
    /// kbit/s of the audio, as AAC. Absent: it is passed through where the target takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_kbps: Option<u32>,
}

/// What the video becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveCodec {
    H264,
    H265,
    /// Nothing is encoded.
    Copy,
}

/// A setting that may be what the source has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follow<T> {
    #[default]
    Source,
    Fixed(T),
}

/// One side of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    #[default]
    Source,
    /// As the other side and the source's shape say, even.
    Ratio,
    Pixels(u32),
}

/// How far apart keyframes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveGop {
    Frames(u32),
    Millis(u32),
}

impl LiveSettings {
    /// Checks what can be said without a source.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        let fits = |it, range: std::ops::RangeInclusive<u32>| match it {
            Follow::Source => true,
            Follow::Fixed(value) => range.contains(&value),
        };
        let check = |fits, field, expected| match fits {
            true => Ok(()),
            false => Err(OutOfRange { field, expected }),
        };
        let side = |it| match it {
            Side::Pixels(pixels) => (16..=8192).contains(&pixels) && pixels % 2 == 0,
            Side::Source | Side::Ratio => true,
        };
        check(side(self.width), "width", "even, 16 to 8192")?;
        check(side(self.height), "height", "even, 16 to 8192")?;
        let is_sized = (self.width, self.height) != (Side::Ratio, Side::Ratio);
        check(
            is_sized,
            "width",
            "given where the height follows the ratio",
        )?;
        check(
            fits(self.video_kbps, 1..=100_000),
            "video_kbps",
            "1 to 100000",
        )?;
        check(
            fits(self.milli_fps, 1_000..=240_000),
            "milli_fps",
            "1000 to 240000",
        )?;
        let gop = match self.gop {
            Follow::Source => true,
            Follow::Fixed(LiveGop::Frames(frames)) => (1..=3000).contains(&frames),
            Follow::Fixed(LiveGop::Millis(millis)) => (100..=60_000).contains(&millis),
        };
        check(gop, "gop", "1 to 3000 frames, or 0.1 to 60 s")?;
        let audio = self.audio_kbps.is_none_or(|kbps| (8..=512).contains(&kbps));
        check(audio, "audio_kbps", "8 to 512")?;
        let copies = self.codec == LiveCodec::Copy;
        let plain = Self {
            audio_kbps: self.audio_kbps,
            ..Self::copy()
        };
        check(
            !copies || *self == plain,
            "codec",
            "'h264' or 'h265' where anything is set of the video",
        )
    }

    /// Nothing is encoded.
    pub const fn copy() -> Self {
        Self {
            codec: LiveCodec::Copy,
            width: Side::Source,
            height: Side::Source,
            video_kbps: Follow::Source,
            milli_fps: Follow::Source,
            gop: Follow::Source,
            audio_kbps: None,
        }
    }
}

impl LiveCodec {
    pub const fn word(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
            Self::Copy => "copy",
        }
    }
}

impl fmt::Display for LiveCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
