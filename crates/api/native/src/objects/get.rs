//! `GET /api/v1/buckets/{bucket}/objects/{key}`: an object or a range of it, streamed.

use std::io::SeekFrom;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_RANGE;
use http::{HeaderMap, HeaderValue, StatusCode};
use reelgate_service::{ObjectBody, ObjectMeta};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{conditions, describe, object, range, validators};
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, Problem};

const CHUNK_BYTES: usize = 256 * 1024;

/// Answers 200, 206 for a range, 304 for what the client has, 416 for a range outside the object.
pub(crate) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((bucket, key)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let object = object(bucket, key)?;
    // Opened before the conditions are judged, so that they are about the very file that is sent.
    let opened = api.service.get_object(&caller, &object, None).await?;
    if conditions::unchanged(&headers, &opened.meta) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        validators(&mut response, &opened.meta);
        return Ok(response);
    }
    match range::asked(&headers) {
        Some(asked) if conditions::range_applies(&headers, &opened.meta) => {
            match asked.within(opened.meta.bytes) {
                Some((offset, length)) => part(opened, offset, length).await,
                None => Err(outside(&opened.meta)),
            }
        }
        _ => Ok(whole(opened)),
    }
}

fn whole(opened: ObjectBody) -> Response {
    let body = Body::from_stream(ReaderStream::with_capacity(opened.reader, CHUNK_BYTES));
    describe(StatusCode::OK, &opened.meta, opened.length, body)
}

async fn part(opened: ObjectBody, offset: u64, length: u64) -> Result<Response, Problem> {
    let mut file = opened.reader.into_inner();
    file.seek(SeekFrom::Start(offset))
        .await
        .map_err(|error| Problem::internal(format!("seeking in {}: {error}", opened.meta.key)))?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES));
    let mut response = describe(StatusCode::PARTIAL_CONTENT, &opened.meta, length, body);
    let last = offset + length - 1;
    let range = content_range(format_args!("{offset}-{last}"), &opened.meta);
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
