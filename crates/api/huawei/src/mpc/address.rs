//! Where objects are: `ObsObjInfo`, for inputs and outputs everywhere.

use reelgate_domain::{BucketName, ObjectKey, ObjectRef};
use serde_json::{Map, Value};

use super::errors::{PATH, detailed};
use super::fields::Fields;
use crate::errors::ApiError;

/// The documented length of a file's name, in characters.
const MOST_NAME_CHARS: usize = 180;

/// A bucket, its region and a key, or the beginning of keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Address {
    pub(super) bucket: BucketName,
    /// As it was given.
    pub(super) object: String,
    pub(super) file_name: Option<String>,
    /// As it was given, for answers.
    pub(super) echo: Map<String, Value>,
    path: String,
}

impl Address {
    /// Reads one. The location may be called whatever the caller likes: buckets are found by their names.
    pub(super) fn read(mut fields: Fields) -> Result<Self, ApiError> {
        let echo = fields.sent();
        let bucket = fields.needed_text("bucket")?;
        fields.needed_text("location")?;
        let object = fields.needed_text("object")?;
        let file_name = fields.text("file_name")?;
        let path = fields.path("object");
        if let Some(name) = &file_name {
            check_file_name(name, &fields.path("file_name"))?;
        }
        let bucket_path = fields.path("bucket");
        let bucket = BucketName::new(bucket)
            .map_err(|error| detailed(PATH, &format!("{bucket_path}: {error}")))?;
        fields.finish()?;
        Ok(Self {
            bucket,
            object,
            file_name,
            echo,
            path,
        })
    }

    /// The object itself, of an input.
    pub(super) fn source(&self) -> Result<ObjectRef, ApiError> {
        self.at(self.object.trim_start_matches('/'))
    }

    /// An object of this name below what is a folder, of an output.
    pub(super) fn below(&self, name: &str) -> Result<ObjectRef, ApiError> {
        match self.object.trim_matches('/') {
            "" => self.at(name),
            folder => self.at(&format!("{folder}/{name}")),
        }
    }

    fn at(&self, key: &str) -> Result<ObjectRef, ApiError> {
        let key = ObjectKey::new(key)
            .map_err(|error| detailed(PATH, &format!("{}: {error}", self.path)))?;
        Ok(ObjectRef {
            bucket: self.bucket.clone(),
            key,
        })
    }
}

/// A name is that of a file, with no folder before it.
pub(super) fn check_file_name(name: &str, path: &str) -> Result<(), ApiError> {
    let is_good = !name.is_empty()
        && name.chars().count() <= MOST_NAME_CHARS
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control);
    match is_good {
        true => Ok(()),
        false => Err(super::errors::invalid(&format!(
            "{path} must be a name of 1 to {MOST_NAME_CHARS} characters without slashes"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Address, ApiError> {
        Address::read(Fields::body(text.as_bytes())?)
    }

    #[test]
    fn an_address_is_a_bucket_and_a_key() {
        let address =
            read(r#"{"bucket":"in-bucket","location":"cn-north-4","object":"in/a b.mp4"}"#);
        let address = address.unwrap();
        assert_eq!(
            address.source().unwrap().to_string(),
            "in-bucket/in/a b.mp4"
        );
        assert_eq!(
            address.below("x.mp4").unwrap().to_string(),
            "in-bucket/in/a b.mp4/x.mp4"
        );
        assert_eq!(address.echo["location"], "cn-north-4");
    }

    #[test]
    fn folders_end_with_a_slash_or_not() {
        for folder in ["/", "out", "out/", "/out/"] {
            let text = format!(r#"{{"bucket":"abc","location":"x","object":"{folder}"}}"#);
            let key = read(&text).unwrap().below("a.mp4").unwrap().key;
            let expected = ["a.mp4", "out/a.mp4"][usize::from(folder != "/")];
            assert_eq!(key.as_str(), expected, "{folder}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, code, about) in [
            (r#"{"location":"x","object":"a"}"#, "MPC.10202", "bucket"),
            (r#"{"bucket":"abc","object":"a"}"#, "MPC.10202", "location"),
            (r#"{"bucket":"abc","location":"x"}"#, "MPC.10202", "object"),
            (
                r#"{"bucket":"abc","location":"x","object":""}"#,
                "MPC.10202",
                "object",
            ),
            (
                r#"{"bucket":7,"location":"x","object":"a"}"#,
                "MPC.10202",
                "bucket",
            ),
            (
                r#"{"bucket":"Abc","location":"x","object":"a"}"#,
                "MPC.10209",
                "bucket",
            ),
            (
                r#"{"bucket":"abc","location":"x","object":"a","file_name":"a/b"}"#,
                "MPC.10202",
                "file_name",
            ),
            (
                r#"{"bucket":"abc","location":"x","object":"a","region":"b"}"#,
                "MPC.10202",
                "region",
            ),
        ] {
            let refused = read(text).unwrap_err();
            assert_eq!(refused.code(), code, "{text}");
            assert!(refused.message().contains(about), "{refused}");
        }
        let outside = read(r#"{"bucket":"abc","location":"x","object":"a/../b"}"#).unwrap();
        assert_eq!(outside.source().unwrap_err().code(), "MPC.10209");
    }
}
