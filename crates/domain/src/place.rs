//! Places: where the objects of a bucket are.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the objects of a bucket are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Files below this directory, which is absolute.
    Directory(PathBuf),
    /// Objects of a bucket that somebody else's object store keeps.
    S3(S3Place),
}

impl Place {
    /// The directory, if it is one.
    pub fn directory(&self) -> Option<&std::path::Path> {
        match self {
            Self::Directory(path) => Some(path),
            Self::S3(_) => None,
        }
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self::Directory(path)
    }
}

/// A bucket on an object store that speaks S3. Stored as tagged JSON, without the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Place {
    /// The store's address without the bucket, such as `https://s3.eu-central-1.example.com`.
    pub endpoint: String,
    /// The bucket's name there.
    pub bucket: String,
    /// What every key there starts with: empty, or a folder with a slash at its end.
    #[serde(default)]
    pub prefix: String,
    /// What signatures are made for.
    pub region: String,
    pub style: S3Style,
    pub access_key_id: String,
    /// What the secret key is stored under, apart from all that is shown: begins with `~`, as no key
    /// pair's id does.
    pub secret_id: String,
    /// The secret key, encrypted. Only the service can open it.
    #[serde(skip)]
    pub sealed: Vec<u8>,
}

/// How a request says which bucket it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum S3Style {
    /// In the host name: `https://bucket.endpoint/key`.
    Virtual,
    /// In the path: `https://endpoint/bucket/key`.
    Path,
}

impl S3Style {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::Path => "path",
        }
    }
}

impl fmt::Display for S3Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            endpoint,
            bucket,
            prefix,
            ..
        } = self;
        write!(f, "{endpoint}/{bucket}")?;
        match prefix.strip_suffix('/') {
            Some(folder) => write!(f, "/{folder}"),
            None => Ok(()),
        }
    }
}

// Not even the encrypted secret is for a log by way of `{:?}`.
impl fmt::Debug for S3Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Place")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .field("style", &self.style)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_printed_or_written_keeps_its_secret() {
        let place = S3Place {
            endpoint: "https://s3.example.com".into(),
            bucket: "films".into(),
            prefix: "a/b/".into(),
            region: "eu-1".into(),
            style: S3Style::Path,
            access_key_id: "AKID".into(),
            secret_id: "~bucket:1/media".into(),
            sealed: b"sealed".to_vec(),
        };
        let printed = format!("{place} {place:?} {:?}", Place::S3(place.clone()));
        assert!(printed.starts_with("https://s3.example.com/films/a/b "));
        // Neither as text nor as numbers.
        for text in [printed, serde_json::to_string(&place).unwrap()] {
            assert!(text.contains("AKID"), "{text}");
            assert!(!text.contains("sealed") && !text.contains("115"), "{text}");
        }
    }
}
