//! How this API shows a bucket.

use reelgate_domain::{BucketName, S3Place, S3Style};
use reelgate_service::BucketView;
use serde::Serialize;

use crate::http::format_time;

/// `{"name", "path", "s3", "created_at"}`; `path`, the directory that holds its objects, and `s3`, the place
/// on an object store, are null where it is the other one, and both for callers who are no operators.
#[derive(Serialize)]
pub(super) struct BucketJson<'a> {
    name: &'a BucketName,
    path: Option<String>,
    s3: Option<S3Json<'a>>,
    created_at: String,
}

/// `{"endpoint", "bucket", "prefix", "region", "style", "access_key_id"}`: never the secret.
#[derive(Serialize)]
struct S3Json<'a> {
    endpoint: &'a str,
    bucket: &'a str,
    prefix: &'a str,
    region: &'a str,
    style: S3Style,
    access_key_id: &'a str,
}

impl<'a> BucketJson<'a> {
    pub(super) fn of(bucket: &'a BucketView) -> Self {
        let path = bucket.path.as_ref();
        Self {
            name: &bucket.name,
            path: path.map(|path| path.to_string_lossy().into_owned()),
            s3: bucket.s3.as_ref().map(S3Json::of),
            created_at: format_time(bucket.created_at),
        }
    }
}

impl<'a> S3Json<'a> {
    fn of(place: &'a S3Place) -> Self {
        Self {
            endpoint: &place.endpoint,
            bucket: &place.bucket,
            prefix: &place.prefix,
            region: &place.region,
            style: place.style,
            access_key_id: &place.access_key_id,
        }
    }
}
