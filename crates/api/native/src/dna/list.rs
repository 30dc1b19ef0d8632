//! `GET /api/v1/libraries`: the account's libraries, oldest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Serialize;

use super::view::LibraryView;
use crate::NativeApi;
use crate::http::{Authorized, Problem, Query};

/// `{"libraries": [LIBRARY, …]}`: all of them, because an account has few.
#[derive(Serialize)]
struct LibrariesView {
    libraries: Vec<LibraryView>,
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let found = api.service.libraries(&caller).await?;
    let libraries = found.iter().map(LibraryView::of).collect();
    Ok(Json(LibrariesView { libraries }).into_response())
}
