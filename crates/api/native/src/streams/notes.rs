//! `GET /api/v1/streams/{id}/notes`: what has happened to a stream.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Serialize;

use super::view::NoteView;
use super::{problem, stream_id};
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query, format_time, parse_time};

/// `{"notes": [NOTE, …], "next_before"}`, the newest first: null when there are no earlier ones.
#[derive(Serialize)]
struct NotesView {
    notes: Vec<NoteView>,
    next_before: Option<String>,
}

/// Parameters: `before` (RFC 3339), `limit` (1 to 500, by default 50).
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["before", "limit"])?;
    let before = query.one("before")?;
    let before = before.map(|text| parse_time("before", text)).transpose()?;
    let limit = query.limit(50, 500)?;
    let id = stream_id(&id)?;
    let found = api.service.stream_notes(&caller, id, before, limit).await;
    let notes = found.map_err(problem)?;
    let is_full = notes.len() >= limit as usize;
    let last = notes.last().filter(|_| is_full);
    let view = NotesView {
        next_before: last.map(|note| format_time(note.at)),
        notes: notes.iter().map(NoteView::of).collect(),
    };
    Ok(Json(view).into_response())
}
