//! Words that are shown with the picture of an output.

use serde::{Deserialize, Serialize};

use super::{Container, OutOfRange, Settings, StreamChoice, VideoCodec, check, is_default};
use crate::names::ObjectRef;

/// Subtitles that become part of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subtitles {
    /// A file of SubRip, ASS or WebVTT; absent: the job's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// Their place among those of the file, from 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub track: u32,
    /// What becomes of them.
    #[serde(rename = "as", default, skip_serializing_if = "is_default")]
    pub form: SubtitleForm,
    /// That of a stream, in three letters of ISO 639-2; absent: what their file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Of the file.
    #[serde(default, skip_serializing_if = "is_default")]
    pub encoding: TextEncoding,
    /// Of those that are drawn: the family or full name of a font of the machine that makes the output; absent: those that the subtitles name,
    /// as far as they are there and have all of the text, or else the first font that has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub font: Option<String>,
}

/// What becomes of subtitles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubtitleForm {
    /// Part of the picture.
    #[default]
    Drawn,
    /// A stream of its own: of timed text in MP4 and MOV, of SubRip or ASS in MKV, of WebVTT in WebM.
    Stream,
    /// A file of WebVTT beside the output, named after it.
    WebVtt,
}

/// How the characters of a file are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextEncoding {
    /// As the bytes look: UTF-8, UTF-16 with its mark, GBK or Big5.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "gbk")]
    Gbk,
    #[serde(rename = "big5")]
    Big5,
    #[serde(rename = "shift_jis")]
    ShiftJis,
    #[serde(rename = "euc-kr")]
    EucKr,
    #[serde(rename = "windows-1251")]
    Windows1251,
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Subtitles {
    /// The most that are drawn into one picture.
    pub const MOST_DRAWN: usize = 4;
    /// The most that one output may have, in all forms.
    pub const MOST: usize = 32;

    /// Those of an output together.
    pub(super) fn check_all(all: &[Self], settings: &Settings) -> Result<(), OutOfRange> {
        let drawn = all.iter().filter(|it| it.form == SubtitleForm::Drawn);
        let drawn = drawn.count();
        let fits = all.len() <= Self::MOST && drawn <= Self::MOST_DRAWN;
        check(fits, "subtitles", "at most 32, of them 4 that are drawn")?;
        let video = settings.video.as_ref();
        let is_made = video.is_some_and(|video| video.codec != VideoCodec::Copy);
        check(
            drawn == 0 || is_made,
            "subtitles",
            "not drawn where there is no video, or it is copied",
        )?;
        let holds = matches!(
            settings.container,
            Container::Mp4 | Container::Mov | Container::Mkv | Container::Webm
        );
        check(
            holds || all.iter().all(|it| it.form != SubtitleForm::Stream),
            "subtitles.as",
            "drawn or webvtt: only mp4, mov, mkv and webm hold streams of subtitles",
        )?;
        all.iter().try_for_each(Self::validate)
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        let fits = self.track <= StreamChoice::MOST;
        check(fits, "subtitles.track", "0 to 1000")?;
        let is_name = |name: &str| {
            (1..=128).contains(&name.chars().count())
                && !name.contains(|char: char| char.is_control() || char == ',')
        };
        check(
            self.font.as_deref().is_none_or(is_name),
            "subtitles.font",
            "1 to 128 characters, none of control and no comma",
        )?;
        check(
            self.object.is_some() || self.encoding == TextEncoding::Auto,
            "subtitles.encoding",
            "auto for the input's own, which says how it is written",
        )?;
        check(
            self.font.is_none() || self.form == SubtitleForm::Drawn,
            "subtitles.font",
            "left out where nothing is drawn",
        )?;
        let is_language = |language: &str| {
            language.len() == 3 && language.bytes().all(|byte| byte.is_ascii_lowercase())
        };
        check(
            self.language.as_deref().is_none_or(is_language),
            "subtitles.language",
            "three letters of ISO 639-2, such as eng",
        )?;
        check(
            self.language.is_none() || self.form == SubtitleForm::Stream,
            "subtitles.language",
            "left out but for streams: nothing else has room for it",
        )
    }
}
