//! Bucket names and object keys, and what is allowed in them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error(
        "a bucket name is 3 to 63 bytes of a-z, 0-9, '-' and '_', starting and ending with a letter or digit"
    )]
    Bucket,
    #[error("an object key is 1 to 1023 bytes of UTF-8 without control characters")]
    KeyForm,
    #[error("an object key does not start with '/' or '\\'")]
    KeyLead,
    #[error("an object key has no empty, '.' or '..' segment and none over 240 bytes")]
    KeySegment,
    #[error("object keys under .reelgate/ are reserved")]
    KeyReserved,
}

/// The name of a bucket, unique inside its account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BucketName(String);

impl BucketName {
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = name.into();
        let inner = name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = name.as_bytes();
        if (3..=63).contains(&name.len()) && inner && ends(bytes.first()) && ends(bytes.last()) {
            Ok(Self(name))
        } else {
            Err(InvalidName::Bucket)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key of an object inside a bucket. Keys map to files, so segments that a file system treats
/// specially are refused rather than rewritten; 240 bytes a segment leave room for the suffixes of
/// segment files within the usual limit of 255.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The folder of a bucket in which unfinished and unpublished files live.
    pub const RESERVED: &'static str = ".reelgate";

    pub fn new(key: impl Into<String>) -> Result<Self, InvalidName> {
        let key = key.into();
        if key.is_empty() || key.len() > 1023 || key.chars().any(char::is_control) {
            return Err(InvalidName::KeyForm);
        }
        if key.starts_with(['/', '\\']) {
            return Err(InvalidName::KeyLead);
        }
        let bad = |s: &str| s.is_empty() || s == "." || s == ".." || s.len() > 240;
        if key.split('/').any(bad) {
            return Err(InvalidName::KeySegment);
        }
        if key.split('/').next() == Some(Self::RESERVED) {
            return Err(InvalidName::KeyReserved);
        }
        Ok(Self(key))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment: the file's name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Everything up to and including the last slash; empty without one.
    pub fn folder(&self) -> &str {
        &self.0[..self.0.len() - self.file_name().len()]
    }

    /// A key in the same folder with another file name.
    pub fn sibling(&self, file_name: &str) -> Result<Self, InvalidName> {
        Self::new(format!("{}{file_name}", self.folder()))
    }
}

// A macro because both name types convert in the same five ways.
macro_rules! text_name {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

text_name!(BucketName);
text_name!(ObjectKey);

/// One object in one bucket of the caller's account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRef {
    pub bucket: BucketName,
    pub key: ObjectKey,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_rule() {
        for good in ["abc", "media", "a-b_c", "0aa"] {
            assert!(BucketName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "-ab", "ab-", "Abc", "a.b", "a/b", &"a".repeat(64)] {
            assert_eq!(BucketName::new(bad), Err(InvalidName::Bucket), "{bad}");
        }
    }

    #[test]
    fn object_keys_that_a_file_system_treats_specially_are_refused() {
        for good in ["a", "a/b c/é.mp4", ".hidden", "a/.reelgate/b"] {
            assert!(ObjectKey::new(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", InvalidName::KeyForm),
            ("a\nb", InvalidName::KeyForm),
            ("/a", InvalidName::KeyLead),
            ("\\a", InvalidName::KeyLead),
            ("a//b", InvalidName::KeySegment),
            ("a/../b", InvalidName::KeySegment),
            ("a/", InvalidName::KeySegment),
            (".reelgate/x", InvalidName::KeyReserved),
        ] {
            assert_eq!(ObjectKey::new(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_key_splits_into_folder_and_file_name() {
        let key = ObjectKey::new("a/b/c.flv").unwrap();
        assert_eq!((key.folder(), key.file_name()), ("a/b/", "c.flv"));
        assert_eq!(key.sibling("d.ts").unwrap().as_str(), "a/b/d.ts");
    }
}
