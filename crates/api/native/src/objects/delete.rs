//! `DELETE /api/v1/buckets/{bucket}/objects/{key}`: deletes an object.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::object;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem};

/// Answers 204, or 404 if there was none.
pub(crate) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath((bucket, key)): InPath<(String, String)>,
) -> Result<StatusCode, Problem> {
    api.service
        .delete_object(&caller, &object(bucket, key)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
