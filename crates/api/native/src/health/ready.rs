//! `GET /readyz`: whether the server should get requests, check by check.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use http::StatusCode;
use serde::Serialize;

use super::Check;
use crate::NativeApi;

/// `{"ready", "checks": [{"name", "ok", "detail"}, …]}`; `detail` is null where all is well.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<CheckView>,
}

#[derive(Serialize)]
struct CheckView {
    name: &'static str,
    ok: bool,
    detail: Option<String>,
}

/// Answers 200 when every check holds, else 503.
pub(crate) async fn ready(State(api): State<Arc<NativeApi>>) -> Response {
    readiness(&api.checks).await
}

/// What the checks come to.
pub(super) async fn readiness(checks: &[Check]) -> Response {
    let checks = join_all(checks.iter().map(async |check| {
        let detail = check.trouble().await;
        CheckView {
            name: check.name,
            ok: detail.is_none(),
            detail,
        }
    }))
    .await;
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Readiness { ready, checks })).into_response()
}
