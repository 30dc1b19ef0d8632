//! Libraries and their entries.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::LibraryId;
use crate::access::AccountId;
use crate::ids::JobId;
use crate::names::ObjectRef;
use crate::time::Timestamp;

/// What the fingerprints of a library are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnaModel {
    Video,
    Audio,
    Image,
    Text,
}

impl DnaModel {
    pub const ALL: [Self; 4] = [Self::Video, Self::Audio, Self::Image, Self::Text];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Text => "text",
        }
    }
}

/// What people call a library: 1 to 128 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LibraryName(String);

impl LibraryName {
    /// `None` if it is no name.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let fits = (1..=128).contains(&name.chars().count());
        (fits && !name.chars().any(char::is_control)).then_some(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A library of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    pub id: LibraryId,
    pub account: AccountId,
    pub name: LibraryName,
    pub model: DnaModel,
    /// At most 1,024 characters.
    pub description: String,
    pub status: LibraryStatus,
    /// Grows by one with each change of what it holds.
    pub version: u64,
    /// The version at which something was last added.
    pub added_at: u64,
    /// How many entries it has.
    pub entries: u64,
    pub created_at: Timestamp,
}

/// Whether a library can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LibraryStatus {
    Active,
    /// It is gone, and is known by its id for a while.
    Deleted,
}

/// The caller's name of an entry, unique in its library: 1 to 256 bytes without commas, blanks at its ends
/// and control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrimaryKey(String);

/// The text is no primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a primary key is 1 to 256 bytes without commas, blanks at its ends and control characters"
)]
pub struct InvalidPrimaryKey;

impl PrimaryKey {
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidPrimaryKey> {
        let key = key.into();
        let is_odd = |it: char| it == ',' || it.is_control();
        let fits = (1..=256).contains(&key.len()) && key.trim() == key && !key.chars().any(is_odd);
        if fits {
            Ok(Self(key))
        } else {
            Err(InvalidPrimaryKey)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrimaryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PrimaryKey {
    type Error = InvalidPrimaryKey;

    fn try_from(text: String) -> Result<Self, InvalidPrimaryKey> {
        Self::new(text)
    }
}

impl From<PrimaryKey> for String {
    fn from(key: PrimaryKey) -> Self {
        key.0
    }
}

/// Something that a library holds the fingerprint of.
#[derive(Clone, Debug, PartialEq)]
pub struct DnaEntry {
    pub library: LibraryId,
    pub key: PrimaryKey,
    /// The library's version that it was added by: unique in the library, and never used again.
    pub number: u64,
    pub source: ObjectRef,
    /// The job that stored it.
    pub job: JobId,
    /// The media's length; absent for what has none.
    pub duration_ms: Option<u64>,
    /// What its fingerprint takes.
    pub stored_bytes: u64,
    pub created_at: Timestamp,
}
