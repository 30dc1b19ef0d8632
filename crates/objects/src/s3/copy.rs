//! Copies inside a bucket, made by the store.

use reelgate_domain::ObjectKey;
use reqwest::Method;

use super::S3Bucket;
use super::client::{Failure, Request};
use super::multipart::{MOST_PARTS, Multipart};
use super::sign::encoded_path;
use super::xml::Element;
use crate::error::ObjectError;

impl S3Bucket {
    /// Copies what lies under `source` in the store, `bytes` long, to an object, which appears complete.
    /// Can be repeated.
    pub(super) async fn copy(
        &self,
        source: &str,
        key: &ObjectKey,
        bytes: u64,
        mark: &str,
    ) -> Result<(), ObjectError> {
        let from = format!("/{}/{}", self.home.bucket, encoded_path(source));
        let target = self.home.full(key.as_str());
        if bytes > self.sizes.copy {
            return self.copy_in_parts(&from, (target, key), bytes, mark).await;
        }
        let request = Request::new(Method::PUT, target)
            .header("x-amz-copy-source", from)
            .slow();
        let copied = self.client.call(&self.home, request).await;
        let answer = copied.map_err(|it| it.about("placing", key.as_str()))?;
        // A store that found no time to finish has sent the head of an answer, and nothing after it.
        match Element::parse(&answer.body) {
            Ok(result) if result.name == "CopyObjectResult" => Ok(()),
            _ => {
                let why = "its answer does not say that it has copied".to_owned();
                Err(Failure::Away(why).about("placing", key.as_str()))
            }
        }
    }

    async fn copy_in_parts(
        &self,
        from: &str,
        target: (String, &ObjectKey),
        bytes: u64,
        mark: &str,
    ) -> Result<(), ObjectError> {
        let key = target.1;
        let size = self.sizes.copy.max(bytes.div_ceil(MOST_PARTS));
        let mut upload = Multipart::begin(self, target, mark).await?;
        let parts = async {
            let mut first = 0;
            while first < bytes {
                let last = bytes.min(first + size) - 1;
                upload.part_of(from, first, last).await?;
                first = last + 1;
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
