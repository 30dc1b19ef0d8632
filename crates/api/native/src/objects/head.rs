//! `HEAD /api/v1/buckets/{bucket}/objects/{key}`: what is known of an object without reading it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::{conditions, describe, object, validators};
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem};

/// Answers as GET does, without content; a range means nothing here (RFC 9110 §14.2).
pub(crate) async fn head(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((bucket, key)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let meta = api
        .service
        .head_object(&caller, &object(bucket, key)?)
        .await?;
    if conditions::unchanged(&headers, &meta) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        validators(&mut response, &meta);
        return Ok(response);
    }
    Ok(describe(StatusCode::OK, &meta, meta.bytes, Body::empty()))
}
