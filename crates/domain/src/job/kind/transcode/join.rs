//! What is joined to an output's end, and what is mixed into its sound.

use serde::{Deserialize, Serialize};

use super::{
    AudioCodec, Clip, ClipLength, Color, OutOfRange, OutputSpec, StreamChoice, VideoCodec, Volume,
    check, is_default,
};
use crate::names::ObjectRef;

/// A file that follows the input, or what was joined before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinedPart {
    pub object: ObjectRef,
    /// Absent: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// How large its picture is; neither side said: as large as fits. What is larger than the output's picture is
    /// brought down until it fits, in its proportions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<PartSide>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<PartSide>,
    /// What is around its picture; absent: black.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<Color>,
    /// Whether silence takes the place of its sound.
    #[serde(default, skip_serializing_if = "is_default")]
    pub muted: bool,
    /// For how long it fades in over the last picture of what is before it, which stays for that time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fade_ms: u32,
}

/// One side of a part's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartSide {
    /// That of the part itself.
    Own,
    /// That of the output.
    Full,
    /// Pixels of the output.
    Px(u32),
}

impl JoinedPart {
    /// The most that one output may have: what a list of Media Processing's may name, and its tails.
    pub const MOST: usize = 52;
    const MOST_FADE_MS: u32 = 60_000;

    /// All of an object, as large as fits.
    pub const fn new(object: ObjectRef) -> Self {
        Self {
            object,
            clip: None,
            width: None,
            height: None,
            background: None,
            muted: false,
            fade_ms: 0,
        }
    }

    pub(super) fn validate(&self) -> Result<(), OutOfRange> {
        check_clip(self.clip, "append.clip.length")?;
        let fits = |side: Option<PartSide>| match side {
            Some(PartSide::Px(px)) => (1..=4096).contains(&px),
            _ => true,
        };
        check(fits(self.width), "append.width", "1 to 4096 pixels")?;
        check(fits(self.height), "append.height", "1 to 4096 pixels")?;
        let short = self.fade_ms <= Self::MOST_FADE_MS;
        check(short, "append.fade_ms", "0 to 60000 milliseconds")
    }
}

/// Sound that is heard together with that of the output, from its start on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixedSound {
    /// Absent: the job's input, whose sounds keep time with its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// Its place among the file's sounds, from 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub audio: u32,
    /// What part of it; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub until: MixUntil,
}

/// How long mixed sound is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MixUntil {
    /// As long as the longer one.
    #[default]
    Longest,
    /// As long as the output's own.
    First,
}

impl MixedSound {
    /// The most that one output may have.
    pub const MOST: usize = 8;

    pub(super) fn validate(&self) -> Result<(), OutOfRange> {
        check(self.audio <= StreamChoice::MOST, "mix.audio", "0 to 1000")?;
        check_clip(self.clip, "mix.clip.length")
    }
}

fn check_clip(clip: Option<Clip>, field: &'static str) -> Result<(), OutOfRange> {
    let length = clip.and_then(|clip| clip.length);
    check(
        length != Some(ClipLength::DurationMs(0)),
        field,
        "longer than 0 milliseconds",
    )
}

impl OutputSpec {
    pub(super) fn check_join(&self) -> Result<(), OutOfRange> {
        let few = self.append.len() <= JoinedPart::MOST;
        check(few, "append", "at most 52 files")?;
        let video = self.settings.video.as_ref();
        let is_copied = video.is_some_and(|video| video.codec == VideoCodec::Copy);
        let audio = self.settings.audio.as_ref();
        let is_sound_copied = audio.is_some_and(|audio| audio.codec == AudioCodec::Copy);
        check(
            self.append.is_empty() || !(is_copied || is_sound_copied),
            "append",
            "left out where a stream is copied",
        )?;
        self.append.iter().try_for_each(JoinedPart::validate)?;
        let few = self.mix.len() <= MixedSound::MOST;
        check(few, "mix", "at most 8 sounds")?;
        check(
            self.mix.is_empty() || (audio.is_some() && !is_sound_copied),
            "mix",
            "left out where there is no audio, or it is copied",
        )?;
        let volume = self.settings.audio.as_ref().and_then(|it| it.volume);
        check(
            !volume.is_some_and(Volume::is_measured)
                || (self.append.is_empty() && self.mix.is_empty()),
            "audio.volume",
            "a gain where files are joined or sounds are mixed: only the input's own sound is measured",
        )?;
        self.mix.iter().try_for_each(MixedSound::validate)
    }
}
