//! The newest picture of a live stream: which bucket has it, and reading it.

use bytes::Bytes;
use reelgate_domain::stream::StreamId;
use reelgate_store::Bucket;

use crate::{Caller, Service, ServiceError};

/// The bucket of an account in which pictures of its streams are kept: `media`, which the first start makes, or the
/// first by name.
pub fn thumbnail_bucket(buckets: &[Bucket]) -> Option<&Bucket> {
    let named = buckets.iter().find(|it| it.name.as_str() == "media");
    named.or_else(|| buckets.iter().min_by_key(|it| it.name.as_str()))
}

impl Service {
    /// The newest picture of one of the account's streams, a JPEG; none before the first, and of an account without
    /// buckets.
    pub async fn stream_thumbnail(
        &self,
        caller: &Caller,
        stream: StreamId,
    ) -> Result<Option<Bytes>, ServiceError> {
        let buckets = self.store.buckets(caller.account).await?;
        let Some(bucket) = thumbnail_bucket(&buckets) else {
            return Ok(None);
        };
        let open = self.open_bucket(caller, &bucket.name).await?;
        Ok(open.thumbnail(stream).await?)
    }
}
