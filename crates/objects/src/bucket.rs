//! A bucket in whichever place: what both kinds of place do.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::Stream;
use reelgate_domain::media::OutputFile;
use reelgate_domain::{JobId, ObjectKey};

use crate::directory::Directory;
use crate::error::ObjectError;
use crate::listing::Listing;
use crate::object::{Object, ObjectMeta};
use crate::s3::S3Bucket;
use crate::staging::StageFolder;
use crate::upload::Room;

/// A bucket that is open.
#[derive(Clone, Debug)]
pub enum OpenBucket {
    Directory(Directory),
    S3(S3Bucket),
}

/// An object as a process can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readable {
    /// Where it is: this file, which may be a link's.
    Here(PathBuf),
    /// It has to be fetched first.
    Away(ObjectMeta),
}

impl OpenBucket {
    /// Stores an object from a stream. It appears complete or not at all, replaces an older one
    /// atomically, and is durable when this returns. `upload_id` is of this upload alone.
    pub async fn put<S, E>(
        &self,
        key: &ObjectKey,
        content: S,
        room: Room,
        upload_id: &str,
    ) -> Result<ObjectMeta, ObjectError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        match self {
            Self::Directory(bucket) => bucket.put(key, content, room, upload_id).await,
            Self::S3(bucket) => bucket.put(key, content, room, upload_id).await,
        }
    }

    /// What is known of an object.
    pub async fn head(&self, key: &ObjectKey) -> Result<ObjectMeta, ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.head(key).await,
            Self::S3(bucket) => bucket.head(key).await,
        }
    }

    /// Opens an object for reading.
    pub async fn get(&self, key: &ObjectKey) -> Result<Object, ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.get(key).await,
            Self::S3(bucket) => {
                let meta = bucket.head(key).await?;
                Ok(Object::on_s3(meta, bucket.clone()))
            }
        }
    }

    /// How a process can read an object.
    pub async fn readable(&self, key: &ObjectKey) -> Result<Readable, ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.local_path(key).await.map(Readable::Here),
            Self::S3(bucket) => bucket.head(key).await.map(Readable::Away),
        }
    }

    /// Fetches an object that is away into a new file.
    pub async fn fetch(&self, meta: &ObjectMeta, file: &Path) -> Result<(), ObjectError> {
        let failed = |source| ObjectError::from_io(meta.key.as_str(), "fetching", source);
        match self {
            Self::Directory(bucket) => {
                let path = bucket.local_path(&meta.key).await?;
                tokio::fs::copy(path, file).await.map(drop).map_err(failed)
            }
            Self::S3(bucket) => bucket.fetch(meta, file).await,
        }
    }

    /// Removes an object; false if there was none.
    pub async fn delete(&self, key: &ObjectKey) -> Result<bool, ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.delete(key).await,
            Self::S3(bucket) => bucket.delete(key).await,
        }
    }

    /// The objects whose keys start with `prefix` and come after `after`, in byte order.
    pub async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Listing, ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.list(prefix, after, limit).await,
            Self::S3(bucket) => bucket.list(prefix, after, limit).await,
        }
    }

    /// An address by which anybody can read an object for so many seconds; `None` where only this
    /// program hands objects out.
    pub fn presigned(&self, key: &ObjectKey, seconds: u64) -> Option<String> {
        match self {
            Self::Directory(_) => None,
            Self::S3(bucket) => Some(bucket.presigned(key, seconds)),
        }
    }

    /// Takes a finished file into the stage of an attempt as what will be the object `key`; durable when
    /// this returns. The file may stay where it was.
    pub async fn stage_file(
        &self,
        (job, attempt): (JobId, u32),
        file: &Path,
        key: &ObjectKey,
    ) -> Result<(), ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.stage(job, attempt).add(file, key).await,
            Self::S3(bucket) => bucket.stage_file((job, attempt), file, key).await,
        }
    }

    /// Gives staged files their final names, playlists after what was given before them. Can be repeated
    /// after a crash: a file that is no longer staged was already placed.
    pub async fn publish(
        &self,
        (job, attempt): (JobId, u32),
        files: &[OutputFile],
    ) -> Result<(), ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.stage(job, attempt).publish(files).await,
            Self::S3(bucket) => bucket.publish((job, attempt), files).await,
        }
    }

    /// Every stage that there is in this bucket.
    pub async fn stages(&self) -> Result<Vec<StageFolder>, ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.stages().await,
            Self::S3(bucket) => bucket.stages().await,
        }
    }

    /// Removes one stage.
    pub async fn discard_stage(&self, job: JobId, attempt: u32) -> Result<(), ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.discard_stage(job, attempt).await,
            Self::S3(bucket) => bucket.discard_stage(job, attempt).await,
        }
    }

    /// Removes what this and earlier attempts of a job staged; a later attempt's files stay.
    pub async fn discard_stages(&self, job: JobId, attempt: u32) -> Result<(), ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.discard_stages(job, attempt).await,
            Self::S3(bucket) => bucket.discard_stages(job, attempt).await,
        }
    }

    /// Removes uploads that nobody will finish: how many. A directory does so with every upload.
    pub async fn discard_abandoned_uploads(&self) -> Result<usize, ObjectError> {
        match self {
            Self::Directory(_) => Ok(0),
            Self::S3(bucket) => bucket.discard_abandoned_uploads().await,
        }
    }
}
