//! Storing objects: at once if they are small, else in parts.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use reelgate_domain::{ObjectKey, Timestamp};
use reqwest::Method;
use reqwest::header::ETAG;
use tokio::io::AsyncReadExt;

use super::client::{Request, S3Client};
use super::memory::{self, Share};
use super::multipart::{MOST_PARTS, Multipart};
use super::{S3Bucket, strong};
use crate::error::ObjectError;
use crate::object::{ObjectMeta, content_type};
use crate::upload::Room;

/// After so many parts the next ones are twice as large: five sizes come to 62 times these parts,
/// almost 500 GB of 8 MiB each.
const PARTS_OF_A_SIZE: u64 = MOST_PARTS / 5;

impl S3Bucket {
    /// Stores an object from a stream. It appears complete or not at all, and replaces an older one.
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
        let mut read = Upload {
            key,
            content,
            room,
            total: 0,
            client: &self.client,
        };
        let first = read.part(self.sizes.part).await?;
        if (first.content.len() as u64) < self.sizes.part {
            return self.put_whole(key, first.content.clone()).await;
        }
        let home = (self.home.full(key.as_str()), key);
        let mut upload = Multipart::begin(self, home, upload_id).await?;
        let rest = async {
            upload.part(first.content.clone()).await?;
            // Its share is for the next part.
            drop(first);
            loop {
                let size = part_size(self.sizes.part, upload.parts());
                let next = read.part(size).await?;
                if next.content.is_empty() {
                    break;
                }
                if upload.parts() == MOST_PARTS {
                    let (key, limit_bytes) = (key.to_string(), read.total);
                    return Err(ObjectError::TooLarge { key, limit_bytes });
                }
                let is_last = (next.content.len() as u64) < size;
                upload.part(next.content.clone()).await?;
                if is_last {
                    break;
                }
            }
            Ok(())
        };
        match rest.await {
            Ok(()) => upload.complete(key).await?,
            Err(error) => {
                upload.abort().await;
                return Err(error);
            }
        }
        self.head(key).await
    }

    async fn put_whole(&self, key: &ObjectKey, content: Bytes) -> Result<ObjectMeta, ObjectError> {
        let bytes = content.len() as u64;
        let request = Request::new(Method::PUT, self.home.full(key.as_str()))
            .header("content-type", content_type(key))
            .body(content);
        let stored = self.client.call(&self.home, request).await;
        let answer = stored.map_err(|it| it.about("storing", key.as_str()))?;
        let etag = answer.headers.get(ETAG).and_then(|it| it.to_str().ok());
        let Some(etag) = etag.map(strong) else {
            return self.head(key).await;
        };
        Ok(ObjectMeta {
            key: key.clone(),
            bytes,
            modified: self.client.now(),
            etag,
            content_type: content_type(key),
        })
    }

    /// Stores a finished file as an object.
    pub(crate) async fn take(
        &self,
        file: &Path,
        key: &ObjectKey,
        mark: &str,
    ) -> Result<(), ObjectError> {
        let full = self.home.full(key.as_str());
        self.put_file(file, (full, key), mark).await
    }

    /// Stores a file under a key of the store, which nobody else writes to.
    pub(super) async fn put_file(
        &self,
        file: &Path,
        (full, key): (String, &ObjectKey),
        mark: &str,
    ) -> Result<(), ObjectError> {
        let failed = |source| ObjectError::from_io(key.as_str(), "staging", source);
        let mut opened = tokio::fs::File::open(file).await.map_err(failed)?;
        let bytes = opened.metadata().await.map_err(failed)?.len();
        if bytes <= self.sizes.part {
            let content = read_part(&mut opened, bytes).await.map_err(failed)?;
            let request = Request::new(Method::PUT, full)
                .header("content-type", content_type(key))
                .body(content);
            let stored = self.client.call(&self.home, request).await;
            return stored
                .map(drop)
                .map_err(|it| it.about("staging", key.as_str()));
        }
        let size = self.sizes.part.max(bytes.div_ceil(MOST_PARTS));
        let mut upload = Multipart::begin(self, (full, key), mark).await?;
        let parts = async {
            let mut left = bytes;
            while left > 0 {
                let length = left.min(size);
                let content = read_part(&mut opened, length).await.map_err(failed)?;
                upload.part(content).await?;
                left -= length;
            }
            Ok(())
        };
        match parts.await {
            Ok(()) => upload.complete(key).await,
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }
}

fn part_size(first: u64, part: u64) -> u64 {
    first << (part / PARTS_OF_A_SIZE).min(4)
}

async fn read_part(file: &mut tokio::fs::File, bytes: u64) -> std::io::Result<Bytes> {
    let mut part = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    let read = file.take(bytes).read_to_end(&mut part).await?;
    if read as u64 == bytes {
        return Ok(Bytes::from(part));
    }
    let why = "the file became shorter while it was read";
    Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, why))
}

/// A part that was read from a stream, and what it holds of the memory for all of them.
struct Part {
    content: Bytes,
    _share: Option<Share>,
}

/// A stream that is being stored.
struct Upload<'a, S> {
    key: &'a ObjectKey,
    content: S,
    room: Room,
    total: u64,
    client: &'a S3Client,
}

impl<S, E> Upload<'_, S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    /// The next `size` bytes, fewer only at the end.
    async fn part(&mut self, size: u64) -> Result<Part, ObjectError> {
        let mut part = BytesMut::new();
        let mut share: Option<Share> = None;
        while (part.len() as u64) < size {
            let Some(chunk) = self.content.next().await else {
                break;
            };
            let chunk = chunk.map_err(|error| self.failed(error.to_string()))?;
            self.total += chunk.len() as u64;
            if self.total > self.room.limit_bytes {
                return Err(ObjectError::TooLarge {
                    key: self.key.to_string(),
                    limit_bytes: self.room.limit_bytes,
                });
            }
            let held = (part.len() + chunk.len()) as u64;
            match &share {
                None if held > memory::FREE => {
                    share = Some(share_of(self.client, self.key, size).await?);
                    let rest = size.saturating_sub(part.len() as u64);
                    part.reserve(usize::try_from(rest).unwrap_or(0));
                }
                Some(share) if share.is_wasted(held) => {
                    let why = "it comes too slowly while others wait to be stored";
                    return Err(self.failed(why.to_owned()));
                }
                _ => {}
            }
            part.extend_from_slice(&chunk);
        }
        Ok(Part {
            content: part.freeze(),
            _share: share,
        })
    }

    fn failed(&self, why: String) -> ObjectError {
        let key = self.key.to_string();
        ObjectError::Upload { key, why }
    }
}

async fn share_of(client: &S3Client, key: &ObjectKey, bytes: u64) -> Result<Share, ObjectError> {
    let patience = client.patience.answer;
    let share = client.upload_memory.share(bytes, patience).await;
    share.ok_or_else(|| ObjectError::Away {
        what: format!("storing {key}"),
        why: "too much is being stored at this moment".to_owned(),
    })
}

/// A moment ago for a store that tells times in whole seconds.
pub(super) fn is_older(modified: Timestamp, now: Timestamp, age: std::time::Duration) -> bool {
    now.since(modified) > age
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_so_that_ten_thousand_hold_almost_half_a_terabyte() {
        assert_eq!(part_size(8, 1999), 8);
        assert_eq!(part_size(8, 2000), 16);
        let all: u64 = (0..MOST_PARTS).map(|part| part_size(8 << 20, part)).sum();
        assert_eq!(all, 62_000 * (8 << 20));
    }
}
