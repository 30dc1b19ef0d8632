//! Objects and prefixes as they are written on the command line.

use reelgate_domain::{BucketName, ObjectKey, ObjectRef};
use reelgate_service::parse_address;

/// `oss://bucket/key`, another cloud's form, or plain `bucket/key`.
pub(super) fn object(text: &str) -> Result<ObjectRef, String> {
    if text.contains("://") {
        return parse_address(text).map_err(|error| error.to_string());
    }
    let Some((bucket, key)) = text.split_once('/') else {
        return Err(format!("{text} names no object: write BUCKET/KEY"));
    };
    Ok(ObjectRef {
        bucket: BucketName::new(bucket).map_err(|error| error.to_string())?,
        key: ObjectKey::new(key).map_err(|error| error.to_string())?,
    })
}

/// The form in which the API takes objects.
pub(super) fn url(object: &ObjectRef) -> String {
    format!("oss://{object}")
}

/// A bucket, or a folder or other prefix in one.
#[derive(Clone, Debug)]
pub(crate) struct Prefix {
    pub(super) bucket: BucketName,
    pub(super) prefix: String,
}

/// `BUCKET` or `BUCKET/PREFIX`, with or without `oss://` before it.
pub(super) fn prefix(text: &str) -> Result<Prefix, String> {
    let text = text.strip_prefix("oss://").unwrap_or(text);
    let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
    Ok(Prefix {
        bucket: BucketName::new(bucket).map_err(|error| error.to_string())?,
        prefix: prefix.to_owned(),
    })
}

/// Where a file goes: a key, or a folder (`BUCKET` or `BUCKET/FOLDER/`) that it keeps its name in.
pub(super) fn target(text: &str, file_name: &str) -> Result<ObjectRef, String> {
    let text = text.strip_prefix("oss://").unwrap_or(text);
    if text.ends_with('/') {
        object(&format!("{text}{file_name}"))
    } else if text.contains('/') {
        object(text)
    } else {
        object(&format!("{text}/{file_name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_addresses_or_bucket_and_key() {
        for text in ["oss://media/a/b.mp4", "media/a/b.mp4"] {
            assert_eq!(object(text).unwrap().to_string(), "media/a/b.mp4");
        }
        for wrong in ["media", "media/", "MEDIA/a", "ftp://media/a"] {
            assert!(object(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_keeps_its_name_in_a_folder() {
        for (text, expected) in [
            ("media", "media/f.mp4"),
            ("media/x/", "media/x/f.mp4"),
            ("oss://media/x", "media/x"),
        ] {
            assert_eq!(target(text, "f.mp4").unwrap().to_string(), expected);
        }
    }
}
