//! `POST /api/v1/buckets`: creates a bucket.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use reelgate_domain::BucketName;
use serde::Deserialize;

use super::view::BucketJson;
use crate::NativeApi;
use crate::http::{Authorized, JsonBody, Problem, created};

/// The body: `{"name", "path"}`. `path`, which only operators may give, is an absolute directory on
/// the server; without it the server chooses one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: BucketName,
    #[serde(default)]
    path: Option<PathBuf>,
}

/// Answers 201 with the bucket, 409 if there is one of this name.
pub(crate) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    let bucket = api
        .service
        .create_bucket(&caller, body.name, body.path)
        .await?;
    let location = format!("/api/v1/buckets/{}/objects", bucket.name);
    Ok(created(&location, BucketJson::of(&bucket)))
}
