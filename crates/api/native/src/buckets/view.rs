//! How this API shows a bucket.

use reelgate_domain::BucketName;
use reelgate_service::BucketView;
use serde::Serialize;

use crate::http::format_time;

/// `{"name", "path", "created_at"}`; `path`, the directory that holds its objects, is null for
/// callers who are no operators.
#[derive(Serialize)]
pub(super) struct BucketJson<'a> {
    name: &'a BucketName,
    path: Option<String>,
    created_at: String,
}

impl<'a> BucketJson<'a> {
    pub(super) fn of(bucket: &'a BucketView) -> Self {
        let path = bucket.path.as_ref();
        Self {
            name: &bucket.name,
            path: path.map(|path| path.to_string_lossy().into_owned()),
            created_at: format_time(bucket.created_at),
        }
    }
}
