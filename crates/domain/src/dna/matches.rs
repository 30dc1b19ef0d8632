//! What a search finds.

use serde::{Deserialize, Serialize};

use super::{LibraryId, PrimaryKey};

/// All that one search found, the most similar entry first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matches {
    pub library: LibraryId,
    /// The library's version that was searched.
    pub version: u64,
    pub entries: Vec<EntryMatch>,
}

/// What an entry has in common with the input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryMatch {
    pub key: PrimaryKey,
    /// The version at which the entry was added.
    pub number: u64,
    /// 0 to 1: how alike the matched parts are, weighed by their lengths.
    pub similarity: f64,
    /// In the order of the input. Of a part that is in the entry several times each place is told.
    pub segments: Vec<Segment>,
}

/// A part of the input that is in an entry too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    pub channel: Channel,
    pub input: Span,
    pub reference: Span,
    /// 0 to 1.
    pub similarity: f64,
    /// How much faster the input runs than the reference; 1 at the same speed.
    pub speed: f64,
    pub mirrored: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<MatchedText>,
}

/// What a match was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Video,
    Audio,
    Image,
    Text,
}

/// From and to: seconds of media, characters of text, 0 and 0 of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub start: f64,
    pub end: f64,
}

/// The words of a match of texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedText {
    pub input: String,
    pub reference: String,
}
