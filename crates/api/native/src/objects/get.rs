//! `GET /api/v1/buckets/{bucket}/objects/{key}`: an object or a range of it, streamed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_RANGE;
use http::{HeaderMap, HeaderValue, StatusCode};
use reelgate_service::{Object, ObjectMeta, ServiceError};

use super::{conditions, describe, object, range, validators};
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, Problem};

/// Answers 200, 206 for a range, 304 for what the client has, 416 for a range outside the object.
pub(crate) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((bucket, key)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let object = object(bucket, key)?;
    // Opened before the conditions are judged, so that they are about the very object that is sent.
    let opened = api.service.get_object(&caller, &object).await?;
    send(opened, &headers).await
}

/// The object, or what of it the headers ask for.
pub(super) async fn send(opened: Object, headers: &HeaderMap) -> Result<Response, Problem> {
    if conditions::unchanged(headers, &opened.meta) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        validators(&mut response, &opened.meta);
        return Ok(response);
    }
    match range::asked(headers) {
        Some(asked) if conditions::range_applies(headers, &opened.meta) => {
            match asked.within(opened.meta.bytes) {
                Some((offset, length)) => part(opened, offset, length).await,
                None => Err(outside(&opened.meta)),
            }
        }
        _ => whole(opened).await,
    }
}

async fn whole(opened: Object) -> Result<Response, Problem> {
    let meta = opened.meta.clone();
    let content = opened
        .read(0, meta.bytes)
        .await
        .map_err(ServiceError::from)?;
    let body = Body::from_stream(content);
    Ok(describe(StatusCode::OK, &meta, meta.bytes, body))
}

async fn part(opened: Object, offset: u64, length: u64) -> Result<Response, Problem> {
    let meta = opened.meta.clone();
    let content = opened
        .read(offset, length)
        .await
        .map_err(ServiceError::from)?;
    let body = Body::from_stream(content);
    let mut response = describe(StatusCode::PARTIAL_CONTENT, &meta, length, body);
    let last = offset + length - 1;
    let range = content_range(format_args!("{offset}-{last}"), &meta);
    response.headers_mut().insert(CONTENT_RANGE, range);
    Ok(response)
}

fn outside(meta: &ObjectMeta) -> Problem {
    let detail = format!("the range lies outside the object's {} bytes", meta.bytes);
    Problem::new(Code::RangeNotSatisfiable, detail)
        .header(CONTENT_RANGE, content_range(format_args!("*"), meta))
}

fn content_range(range: std::fmt::Arguments<'_>, meta: &ObjectMeta) -> HeaderValue {
    HeaderValue::try_from(format!("bytes {range}/{}", meta.bytes))
        .expect("digits and punctuation are a header value")
}
