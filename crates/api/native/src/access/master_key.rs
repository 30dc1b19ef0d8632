//! `POST /api/v1/master-key/rotate`: a new key under which secrets are kept, for operators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::{Deserialize, Serialize};

use crate::NativeApi;
use crate::http::{Authorized, OptionalJsonBody, Problem, Query, format_time};

/// There is nothing to say in the body, which may be left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {}

/// `{"key_id", "resealed", "older_until"}`: the keys before it are kept until then.
#[derive(Serialize)]
struct RotatedView {
    key_id: String,
    resealed: u64,
    older_until: String,
}

pub(super) async fn rotate(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
    OptionalJsonBody(RotateBody {}): OptionalJsonBody<RotateBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let rotated = api.service.rotate_master_key(&caller).await?;
    let view = RotatedView {
        key_id: rotated.key_id,
        resealed: rotated.resealed,
        older_until: format_time(rotated.older_until),
    };
    Ok(Json(view).into_response())
}
