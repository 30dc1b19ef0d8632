//! `PUT /api/v1/buckets/{bucket}/objects/{key}`: stores an object from the request's content.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::header::{CONTENT_ENCODING, CONTENT_RANGE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use reelgate_domain::{ObjectKey, ObjectRef};
use reelgate_service::{Caller, ErrorKind, ObjectMeta};
use serde::Serialize;

use super::object;
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, Problem, object_link};

/// How long the next piece of the content may take.
const IDLE_PATIENCE: Duration = Duration::from_secs(60);

/// How much of a refused upload is still read, and for how long.
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(2);

/// `{"key", "bytes", "etag"}`.
#[derive(Serialize)]
struct Stored<'a> {
    key: &'a ObjectKey,
    bytes: u64,
    etag: &'a str,
}

/// Answers 201 for a new object, 200 for one that took the place of another, 413 for too much.
/// The object appears complete or not at all.
pub(crate) async fn put(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((bucket, key)): InPath<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let object = object(bucket, key)?;
    refuse_what_is_not_built(request.headers())?;
    let replaces = exists(&api, &caller, &object).await?;
    let mut content = pieces(request.into_body());
    match api.service.put_object(&caller, &object, &mut content).await {
        Ok(meta) => Ok(stored(&object, &meta, replaces)),
        Err(error) => {
            linger(content).await;
            // The service's subject is the object, not a field of the request.
            Err(Problem::from(error).without_field())
        }
    }
}

/// Each of these changes what a PUT means, so none may be ignored.
fn refuse_what_is_not_built(headers: &HeaderMap) -> Result<(), Problem> {
    let unbuilt = [IF_MATCH, IF_NONE_MATCH, CONTENT_RANGE, CONTENT_ENCODING];
    match unbuilt.iter().find(|name| headers.contains_key(*name)) {
        None => Ok(()),
        Some(name) => {
            let detail = format!("the header {name} is not supported when an object is stored");
            Err(Problem::new(Code::HeaderNotSupported, detail))
        }
    }
}

async fn exists(api: &NativeApi, caller: &Caller, object: &ObjectRef) -> Result<bool, Problem> {
    match api.service.head_object(caller, object).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn pieces(body: Body) -> BoxStream<'static, Result<Bytes, String>> {
    stream::unfold(Some(body.into_data_stream()), async |content| {
        let mut content = content?;
        match tokio::time::timeout(IDLE_PATIENCE, content.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(content))),
            Ok(Some(Err(error))) => Some((Err(error.to_string()), None)),
            Err(_elapsed) => {
                let why = format!("nothing came for {} s", IDLE_PATIENCE.as_secs());
                Some((Err(why), None))
            }
        }
    })
    // It may be read on after its end, see `linger`.
    .fuse()
    .boxed()
}

/// Closing a connection on a client that still sends resets it, and the client may never see the
/// answer: read on for a while, as far as that costs little.
async fn linger(mut content: BoxStream<'static, Result<Bytes, String>>) {
    let rest = async {
        let mut bytes = 0;
        while let Some(Ok(piece)) = content.next().await {
            bytes += piece.len();
            if bytes > LINGER_BYTES {
                break;
            }
        }
    };
    // Either way the answer goes out now.
    let _ = tokio::time::timeout(LINGER, rest).await;
}

fn stored(object: &ObjectRef, meta: &ObjectMeta, replaces: bool) -> Response {
    let body = Json(Stored {
        key: &meta.key,
        bytes: meta.bytes,
        etag: &meta.etag,
    });
    let mut response = body.into_response();
    let mut header = |name, text: &str| {
        if let Ok(value) = HeaderValue::try_from(text) {
            response.headers_mut().insert(name, value);
        }
    };
    header(ETAG, &meta.etag);
    if !replaces {
        header(LOCATION, &object_link(object));
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}
