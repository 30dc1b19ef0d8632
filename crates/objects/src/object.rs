//! Objects: what is known of one, parts of one, and its content on the way.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reelgate_domain::{ObjectKey, Timestamp};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use crate::error::ObjectError;
use crate::s3::S3Bucket;

/// How much of a file is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    pub key: ObjectKey,
    pub bytes: u64,
    pub modified: Timestamp,
    /// A strong validator with its quotes: changes whenever the object is replaced.
    pub etag: String,
    /// Guessed from the key's extension.
    pub content_type: &'static str,
}

/// Content of an object, in its order.
pub type Content = BoxStream<'static, io::Result<Bytes>>;

/// An object opened for reading. Whatever takes its place meanwhile is not read instead of it.
#[derive(Debug)]
pub struct Object {
    pub meta: ObjectMeta,
    from: Source,
}

#[derive(Debug)]
enum Source {
    File(File),
    S3(S3Bucket),
}

impl Object {
    pub(crate) fn in_file(meta: ObjectMeta, file: File) -> Self {
        let from = Source::File(file);
        Self { meta, from }
    }

    pub(crate) fn on_s3(meta: ObjectMeta, bucket: S3Bucket) -> Self {
        let from = Source::S3(bucket);
        Self { meta, from }
    }

    /// Reads a part of it, which lies inside it.
    pub async fn read(self, offset: u64, length: u64) -> Result<Content, ObjectError> {
        match self.from {
            Source::File(mut file) => {
                use tokio::io::AsyncSeekExt;
                let failed =
                    |source| ObjectError::from_io(self.meta.key.as_str(), "reading", source);
                if offset > 0 {
                    let there = io::SeekFrom::Start(offset);
                    file.seek(there).await.map_err(failed)?;
                }
                let part = file.take(length);
                Ok(ReaderStream::with_capacity(part, CHUNK_BYTES).boxed())
            }
            Source::S3(bucket) => bucket.read(&self.meta, offset, length).await,
        }
    }
}

/// A part of an object, in bytes, as a request asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// From the first offset to the last, both included.
    Between(u64, Option<u64>),
    /// This many bytes from the end.
    Last(u64),
}

impl ByteRange {
    /// Offset and length inside an object of `bytes`, or `None` if the range lies outside it.
    pub fn within(self, bytes: u64) -> Option<(u64, u64)> {
        match self {
            Self::Between(first, last) => {
                let end = last.map_or(bytes, |last| bytes.min(last.saturating_add(1)));
                (first < end).then(|| (first, end - first))
            }
            Self::Last(length) => {
                let length = length.min(bytes);
                (length > 0).then(|| (bytes - length, length))
            }
        }
    }
}

pub(crate) fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

pub(crate) fn content_type(key: &ObjectKey) -> &'static str {
    // The types that players of HLS ask for; the tables of the library know older names.
    match key
        .file_name()
        .rsplit_once('.')
        .map(|(_, extension)| extension)
    {
        Some("m3u8") => "application/vnd.apple.mpegurl",
        Some("ts") => "video/mp2t",
        Some("m4s") => "video/iso.segment",
        _ => mime_guess::from_path(key.as_str())
            .first_raw()
            .unwrap_or("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_object() {
        let cases = [
            (ByteRange::Between(0, None), Some((0, 10))),
            (ByteRange::Between(3, Some(5)), Some((3, 3))),
            (ByteRange::Between(3, Some(99)), Some((3, 7))),
            (ByteRange::Between(10, None), None),
            (ByteRange::Between(5, Some(4)), None),
            (ByteRange::Last(4), Some((6, 4))),
            (ByteRange::Last(99), Some((0, 10))),
            (ByteRange::Last(0), None),
        ];
        for (range, expected) in cases {
            assert_eq!(range.within(10), expected, "{range:?}");
        }
    }
}
