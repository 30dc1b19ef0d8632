//! `GET /api/v1/buckets`: the account's buckets, by name.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Serialize;

use super::view::BucketJson;
use crate::NativeApi;
use crate::http::{Authorized, Problem, Query};

/// `{"buckets": [BUCKET, …]}`.
#[derive(Serialize)]
struct BucketsJson<'a> {
    buckets: Vec<BucketJson<'a>>,
}

pub(crate) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let found = api.service.list_buckets(&caller).await?;
    let buckets = found.iter().map(BucketJson::of).collect();
    Ok(Json(BucketsJson { buckets }).into_response())
}
