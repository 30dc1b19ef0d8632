//! What a command is to work on: a file of this machine, which is uploaded first, or an object.

use std::path::{Path, PathBuf};

use anyhow::Result;
use reelgate_client::Client;
use reelgate_domain::{BucketName, ObjectKey, ObjectRef};
use reelgate_service::{Ids, RandomIds};

use super::address;
use super::bucket::{file_name, upload};

/// Where an input is.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File(PathBuf),
    Object(ObjectRef),
}

/// An address such as `oss://bucket/key`, or else the path of a file.
pub(super) fn source(text: &str) -> Result<Source, String> {
    if text.contains("://") {
        return address::object(text).map(Source::Object);
    }
    Ok(Source::File(text.into()))
}

impl Source {
    /// The last part of its name.
    pub(super) fn name(&self) -> Result<&str> {
        match self {
            Self::File(file) => file_name(file),
            Self::Object(object) => Ok(object.key.file_name()),
        }
    }

    /// The object that it is, or becomes in a bucket.
    pub(super) async fn stored(&self, client: &Client, bucket: &BucketName) -> Result<ObjectRef> {
        match self {
            Self::Object(object) => Ok(object.clone()),
            Self::File(file) => uploaded(client, file, bucket).await,
        }
    }
}

async fn uploaded(client: &Client, file: &Path, bucket: &BucketName) -> Result<ObjectRef> {
    let object = ObjectRef {
        bucket: bucket.clone(),
        key: unique_key("uploads", file_name(file)?)?,
    };
    upload(client, file, &object).await?;
    Ok(object)
}

/// A key in a folder that no other upload has, because a job that is still queued reads its input only later.
pub(super) fn unique_key(folder: &str, name: &str) -> Result<ObjectKey> {
    let mut random = [0; 4];
    RandomIds::default().secret(&mut random);
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    Ok(ObjectKey::new(format!(
        "{folder}/{stem}-{}{ending}",
        hex::encode(random)
    ))?)
}
