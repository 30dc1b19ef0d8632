//! `GET /api/v1/buckets/{bucket}/objects`: a bucket's objects in the byte order of their keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::ObjectKey;
use reelgate_service::ObjectMeta;
use serde::Serialize;

use super::bucket;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query, format_time};

/// `{"objects": [OBJECT, …], "next_after"}`: the `after` of the next page, null on the last.
#[derive(Serialize)]
struct ObjectsView<'a> {
    objects: Vec<ObjectView<'a>>,
    next_after: Option<&'a ObjectKey>,
}

/// `{"key", "bytes", "etag", "content_type", "last_modified"}`.
#[derive(Serialize)]
struct ObjectView<'a> {
    key: &'a ObjectKey,
    bytes: u64,
    etag: &'a str,
    content_type: &'static str,
    last_modified: String,
}

/// Parameters: `prefix`, `after` (a key; it need not exist), `limit` (1 to 1000, by default 100).
pub(crate) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["prefix", "after", "limit"])?;
    let prefix = query.one("prefix")?.unwrap_or_default();
    let (after, limit) = (query.one("after")?, query.limit(100, 1000)?);
    let bucket = bucket(name)?;
    let page = api
        .service
        .list_objects(&caller, &bucket, prefix, after, limit)
        .await?;
    let last = page.objects.last().filter(|_| page.truncated);
    let view = ObjectsView {
        objects: page.objects.iter().map(ObjectView::of).collect(),
        next_after: last.map(|object| &object.key),
    };
    Ok(Json(view).into_response())
}

impl<'a> ObjectView<'a> {
    fn of(meta: &'a ObjectMeta) -> Self {
        Self {
            key: &meta.key,
            bytes: meta.bytes,
            etag: &meta.etag,
            content_type: meta.content_type,
            last_modified: format_time(meta.modified),
        }
    }
}
