//! Ingest specs: a source that becomes an asset, be it fetched from elsewhere or in a bucket already.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::transcode::{OutOfRange, TranscodeSpec, check};
use crate::asset::{AssetDetails, AssetId};
use crate::ids::{JobId, SubmissionId};
use crate::job::{Origin, Priority};
use crate::names::ObjectRef;

/// What an ingest job brings in, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestSpec {
    pub source: IngestSource,
    /// Where the file is afterwards; of a source in a bucket, where it is already.
    pub output: ObjectRef,
    /// A picture of the video that is not black, as JPEG. Absent: none is made. What has no moving
    /// pictures gets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<ObjectRef>,
    /// What the file is registered as. Absent: it is only stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetPlan>,
}

/// Where the file comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum IngestSource {
    /// A web server.
    Url {
        url: SourceUrl,
        /// What its size must be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
        /// What its SHA-256 must be, 64 hex digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
        /// Fetches nothing if the server says that the file is the one that the output already holds, unless a
        /// checksum is wanted of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        skip_if_same: bool,
    },
    /// A bucket of the account: the job's output.
    Object,
}

/// The asset that a file becomes, and what is made of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetPlan {
    pub id: AssetId,
    #[serde(default)]
    pub details: AssetDetails,
    /// Jobs that are queued when the asset is there, of one submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<FollowUp>,
}

/// Jobs that are queued by the write that makes something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUp {
    pub submission: SubmissionId,
    pub priority: Priority,
    pub jobs: Vec<PlannedJob>,
}

/// A job that will be queued, under an id that is known before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedJob {
    pub id: JobId,
    pub spec: TranscodeSpec,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
}

impl IngestSpec {
    /// Checks what can be said without looking.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        if let IngestSource::Url { sha256, .. } = &self.source {
            let is_digest = |text: &String| {
                let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                text.len() == 64 && text.bytes().all(lower_hex)
            };
            let fits = sha256.as_ref().is_none_or(is_digest);
            check(fits, "source.sha256", "64 hex digits, 0-9 and a-f")?;
        }
        let asset = self.asset.as_ref();
        check(
            asset.is_none_or(|asset| asset.details.has_fitting_reference()),
            "asset.details.reference",
            "1 to 256 bytes",
        )?;
        check(
            self.cover.as_ref() != Some(&self.output),
            "cover",
            "another object than the output",
        )
    }
}

/// The address of a source. What follows its host may give access to it, so it is never printed.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceUrl(String);

/// The text is no address of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an address is an http or https URL with a host, of at most {} bytes without blanks",
    SourceUrl::MAX_BYTES
)]
pub struct InvalidSourceUrl;

impl SourceUrl {
    /// The most bytes of an address.
    pub const MAX_BYTES: usize = 4096;

    pub fn new(text: impl Into<String>) -> Result<Self, InvalidSourceUrl> {
        let text = text.into();
        let is_odd = |it: char| it.is_control() || it.is_whitespace();
        let fits = text.len() <= Self::MAX_BYTES && !text.chars().any(is_odd);
        let url = Self(text);
        match fits && !url.host().is_empty() {
            true => Ok(url),
            false => Err(InvalidSourceUrl),
        }
    }

    /// As it was given, secrets included.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The name of the file that it points at: the last segment of its path, as it is written.
    pub fn file_name(&self) -> &str {
        let path = self.after_scheme().split(['?', '#']).next();
        let (_, path) = path.and_then(|it| it.split_once('/')).unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    /// The host, with its port if it has one; empty for what is no URL of a web server.
    pub fn host(&self) -> &str {
        // Whoever connects takes a backslash for a slash.
        let authority = self.after_scheme().split(['/', '\\', '?', '#']).next();
        let authority = authority.unwrap_or_default();
        authority.rsplit('@').next().unwrap_or_default()
    }

    fn after_scheme(&self) -> &str {
        let (scheme, rest) = self.0.split_once("://").unwrap_or_default();
        let is_web = ["http", "https"]
            .iter()
            .any(|it| scheme.eq_ignore_ascii_case(it));
        if is_web { rest } else { "" }
    }
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceUrl({}/…)", self.host())
    }
}

impl TryFrom<String> for SourceUrl {
    type Error = InvalidSourceUrl;

    fn try_from(text: String) -> Result<Self, InvalidSourceUrl> {
        Self::new(text)
    }
}

impl From<SourceUrl> for String {
    fn from(url: SourceUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_its_host_and_nothing_else() {
        let url = SourceUrl::new("HTTPS://user:key@cdn.example.com:8443/a/b.mp4?Signature=x#y");
        let url = url.unwrap();
        assert_eq!(url.host(), "cdn.example.com:8443");
        assert_eq!(url.file_name(), "b.mp4");
        assert_eq!(format!("{url:?}"), "SourceUrl(cdn.example.com:8443/…)");
        let url = SourceUrl::new(r"https://cdn.example.com\secret\b.mp4").unwrap();
        assert_eq!(url.host(), "cdn.example.com");
    }

    #[test]
    fn what_is_no_address_of_a_web_server_is_refused() {
        for bad in [
            "",
            "a.mp4",
            "ftp://h/a",
            "http://",
            "http:///a",
            "http://h/a b",
            "http://h/\n",
        ] {
            assert_eq!(SourceUrl::new(bad), Err(InvalidSourceUrl), "{bad:?}");
        }
        let long = format!("http://h/{}", "a".repeat(SourceUrl::MAX_BYTES));
        assert_eq!(SourceUrl::new(long), Err(InvalidSourceUrl));
    }

    #[test]
    fn a_file_name_is_the_end_of_the_path_alone() {
        for (url, name) in [
            ("http://h", ""),
            ("http://h/", ""),
            ("http://h?x=/a.mp4", ""),
            ("http://h/a.mp4?x=/b.mp4", "a.mp4"),
            ("http://h/a/b%20c.mov#d/e", "b%20c.mov"),
        ] {
            assert_eq!(SourceUrl::new(url).unwrap().file_name(), name, "{url}");
        }
    }
}
