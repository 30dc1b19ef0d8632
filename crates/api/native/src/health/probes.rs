//! The probes of a process that answers nothing else: `/livez`, `/readyz` and figures at `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;

use super::ready::readiness;
use super::{Check, live};
use crate::http as own;

/// `figures` makes the body of `/metrics`, in the text format of Prometheus.
pub fn probes<F>(checks: Vec<Check>, figures: F) -> Router
where
    F: Fn() -> String + Clone + Send + Sync + 'static,
{
    let checks: Arc<[Check]> = checks.into();
    let ready = move || {
        let checks = Arc::clone(&checks);
        async move { readiness(&checks).await }
    };
    let metrics = move || {
        let body = figures();
        async move { metrics(body) }
    };
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(own::no_such_route)
        .method_not_allowed_fallback(own::wrong_method)
        .layer(from_fn(own::exchange))
}

pub(crate) fn metrics(body: String) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, kind)], body).into_response()
}
