//! `GET /api/v1/metrics`: the figures of the server that answers, in the text format of Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::Uri;

use crate::NativeApi;
use crate::health::metrics;
use crate::http::{Authorized, Problem, Query};

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(_operator): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    Ok(metrics((api.figures)()))
}
