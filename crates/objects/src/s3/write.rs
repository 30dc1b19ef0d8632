//! Storing objects: at once if they are small, else in parts.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use reelgate_domain::{ObjectKey, Timestamp};
use reqwest::Method;
use reqwest::header::ETAG;
use tokio::io::AsyncReadExt;

use super::S3Bucket;
use super::client::Request;
use super::multipart::{MOST_PARTS, Multipart};
use super::strong;
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
        mut content: S,
        room: Room,
        upload_id: &str,
    ) -> Result<ObjectMeta, ObjectError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let mut total = 0;
        let first = gather(key, &mut content, self.sizes.part, room, &mut total).await?;
        if (first.len() as u64) < self.sizes.part {
            return self.put_whole(key, first).await;
        }
        let home = (self.home.full(key.as_str()), key);
        let mut upload = Multipart::begin(self, home, upload_id).await?;
        let rest = async {
            upload.part(first).await?;
            loop {
                let size = part_size(self.sizes.part, upload.parts());
                let next = gather(key, &mut content, size, room, &mut total).await?;
                if next.is_empty() {
                    break;
                }
                if upload.parts() == MOST_PARTS {
                    let (key, limit_bytes) = (key.to_string(), total);
                    return Err(ObjectError::TooLarge { key, limit_bytes });
                }
                let is_last = (next.len() as u64) < size;
                upload.part(next).await?;
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

/// The next `size` bytes of a stream, fewer only at its end.
async fn gather<S, E>(
    key: &ObjectKey,
    content: &mut S,
    size: u64,
    room: Room,
    total: &mut u64,
) -> Result<Bytes, ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let mut part = BytesMut::new();
    while (part.len() as u64) < size {
        let Some(chunk) = content.next().await else {
            break;
        };
        let chunk = chunk.map_err(|error| ObjectError::Upload {
            key: key.to_string(),
            why: error.to_string(),
        })?;
        *total += chunk.len() as u64;
        if *total > room.limit_bytes {
            return Err(ObjectError::TooLarge {
                key: key.to_string(),
                limit_bytes: room.limit_bytes,
            });
        }
        part.extend_from_slice(&chunk);
    }
    Ok(part.freeze())
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
