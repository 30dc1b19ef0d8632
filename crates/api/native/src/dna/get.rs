//! `GET /api/v1/libraries/{id}`: one library.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;

use super::library_id;
use super::view::LibraryView;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query};

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let library = api.service.library(&caller, library_id(&id)?).await?;
    Ok(Json(LibraryView::of(&library)).into_response())
}
