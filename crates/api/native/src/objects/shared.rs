//! `GET /api/v1/buckets/{bucket}/shared/{address}/{key}`: an object for whoever has an address of it, as the vendors'
//! dialects hand them out. The address is all the permission there is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL};
use http::{HeaderMap, Method, StatusCode};
use reelgate_service::{ErrorKind, ServiceError, SharedAddress};

use super::{get, object};
use crate::NativeApi;
use crate::http::{InPath, Problem};

pub(crate) const PATH: &str = "/buckets/{bucket}/shared/{address}/{*key}";

/// Players run in pages of any origin, which may ask for ranges.
pub(crate) async fn shared(
    State(api): State<Arc<NativeApi>>,
    method: Method,
    InPath((bucket, address, key)): InPath<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut response = answer(&api, bucket, &address, key, &headers)
        .await
        .into_response();
    if method == Method::HEAD {
        *response.body_mut() = axum::body::Body::empty();
    }
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let seen = "content-length, content-range, accept-ranges, etag";
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(seen),
    );
    // Whoever keeps a copy must not hand it to those without the address.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    response
}

async fn answer(
    api: &NativeApi,
    bucket: String,
    address: &str,
    key: String,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let object = object(bucket, key)?;
    let refused = || {
        let message = "the address is none, or is not good any more";
        ServiceError::new(ErrorKind::Denied, "address", message)
    };
    let address = SharedAddress::parse(address).ok_or_else(refused)?;
    let opened = api.service.get_shared(&address, &object).await?;
    get::send(opened, headers).await
}

/// What a browser asks before it asks for a range.
pub(crate) async fn preflight() -> Response {
    let allowed = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, HEAD"),
        (
            "access-control-allow-headers",
            "range, if-range, if-none-match, if-modified-since",
        ),
        ("access-control-max-age", "86400"),
    ];
    (StatusCode::NO_CONTENT, allowed).into_response()
}
