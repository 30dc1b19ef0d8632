//! `DELETE /api/v1/libraries/{id}` and `POST /api/v1/libraries/{id}/purge`: takes away a library, or all that is in it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use reelgate_service::{Caller, Service};

use super::library_id;
use super::view::LibraryView;
use crate::NativeApi;
use crate::http::{Again, Answering, Authorized, InPath, Problem};

/// Answers 204. Searches that start afterwards find nothing of it, and its jobs that have not ended fail.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    api.service
        .delete_library(&caller, library_id(&id)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers 200 with the library, which is empty. Its jobs go on.
pub(super) async fn purge(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
) -> Result<Response, Problem> {
    let service = &api.service;
    service.purge_library(&caller, library_id(&id)?).await?;
    shown(service, &caller, &id).await
}

/// Answers with the library as it is now.
pub(super) fn purged_again(again: Again) -> Answering {
    Box::pin(async move { shown(&again.api.service, &again.caller, &again.made).await })
}

async fn shown(service: &Service, caller: &Caller, id: &str) -> Result<Response, Problem> {
    let library = service.library(caller, library_id(id)?).await?;
    Ok(Json(LibraryView::of(&library)).into_response())
}
