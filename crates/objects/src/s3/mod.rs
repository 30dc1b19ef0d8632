//! A bucket on an object store that speaks S3.
//!
//! Nothing is decided by the bucket: whatever may be written twice has names of its own, and the
//! store of jobs says which of them counts.

mod aside;
mod client;
mod copy;
mod list;
mod memory;
mod multipart;
mod place;
mod read;
mod sign;
mod stage;
mod vendor;
mod write;
mod xml;

use std::sync::Arc;

use reelgate_domain::{ObjectKey, S3Place, Timestamp};
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, ETAG, HeaderMap, LAST_MODIFIED};
use zeroize::Zeroizing;

pub use client::{Patience, S3Client};
pub use place::{InvalidPlace, PlaceWish};
pub use vendor::{VENDORS, Vendor};

use crate::error::ObjectError;
use crate::object::{ObjectMeta, content_type};
use client::Request;
use place::Home;

/// Sizes from which things are done in parts, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// The size of a part of an upload, and the largest upload without parts. Stores take none below
    /// 5 MiB, but for the last.
    pub part: u64,
    /// The largest object that a store copies at once, and the largest part of a copy.
    pub copy: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            part: 8 << 20,
            // Stores allow 5 GiB.
            copy: 5 << 30,
        }
    }
}

/// One bucket on an object store, opened with its secret.
#[derive(Clone, Debug)]
pub struct S3Bucket {
    client: S3Client,
    home: Arc<Home>,
    sizes: Sizes,
}

impl S3Bucket {
    /// Nothing is sent yet.
    pub fn open(
        client: S3Client,
        place: &S3Place,
        secret: Zeroizing<String>,
    ) -> Result<Self, InvalidPlace> {
        let home = Arc::new(Home::new(place, secret)?);
        let sizes = Sizes::default();
        Ok(Self {
            client,
            home,
            sizes,
        })
    }

    /// The same with other sizes, for tests.
    #[must_use]
    pub fn with_sizes(mut self, sizes: Sizes) -> Self {
        self.sizes = sizes;
        self
    }

    /// Whether the bucket can be written, read, listed and emptied by this key: says what cannot be
    /// done, and leaves nothing behind.
    pub async fn check(&self, id: &str) -> Result<(), ObjectError> {
        let name = format!("{}/checks/{id}", ObjectKey::RESERVED);
        let key = self.home.full(&name);
        let failed = |doing: &'static str| {
            move |failure: client::Failure| failure.about(doing, "a test object")
        };
        let call = async |request| self.client.call(&self.home, request).await;
        let content = bytes::Bytes::from_static(b"reelgate was here");
        let put = Request::new(Method::PUT, key.clone()).body(content.clone());
        call(put).await.map_err(failed("writing"))?;
        let read = call(Request::new(Method::GET, key.clone())).await;
        let removed = call(Request::new(Method::DELETE, key)).await;
        let read = read.map_err(failed("reading"))?;
        removed.map_err(failed("removing"))?;
        if read.body != content {
            return Err(ObjectError::Changed("a test object".to_owned()));
        }
        self.list("", None, 1).await.map(drop)
    }

    /// What is known of an object.
    pub async fn head(&self, key: &ObjectKey) -> Result<ObjectMeta, ObjectError> {
        self.described(key).await.map(|(meta, _headers)| meta)
    }

    async fn described(&self, key: &ObjectKey) -> Result<(ObjectMeta, HeaderMap), ObjectError> {
        let request = Request::new(Method::HEAD, self.home.full(key.as_str()));
        let answer = self.client.call(&self.home, request).await;
        let headers = answer
            .map_err(|it| it.about("reading", key.as_str()))?
            .headers;
        Ok((meta(key, &headers)?, headers))
    }

    /// Removes an object; false if there was none.
    pub async fn delete(&self, key: &ObjectKey) -> Result<bool, ObjectError> {
        match self.head(key).await {
            Ok(_) => {}
            Err(ObjectError::Missing(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        let removed = self.remove(&self.home.full(key.as_str())).await;
        removed.map_err(|it| it.about("deleting", key.as_str()))?;
        Ok(true)
    }

    /// An address by which anybody can read an object for so long.
    pub fn presigned(&self, key: &ObjectKey, seconds: u64) -> String {
        let path = self.home.path(Some(&self.home.full(key.as_str())));
        let (signer, at) = (self.home.signer(), self.client.moment());
        let query = signer.presigned("GET", &self.home.host, &path, seconds, &at);
        self.home.url(&path, &query)
    }

    async fn remove(&self, key: &str) -> Result<(), client::Failure> {
        let request = Request::new(Method::DELETE, key.to_owned());
        match self.client.call(&self.home, request).await {
            Err(client::Failure::Refused { status, code })
                if status == reqwest::StatusCode::NOT_FOUND && code != "NoSuchBucket" =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }
}

/// What the headers of an answer tell of an object.
fn meta(key: &ObjectKey, headers: &HeaderMap) -> Result<ObjectMeta, ObjectError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let lacks = |what: &str| ObjectError::Away {
        what: format!("reading {key}"),
        why: format!("its answer tells no {what}"),
    };
    let bytes = text(CONTENT_LENGTH).and_then(|bytes| bytes.parse().ok());
    let modified = text(LAST_MODIFIED).and_then(|date| httpdate::parse_http_date(date).ok());
    Ok(ObjectMeta {
        key: key.clone(),
        bytes: bytes.ok_or_else(|| lacks("size"))?,
        modified: modified.map_or(Timestamp::from_millis(0), crate::object::timestamp),
        etag: strong(text(ETAG).ok_or_else(|| lacks("ETag"))?),
        content_type: content_type(key),
    })
}

/// With quotes, which some answers lack.
fn strong(etag: &str) -> String {
    let etag = etag.strip_prefix("W/").unwrap_or(etag);
    format!("\"{}\"", etag.trim_matches('"'))
}
