//! Uploads in parts: nothing is visible until the last call, and what is given up is removed.

use bytes::Bytes;
use reelgate_domain::ObjectKey;
use reqwest::Method;
use reqwest::header::ETAG;

use super::client::{Answer, Failure, Request};
use super::xml::Element;
use super::{S3Bucket, strong};
use crate::error::ObjectError;
use crate::object::content_type;

/// The most parts that stores allow.
pub(super) const MOST_PARTS: u64 = 10_000;

/// Says whose upload an object is: by it a success is known whose answer was lost.
const MARK: &str = "x-amz-meta-reelgate-upload";

/// An upload in parts. Dropped before its end it is given up, in the background.
pub(super) struct Multipart {
    bucket: S3Bucket,
    /// As it is in the store.
    key: String,
    /// As it is told.
    name: String,
    id: String,
    mark: String,
    etags: Vec<String>,
    is_over: bool,
}

impl Multipart {
    /// `mark` is unlike that of any other upload of this key.
    pub(super) async fn begin(
        bucket: &S3Bucket,
        (key, name): (String, &ObjectKey),
        mark: &str,
    ) -> Result<Self, ObjectError> {
        let request = Request::new(Method::POST, key.clone())
            .query("uploads", "")
            .header("content-type", content_type(name))
            .header(MARK, mark);
        let begun = bucket.client.call(&bucket.home, request).await;
        let answer = begun.map_err(|it| it.about("storing", name.as_str()))?;
        let id = Element::parse(&answer.body).ok();
        let id = id.and_then(|it| it.text("UploadId").map(str::to_owned));
        let id = id.filter(|id| !id.is_empty()).ok_or_else(|| {
            Failure::Away("its answer names no upload".to_owned()).about("storing", name.as_str())
        })?;
        Ok(Self {
            bucket: bucket.clone(),
            key,
            name: name.to_string(),
            id,
            mark: mark.to_owned(),
            etags: Vec::new(),
            is_over: false,
        })
    }

    /// How many parts there are.
    pub(super) fn parts(&self) -> u64 {
        self.etags.len() as u64
    }

    fn next_part(&self) -> Request {
        Request::new(Method::PUT, self.key.clone())
            .query("partNumber", (self.etags.len() + 1).to_string())
            .query("uploadId", self.id.clone())
    }

    /// Stores the next part.
    pub(super) async fn part(&mut self, content: Bytes) -> Result<(), ObjectError> {
        let request = self.next_part().body(content);
        let stored = self.bucket.client.call(&self.bucket.home, request).await;
        let answer = stored.map_err(|it| it.about("storing", &self.name))?;
        let etag = answer.headers.get(ETAG).and_then(|it| it.to_str().ok());
        self.add(etag.map(strong))
    }

    /// Makes the next part of a range of another object of the bucket.
    pub(super) async fn part_of(
        &mut self,
        source: &str,
        first: u64,
        last: u64,
    ) -> Result<(), ObjectError> {
        let request = self
            .next_part()
            .header("x-amz-copy-source", source)
            .header("x-amz-copy-source-range", format!("bytes={first}-{last}"))
            .slow();
        let copied = self.bucket.client.call(&self.bucket.home, request).await;
        let answer = copied.map_err(|it| it.about("placing", &self.name))?;
        let result = Element::parse(&answer.body).ok();
        self.add(result.and_then(|it| it.text("ETag").map(strong)))
    }

    fn add(&mut self, etag: Option<String>) -> Result<(), ObjectError> {
        let lacks =
            || Failure::Away("its answer names no part".to_owned()).about("storing", &self.name);
        self.etags.push(etag.ok_or_else(lacks)?);
        Ok(())
    }

    /// Makes the parts an object, which takes the place of an older one.
    pub(super) async fn complete(mut self, key: &ObjectKey) -> Result<(), ObjectError> {
        let parts = self.etags.iter().enumerate().map(|(index, etag)| {
            let number = index + 1;
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        });
        let parts: String = parts.collect();
        let body = format!(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{parts}\
             </CompleteMultipartUpload>"
        );
        let request = Request::new(Method::POST, self.key.clone())
            .query("uploadId", self.id.clone())
            .header("content-type", "application/xml")
            .body(Bytes::from(body))
            .slow();
        let completed = self.bucket.client.call(&self.bucket.home, request).await;
        let says_so = |answer: &Answer| {
            let result = Element::parse(&answer.body);
            result.is_ok_and(|it| it.name == "CompleteMultipartUploadResult")
        };
        match completed {
            Ok(answer) if says_so(&answer) => {}
            // The head of an answer is sent long before its end, and what came was not all of it.
            Ok(_) if self.is_there().await? => {}
            Ok(_) => {
                let why = "its answer does not say that it has put the parts together".to_owned();
                return Err(Failure::Away(why).about("storing", key.as_str()));
            }
            // An earlier try was heard and its answer lost, if the object is the one of this upload.
            Err(failure) if failure.is("NoSuchUpload") && self.is_there().await? => {}
            Err(failure) => return Err(failure.about("storing", key.as_str())),
        }
        self.is_over = true;
        Ok(())
    }

    async fn is_there(&self) -> Result<bool, ObjectError> {
        let request = Request::new(Method::HEAD, self.key.clone());
        match self.bucket.client.call(&self.bucket.home, request).await {
            Ok(answer) => {
                let mark = answer.headers.get(MARK).and_then(|it| it.to_str().ok());
                Ok(mark == Some(&*self.mark))
            }
            Err(Failure::Refused { .. }) => Ok(false),
            Err(away) => Err(away.about("storing", &self.name)),
        }
    }

    /// Gives it up and waits until it is gone, as far as the store answers.
    pub(super) async fn abort(mut self) {
        self.is_over = true;
        let (key, id) = (std::mem::take(&mut self.key), std::mem::take(&mut self.id));
        self.bucket.abort_upload(key, id).await;
    }
}

impl Drop for Multipart {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (key, id) = (std::mem::take(&mut self.key), std::mem::take(&mut self.id));
        let bucket = self.bucket.clone();
        // Without a runtime the process ends, and whoever looks for leftovers finds it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { bucket.abort_upload(key, id).await });
        }
    }
}

impl S3Bucket {
    /// Removes an upload with its parts. What stays is looked for later.
    pub(super) async fn abort_upload(&self, key: String, id: String) {
        let request = Request::new(Method::DELETE, key).query("uploadId", id);
        if let Err(failure) = self.client.call(&self.home, request).await
            && !failure.is("NoSuchUpload")
        {
            tracing::debug!(?failure, "an upload that was given up stays for now");
        }
    }
}
