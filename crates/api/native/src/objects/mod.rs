//! Objects of a bucket: list, put, get, head, delete, link. Contents are streamed both ways.

mod conditions;
mod delete;
mod get;
mod head;
mod link;
mod list;
mod put;
mod range;
pub(crate) mod shared;

#[cfg(feature = "fuzzing")]
pub(crate) use range::asked as asked_range;

use axum::body::Body;
use axum::response::Response;
use axum::routing::on;
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use reelgate_api_kit::operation::ResourceType;
use reelgate_domain::{BucketName, ObjectKey, ObjectRef};
use reelgate_service::ObjectMeta;

use crate::http::Problem;
use crate::routes::Route;

const SECTION: &str = "docs/api.md#objects";

const IN_BUCKET: &[ResourceType] = &[ResourceType {
    name: "Bucket",
    arn: "acs:reelgate:*:{accountId}:bucket/{bucket}",
    required: true,
}];

const OBJECT: &[ResourceType] = &[ResourceType {
    name: "Object",
    arn: "acs:reelgate:*:{accountId}:bucket/{bucket}/{key}",
    required: true,
}];

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/buckets/{bucket}/objects", "ListObjects", |m| {
        on(m, list::list)
    })
    .does("lists a bucket's objects", "docs/api.md#list-objects")
    .lists()
    .on(IN_BUCKET)
    .errors(&["not_found"]),
    Route::new("GET", PATH, "GetObject", |m| on(m, get::get))
        .does("reads an object or a range of it", SECTION)
        .reads()
        .on(OBJECT)
        .errors(&["denied", "not_found", "range_not_satisfiable"]),
    Route::new("HEAD", PATH, "HeadObject", |m| on(m, head::head))
        .does("what is known of an object", SECTION)
        .reads()
        .on(OBJECT)
        .errors(&["denied", "not_found"]),
    Route::new("PUT", PATH, "PutObject", |m| on(m, put::put))
        .does("stores an object", SECTION)
        .on(OBJECT)
        .errors(&[
            "denied",
            "not_found",
            "conflict",
            "header_not_supported",
            "storage_full",
        ]),
    Route::new("DELETE", PATH, "DeleteObject", |m| on(m, delete::delete))
        .does("deletes an object", SECTION)
        .on(OBJECT)
        .errors(&["denied", "not_found"]),
    Route::new(
        "POST",
        "/buckets/{bucket}/links/{*key}",
        "LinkObject",
        |m| on(m, link::link),
    )
    .does(
        "makes an address by which anybody can read an object",
        "docs/api.md#links",
    )
    .on(OBJECT)
    .errors(&["denied", "not_found", "conflict"]),
];

const PATH: &str = "/buckets/{bucket}/objects/{*key}";

/// The object that a path names; its parts are percent-decoded already.
fn object(bucket: String, key: String) -> Result<ObjectRef, Problem> {
    Ok(ObjectRef {
        bucket: self::bucket(bucket)?,
        key: ObjectKey::new(key)
            .map_err(|error| Problem::invalid_field("key", error.to_string()))?,
    })
}

fn bucket(name: String) -> Result<BucketName, Problem> {
    BucketName::new(name).map_err(|error| Problem::invalid_field("bucket", error.to_string()))
}

/// An answer about an object, `length` bytes long, with all that describes the object.
fn describe(status: StatusCode, meta: &ObjectMeta, length: u64, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(meta.content_type));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Objects are other people's files: a browser must not run one as a page of this server.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    validators(&mut response, meta);
    response
}

/// What a client may later ask by whether the object has changed.
fn validators(response: &mut Response, meta: &ObjectMeta) {
    let modified = httpdate::fmt_http_date(conditions::modified(meta));
    for (name, text) in [(ETAG, &meta.etag), (LAST_MODIFIED, &modified)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            response.headers_mut().insert(name, value);
        }
    }
}
