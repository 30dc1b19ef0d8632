//! Listings: of objects, page by page, and of uploads that were never finished.

use reelgate_domain::{ObjectKey, Timestamp};
use reqwest::Method;

use super::client::{Failure, Request};
use super::xml::Element;
use super::{S3Bucket, strong};
use crate::error::ObjectError;
use crate::listing::Listing;
use crate::object::{ObjectMeta, content_type};

/// The most keys that stores tell at once.
const MOST_KEYS: usize = 1000;

/// An entry of a listing, by its key in the store.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) bytes: u64,
    pub(super) modified: Timestamp,
    pub(super) etag: String,
}

/// An upload that is under way, or was.
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) begun: Timestamp,
}

impl S3Bucket {
    /// The objects whose keys start with `prefix` and come after `after`, in byte order.
    pub async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Listing, ObjectError> {
        let failed = |it: Failure| it.about("listing", "the bucket");
        let reserved = self.home.full(&format!("{}/", ObjectKey::RESERVED));
        let prefix = self.home.full(prefix);
        let mut after = after.map(|after| self.home.full(after)).unwrap_or_default();
        let mut objects = Vec::new();
        loop {
            let wanted = (limit + 1 - objects.len()).min(MOST_KEYS);
            let (page, is_last) = self.page(&prefix, &after, wanted).await.map_err(failed)?;
            // A page without a key would be asked for again and again.
            let Some(last) = page.last() else { break };
            after.clone_from(&last.key);
            if after.starts_with(&reserved) {
                // Nothing that is kept there comes after this.
                after = format!("{reserved}\u{10ffff}");
            }
            for entry in page {
                let name = entry.key.strip_prefix(&self.home.prefix);
                // What cannot be one of our objects is none, such as the folders that some tools make.
                if let Some(Ok(key)) = name.map(ObjectKey::new) {
                    objects.push(ObjectMeta {
                        bytes: entry.bytes,
                        modified: entry.modified,
                        etag: entry.etag,
                        content_type: content_type(&key),
                        key,
                    });
                }
            }
            if is_last || objects.len() > limit {
                break;
            }
        }
        let truncated = objects.len() > limit;
        objects.truncate(limit);
        Ok(Listing { objects, truncated })
    }

    /// One page of keys in the store, and whether it is the last. The older form of the call: its
    /// marker is a key, and every vendor has it.
    pub(super) async fn page(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<Entry>, bool), Failure> {
        let mut request = Request::new(Method::GET, None)
            .query("prefix", prefix)
            .query("max-keys", limit.to_string());
        if !after.is_empty() {
            request = request.query("marker", after);
        }
        let answer = self.client.call(&self.home, request).await?;
        let result = read(&answer.body, "ListBucketResult")?;
        let entries = result.all("Contents").map(|entry| {
            let key = entry.exact("Key")?.to_owned();
            Some(Entry {
                key,
                bytes: entry.text("Size")?.parse().ok()?,
                modified: time(entry.text("LastModified")?)?,
                etag: strong(entry.text("ETag").unwrap_or_default()),
            })
        });
        let entries: Option<Vec<_>> = entries.collect();
        let entries =
            entries.ok_or_else(|| Failure::Away("its listing makes no sense".to_owned()))?;
        let is_last = result.text("IsTruncated") != Some("true");
        Ok((entries, is_last))
    }

    /// Every upload in parts below a prefix.
    pub(super) async fn uploads(&self, prefix: &str) -> Result<Vec<Upload>, Failure> {
        let mut found: Vec<Upload> = Vec::new();
        loop {
            let mut request = Request::new(Method::GET, None)
                .query("uploads", "")
                .query("prefix", prefix)
                .query("max-uploads", MOST_KEYS.to_string());
            if let Some(last) = found.last() {
                request = request
                    .query("key-marker", last.key.clone())
                    .query("upload-id-marker", last.id.clone());
            }
            let answer = self.client.call(&self.home, request).await?;
            let result = read(&answer.body, "ListMultipartUploadsResult")?;
            let before = found.len();
            for upload in result.all("Upload") {
                let key = upload.exact("Key").filter(|key| key.starts_with(prefix));
                let begun = upload.text("Initiated").and_then(time);
                if let (Some(key), Some(id), Some(begun)) = (key, upload.text("UploadId"), begun) {
                    found.push(Upload {
                        key: key.to_owned(),
                        id: id.to_owned(),
                        begun,
                    });
                }
            }
            if result.text("IsTruncated") != Some("true") || found.len() == before {
                return Ok(found);
            }
        }
    }
}

fn read(body: &[u8], name: &str) -> Result<Element, Failure> {
    match Element::parse(body) {
        Ok(element) if element.name == name => Ok(element),
        Ok(element) => Err(Failure::Away(format!("it answers with {}", element.name))),
        Err(why) => Err(Failure::Away(format!("its answer cannot be read: {why}"))),
    }
}

/// `2026-11-21T10:00:00.000Z`
fn time(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}
