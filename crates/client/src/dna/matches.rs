//! What a search has found.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

/// All that one search found, the most similar entry first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matches {
    /// By id.
    pub library: String,
    /// The library's version that was searched.
    pub version: u64,
    pub entries: Vec<EntryMatch>,
}

/// What an entry has in common with the input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryMatch {
    pub key: String,
    /// The version at which the entry was added.
    pub number: u64,
    /// 0 to 1: how alike the matched parts are, weighed by their lengths.
    pub similarity: f64,
    /// In the order of the input.
    pub segments: Vec<MatchedSegment>,
}

/// A part of the input that is in an entry too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchedSegment {
    /// `video`, `audio`, `image` or `text`.
    pub channel: String,
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

impl Client {
    /// What a fingerprint job that has succeeded found.
    pub async fn matches(&self, job: &str) -> Result<Matches, Error> {
        let call = self.call(Method::GET, &["jobs", job, "matches"]);
        call.answer().await
    }
}
