//! `POST /api/v1/buckets`: creates a bucket.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use reelgate_domain::{BucketName, S3Style};
use reelgate_service::{BucketView, NewS3Bucket, PlaceWish, Secret};
use serde::Deserialize;

use super::view::BucketJson;
use crate::NativeApi;
use crate::http::{Again, Answering, Authorized, JsonBody, Problem, created};

/// The body: `{"name", "path", "s3"}`. `path`, an absolute directory on the server, and `s3`, a bucket on an
/// object store, are for operators, and there is one of them at most; without either the server chooses a
/// directory.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: BucketName,
    #[serde(default)]
    path: Option<PathBuf>,
    #[serde(default)]
    s3: Option<S3Body>,
}

/// `{"endpoint", "bucket", "prefix", "region", "style", "access_key_id", "secret_access_key"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct S3Body {
    endpoint: String,
    bucket: String,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    style: Option<S3Style>,
    access_key_id: String,
    secret_access_key: String,
}

/// Answers 201 with the bucket, 409 if there is one of this name.
pub(crate) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    let CreateBody { name, path, s3 } = body;
    let bucket = match (path, s3) {
        (path, None) => api.service.create_bucket(&caller, name, path).await?,
        (None, Some(s3)) => {
            let wanted = s3.wanted(name);
            api.service.create_s3_bucket(&caller, wanted).await?
        }
        (Some(_), Some(_)) => {
            let detail = "a bucket is in a directory or on an object store, not in both";
            return Err(Problem::invalid_field("s3", detail));
        }
    };
    Ok(answer(&bucket))
}

/// Answers with the bucket as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let buckets = again.api.service.list_buckets(&again.caller).await?;
        let made = |bucket: &&BucketView| bucket.name.as_str() == again.made;
        let bucket = buckets.iter().find(made);
        bucket
            .map(answer)
            .ok_or_else(|| Problem::missing("bucket", &again.made))
    })
}

fn answer(bucket: &BucketView) -> Response {
    let location = format!("/api/v1/buckets/{}/objects", bucket.name);
    created(&location, BucketJson::of(bucket))
}

impl S3Body {
    fn wanted(self, name: BucketName) -> NewS3Bucket {
        NewS3Bucket {
            name,
            place: PlaceWish {
                endpoint: self.endpoint,
                bucket: self.bucket,
                prefix: self.prefix,
                region: self.region,
                style: self.style,
                access_key_id: self.access_key_id,
            },
            secret: Secret::new(self.secret_access_key),
        }
    }
}
