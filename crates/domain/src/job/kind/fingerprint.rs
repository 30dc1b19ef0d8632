//! Fingerprint specs: a file is looked for in a library, stored in it, or both.

use serde::{Deserialize, Serialize};

use super::transcode::{OutOfRange, check};
use crate::dna::{DnaModel, LibraryId, PrimaryKey};
use crate::names::ObjectRef;

/// What a fingerprint job reads, searches and stores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FingerprintSpec {
    pub input: ObjectRef,
    pub library: LibraryId,
    /// What the file is called in the library. One that is in use there fails the job, if it would store
    /// anything.
    pub key: PrimaryKey,
    pub save: SaveMode,
    pub media: DnaMedia,
    /// What counts as a duplicate for [`SaveMode::Save`], and what is told of: 0 to 1.
    #[serde(default = "default_similarity")]
    pub min_similarity: f64,
    /// Where what was found goes as JSON; absent where nothing is searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ObjectRef>,
}

const fn default_similarity() -> f64 {
    FingerprintSpec::MIN_SIMILARITY
}

/// What a job does with its library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveMode {
    /// Searches.
    Never,
    /// Searches, and stores what has no duplicate.
    IfNew,
    /// Searches and stores.
    Always,
    /// Stores without a search.
    Only,
}

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnaMedia {
    Video,
    Audio,
    Image,
    /// Plain text.
    Text,
    /// What speech recognition has made of a recording: JSON with times.
    Asr,
}

impl SaveMode {
    pub const fn searches(self) -> bool {
        !matches!(self, Self::Only)
    }

    pub const fn may_store(self) -> bool {
        !matches!(self, Self::Never)
    }
}

impl DnaMedia {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Text => "text",
            Self::Asr => "asr",
        }
    }

    /// Whether fingerprints of it can be looked for in a library of this model: pictures in videos, and the
    /// sound of videos in audio libraries, too.
    pub const fn can_be_searched_in(self, model: DnaModel) -> bool {
        matches!(
            (self, model),
            (Self::Video | Self::Image, DnaModel::Video)
                | (Self::Video | Self::Audio, DnaModel::Audio)
                | (Self::Image, DnaModel::Image)
                | (Self::Text | Self::Asr, DnaModel::Text)
        )
    }

    /// Whether it can be stored in one: only what the library is made of.
    pub const fn can_be_stored_in(self, model: DnaModel) -> bool {
        matches!(
            (self, model),
            (Self::Video, DnaModel::Video | DnaModel::Audio)
                | (Self::Audio, DnaModel::Audio)
                | (Self::Image, DnaModel::Image)
                | (Self::Text | Self::Asr, DnaModel::Text)
        )
    }
}

impl FingerprintSpec {
    /// What counts as a duplicate unless the caller says otherwise.
    pub const MIN_SIMILARITY: f64 = 0.5;

    /// Checks what can be said without looking.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        check(
            (0.0..=1.0).contains(&self.min_similarity),
            "min_similarity",
            "0 to 1",
        )?;
        check(
            self.result.is_some() == self.save.searches(),
            "result",
            "given where something is searched, and only there",
        )?;
        check(
            self.result.as_ref() != Some(&self.input),
            "result",
            "another object than the input",
        )
    }

    /// What its one result is about: the document of matches, or without one the input.
    pub const fn target(&self) -> &ObjectRef {
        match &self.result {
            Some(result) => result,
            None => &self.input,
        }
    }
}
