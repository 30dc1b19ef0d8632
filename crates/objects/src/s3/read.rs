//! Reading objects: a body that breaks off is read on from where it was, of the same object.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use reqwest::header::{CONTENT_RANGE, ETAG};
use reqwest::{Method, Response};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::client::{Failure, Request};
use super::{S3Bucket, strong};
use crate::error::ObjectError;
use crate::object::{Content, ObjectMeta};

/// How often in a row a body may break off without a byte of it.
const BARREN_TRIES: u32 = 4;

/// A part of an object that is being read.
struct Reading {
    bucket: S3Bucket,
    meta: ObjectMeta,
    /// Where to go on, and how many bytes are left.
    offset: u64,
    left: u64,
    response: Option<Response>,
    barren: u32,
}

impl S3Bucket {
    /// Reads a part of an object that is as `meta` says; another one in its place is an error.
    pub async fn read(
        &self,
        meta: &ObjectMeta,
        offset: u64,
        length: u64,
    ) -> Result<Content, ObjectError> {
        let mut reading = Reading {
            bucket: self.clone(),
            meta: meta.clone(),
            offset,
            left: length,
            response: None,
            barren: 0,
        };
        if length > 0 {
            // Whoever asked hears at once of what stands against it.
            reading.response = Some(reading.ask().await?);
        }
        let pieces = stream::try_unfold(reading, async |mut reading| {
            let piece = reading.next().await.map_err(io::Error::other)?;
            Ok(piece.map(|piece| (piece, reading)))
        });
        Ok(pieces.boxed())
    }

    /// Fetches an object into a new file.
    pub async fn fetch(&self, meta: &ObjectMeta, file: &Path) -> Result<(), ObjectError> {
        let failed = |source| ObjectError::from_io(meta.key.as_str(), "fetching", source);
        let mut content = self.read(meta, 0, meta.bytes).await?;
        let file = tokio::fs::File::create(file).await.map_err(failed)?;
        let mut file = BufWriter::with_capacity(256 * 1024, file);
        while let Some(piece) = content.next().await {
            let piece = piece.map_err(unwrapped)?;
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)
    }
}

/// The error that was put into one of IO.
fn unwrapped(error: io::Error) -> ObjectError {
    match error.downcast::<ObjectError>() {
        Ok(error) => error,
        Err(source) => ObjectError::Io {
            what: "fetching an object".to_owned(),
            source,
        },
    }
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        while self.left > 0 {
            let mut response = match self.response.take() {
                Some(response) => response,
                None => self.ask().await?,
            };
            match self.bucket.client.piece(&mut response).await {
                Ok(Some(mut piece)) => {
                    piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
                    if piece.is_empty() {
                        self.response = Some(response);
                        continue;
                    }
                    self.barren = 0;
                    self.offset += piece.len() as u64;
                    self.left -= piece.len() as u64;
                    self.response = Some(response);
                    return Ok(Some(piece));
                }
                Ok(None) => self.broke_off("its answer ended early".to_owned()).await?,
                Err(Failure::Away(why)) => self.broke_off(why).await?,
                Err(other) => return Err(other.about("reading", self.meta.key.as_str())),
            }
        }
        Ok(None)
    }

    async fn broke_off(&mut self, why: String) -> Result<(), ObjectError> {
        self.barren += 1;
        let (key, offset) = (&self.meta.key, self.offset);
        if self.barren >= BARREN_TRIES {
            return Err(Failure::Away(why).about("reading", key.as_str()));
        }
        tracing::debug!(why, offset, "reading {key} broke off; going on from there");
        let pause = self.bucket.client.patience.first_pause;
        tokio::time::sleep(pause * self.barren).await;
        Ok(())
    }

    /// Asks for all that is left.
    async fn ask(&self) -> Result<Response, ObjectError> {
        let (bucket, meta) = (&self.bucket, &self.meta);
        let name = meta.key.as_str();
        let last = self.offset + self.left - 1;
        let request = Request::new(Method::GET, bucket.home.full(name))
            .header("range", format!("bytes={}-{last}", self.offset))
            .header("if-match", meta.etag.clone());
        let asked = bucket.client.open(&bucket.home, request).await;
        let response = asked.map_err(|failure| match failure {
            // It became shorter than what was asked for.
            Failure::Refused { status, .. } if status.as_u16() == 416 => {
                ObjectError::Changed(name.to_owned())
            }
            other => other.about("reading", name),
        })?;
        let header = |name| {
            let value = response.headers().get(name);
            value.and_then(|value| value.to_str().ok())
        };
        // Not every store heeds the condition.
        if header(ETAG).is_some_and(|etag| strong(etag) != meta.etag) {
            return Err(ObjectError::Changed(name.to_owned()));
        }
        let starts_there = match header(CONTENT_RANGE) {
            Some(range) => range.starts_with(&format!("bytes {}-", self.offset)),
            // The whole object, from a store that knows no ranges.
            None => self.offset == 0,
        };
        if !starts_there {
            let why = "its answer is not the part that was asked for".to_owned();
            return Err(Failure::Away(why).about("reading", name));
        }
        Ok(response)
    }
}
