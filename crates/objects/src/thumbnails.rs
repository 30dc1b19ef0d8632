//! The newest picture of each live stream: kept in a bucket, out of its callers' way, as what is staged is.

use std::io::ErrorKind;

use bytes::Bytes;
use reelgate_domain::ObjectKey;
use reelgate_domain::stream::StreamId;

use crate::bucket::OpenBucket;
use crate::directory::Directory;
use crate::error::ObjectError;

/// The folder of them in a bucket.
fn folder() -> String {
    format!("{}/thumbnails/", ObjectKey::RESERVED)
}

fn name(stream: StreamId) -> String {
    format!("{stream}.jpg")
}

/// Whose picture this is.
fn stream_of(name: &str) -> Option<StreamId> {
    name.strip_suffix(".jpg")?.parse().ok()
}

impl OpenBucket {
    /// Keeps this picture of a stream in the place of an earlier one. It need not survive a loss of power: there
    /// is another one soon.
    pub async fn put_thumbnail(&self, stream: StreamId, jpeg: Bytes) -> Result<(), ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.put_thumbnail(stream, &jpeg).await,
            Self::S3(bucket) => bucket.put_aside(&(folder() + &name(stream)), jpeg).await,
        }
    }

    /// The newest picture of a stream, if there is one here.
    pub async fn thumbnail(&self, stream: StreamId) -> Result<Option<Bytes>, ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.thumbnail(stream).await,
            Self::S3(bucket) => bucket.aside(&(folder() + &name(stream))).await,
        }
    }

    /// Removes a stream's picture, if there is one here.
    pub async fn remove_thumbnail(&self, stream: StreamId) -> Result<(), ObjectError> {
        match self {
            Self::Directory(bucket) => bucket.remove_thumbnail(stream).await,
            Self::S3(bucket) => bucket.remove_aside(&(folder() + &name(stream))).await,
        }
    }

    /// Whose pictures are here.
    pub async fn thumbnails(&self) -> Result<Vec<StreamId>, ObjectError> {
        let names = match self {
            Self::Directory(bucket) => bucket.thumbnail_names().await?,
            Self::S3(bucket) => bucket.asides(&folder()).await?,
        };
        Ok(names.iter().filter_map(|name| stream_of(name)).collect())
    }
}

impl Directory {
    async fn put_thumbnail(&self, stream: StreamId, jpeg: &Bytes) -> Result<(), ObjectError> {
        let folder = self.root.join(folder());
        let (path, unfinished) = (
            folder.join(name(stream)),
            folder.join(format!("{stream}.new")),
        );
        let put = async {
            tokio::fs::create_dir_all(&folder).await?;
            tokio::fs::write(&unfinished, jpeg).await?;
            tokio::fs::rename(&unfinished, &path).await
        };
        put.await.map_err(|source| failed("storing", source))
    }

    async fn thumbnail(&self, stream: StreamId) -> Result<Option<Bytes>, ObjectError> {
        match tokio::fs::read(self.root.join(folder()).join(name(stream))).await {
            Ok(jpeg) => Ok(Some(jpeg.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("reading", error)),
        }
    }

    async fn remove_thumbnail(&self, stream: StreamId) -> Result<(), ObjectError> {
        match tokio::fs::remove_file(self.root.join(folder()).join(name(stream))).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("removing", error)),
            _ => Ok(()),
        }
    }

    async fn thumbnail_names(&self) -> Result<Vec<String>, ObjectError> {
        let mut entries = match tokio::fs::read_dir(self.root.join(folder())).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("looking for", error)),
        };
        let mut names = Vec::new();
        while let Some(entry) = entries
            .next_entry()
            .await
            .map_err(|error| failed("looking for", error))?
        {
            names.extend(entry.file_name().into_string());
        }
        Ok(names)
    }
}

fn failed(doing: &str, source: std::io::Error) -> ObjectError {
    ObjectError::from_io("a stream's picture", doing, source)
}
