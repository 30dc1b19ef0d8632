//! Assets: media files that an account knows by more than their place, and what it says about them.

use serde::{Deserialize, Serialize};

use crate::access::AccountId;
use crate::ids::{JobId, SubmissionId, hex_id};
use crate::job::{Fault, Origin};
use crate::media::MediaFacts;
use crate::names::ObjectRef;
use crate::time::Timestamp;

hex_id! {
    /// An asset: a UUIDv7, so ids sort by creation.
    AssetId
}

impl AssetId {
    /// The smallest id an asset created at `at` can have.
    pub fn first_at(at: Timestamp) -> Self {
        Self(*JobId::first_at(at).as_bytes())
    }

    /// The largest id an asset created at `at` can have.
    pub fn last_at(at: Timestamp) -> Self {
        Self(*JobId::last_at(at).as_bytes())
    }
}

/// A media file that an account has registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    pub id: AssetId,
    pub account: AccountId,
    /// The file; an account has at most one asset of each.
    pub file: ObjectRef,
    pub state: AssetState,
    pub details: AssetDetails,
    /// A picture of it.
    pub cover: Option<ObjectRef>,
    /// The job that brought it in or has looked at it.
    pub job: JobId,
    pub origin: Option<Origin>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// How far an asset is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AssetState {
    /// Its job has not looked at the file yet.
    Registered,
    /// It is what it was said to be.
    Ready {
        facts: Box<MediaFacts>,
        /// Of the file, 64 hex digits, where it was fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
    /// The file is not there, or is no media, or nobody will look at it any more: then there is no fault.
    /// Its job says so and is kept as long as it does, so that this is never stored.
    #[serde(skip)]
    Unusable { fault: Option<Box<Fault>> },
}

/// What an account says about an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetDetails {
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<u64>,
    /// A picture elsewhere that stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_url: Option<String>,
    /// A name that the account gave it, unique inside the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl AssetDetails {
    /// The longest reference, in bytes: it is looked for, and no index takes texts of any length.
    pub const MAX_REFERENCE_BYTES: usize = 256;

    /// Whether its reference, if it has one, has a length that one may have.
    pub fn has_fitting_reference(&self) -> bool {
        let fits = |text: &String| (1..=Self::MAX_REFERENCE_BYTES).contains(&text.len());
        self.reference.as_ref().is_none_or(fits)
    }
}

/// What of an asset's details is to change; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetChange {
    pub title: Option<String>,
    pub description: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    pub category: Option<Option<u64>>,
    pub cover_url: Option<Option<String>>,
    pub reference: Option<Option<String>>,
}

impl AssetChange {
    /// The details after it.
    #[must_use]
    pub fn applied_to(self, details: &AssetDetails) -> AssetDetails {
        let old = details.clone();
        AssetDetails {
            title: self.title.unwrap_or(old.title),
            description: self.description.unwrap_or(old.description),
            tags: self.tags.unwrap_or(old.tags),
            category: self.category.unwrap_or(old.category),
            cover_url: self.cover_url.unwrap_or(old.cover_url),
            reference: self.reference.unwrap_or(old.reference),
        }
    }
}

/// A job that was made for an asset, and the submission that it came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AssetJob {
    pub submission: SubmissionId,
    pub job: JobId,
}
