//! Paths of this API in answers.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reelgate_domain::ObjectRef;
use serde::Serialize;

/// What stays as it is in a key: RFC 3986's unreserved characters, and slashes.
const IN_KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The path under which an object is served.
pub(crate) fn object_link(object: &ObjectRef) -> String {
    let key = utf8_percent_encode(object.key.as_str(), IN_KEY);
    format!("/api/v1/buckets/{}/objects/{key}", object.bucket)
}

/// 201 with the new thing and where it is.
pub(crate) fn created(location: &str, body: impl Serialize) -> Response {
    (StatusCode::CREATED, [(LOCATION, location)], Json(body)).into_response()
}
