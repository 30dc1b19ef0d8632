//! Objects: list, upload from a file, download to a file or a stream, delete.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reelgate_domain::{BucketName, ObjectRef};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method, Response};
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_util::io::ReaderStream;

use crate::client::Client;
use crate::error::Error;

const CHUNK_BYTES: usize = 256 * 1024;

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectEntry {
    pub key: String,
    pub bytes: u64,
    pub etag: String,
    pub content_type: String,
    pub last_modified: String,
}

/// A page of objects in the byte order of their keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    pub objects: Vec<ObjectEntry>,
    pub next_after: Option<String>,
}

/// Which objects to list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ObjectQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The `next_after` of the page before, or any key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// An object that was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    pub key: String,
    pub bytes: u64,
    pub etag: String,
}

impl Client {
    pub async fn objects(
        &self,
        bucket: &BucketName,
        query: &ObjectQuery,
    ) -> Result<Objects, Error> {
        let call = self.call(Method::GET, &["buckets", bucket.as_str(), "objects"]);
        call.query(query).answer().await
    }

    /// Uploads a file. `progress` is called with the bytes sent so far.
    pub async fn upload(
        &self,
        object: &ObjectRef,
        path: &Path,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<StoredObject, Error> {
        let opening = Error::file(format!("{} could not be opened", path.display()));
        let file = File::open(path).await.map_err(opening)?;
        let asking = Error::file(format!("the size of {} is not known", path.display()));
        let bytes = file.metadata().await.map_err(asking)?.len();
        let content = ReaderStream::with_capacity(file, CHUNK_BYTES);
        self.upload_stream(object, bytes, content, progress).await
    }

    /// Uploads `bytes` bytes from a stream.
    pub async fn upload_stream<S, E>(
        &self,
        object: &ObjectRef,
        bytes: u64,
        content: S,
        mut progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<StoredObject, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let mut sent = 0;
        let counted = content.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                sent += chunk.len() as u64;
                progress(sent);
            }
        });
        self.object_call(Method::PUT, object)
            .with(|request| {
                request
                    .header(CONTENT_LENGTH, bytes)
                    .body(Body::wrap_stream(counted))
            })
            .answer()
            .await
    }

    /// Downloads an object to a file, which appears when it is complete. `progress` is called with
    /// the bytes received so far and the object's size. Returns the size.
    pub async fn download(
        &self,
        object: &ObjectRef,
        path: &Path,
        progress: impl FnMut(u64, u64),
    ) -> Result<u64, Error> {
        let unfinished = beside(path);
        let failed = |what: &str| Error::file(format!("{} could not be {what}", path.display()));
        let mut file = File::create(&unfinished).await.map_err(failed("written"))?;
        let copied = self.download_into(object, &mut file, progress).await;
        if copied.is_err() {
            // Best effort: the error that is returned matters more.
            let _ = tokio::fs::remove_file(&unfinished).await;
        }
        let bytes = copied?;
        tokio::fs::rename(&unfinished, path)
            .await
            .map_err(failed("put in its place"))?;
        Ok(bytes)
    }

    /// Downloads an object into a writer, as [`Client::download`] does into a file.
    pub async fn download_into(
        &self,
        object: &ObjectRef,
        target: &mut (impl AsyncWrite + Unpin),
        progress: impl FnMut(u64, u64),
    ) -> Result<u64, Error> {
        let call = self.object_call(Method::GET, object);
        let name = call.name().to_owned();
        let response = call.send().await?;
        copy(response, &name, target, progress).await
    }

    pub async fn delete_object(&self, object: &ObjectRef) -> Result<(), Error> {
        self.object_call(Method::DELETE, object)
            .send()
            .await
            .map(drop)
    }
}

async fn copy(
    response: Response,
    name: &str,
    target: &mut (impl AsyncWrite + Unpin),
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, Error> {
    let expected = response.content_length();
    let mut content = response.bytes_stream();
    let mut got = 0;
    while let Some(chunk) = content.next().await {
        let chunk = chunk.map_err(|source| Error::Broken {
            call: name.to_owned(),
            source,
        })?;
        let writing = Error::file(format!("what {name} answers could not be written"));
        target.write_all(&chunk).await.map_err(writing)?;
        got += chunk.len() as u64;
        progress(got, expected.unwrap_or(got));
    }
    let flushing = Error::file(format!("what {name} answers could not be written"));
    target.flush().await.map_err(flushing)?;
    match expected {
        Some(expected) if expected != got => Err(Error::Short {
            what: name.to_owned(),
            got,
            expected,
        }),
        _ => Ok(got),
    }
}

/// Where a file is written before it is complete: same folder, so that it can be renamed.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}
