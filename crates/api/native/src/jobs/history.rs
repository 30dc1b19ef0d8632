//! `GET /api/v1/jobs/{id}/history`: what has happened to a job.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use reelgate_domain::job::{Happening, HistoryEntry};
use serde::Serialize;

use super::job_id;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, format_time};

/// `{"events": [EVENT, …]}`, oldest first.
#[derive(Serialize)]
struct HistoryView {
    events: Vec<EventView>,
}

/// `{"at", "attempt", "event", …}`: `attempt` is the newest one's number at that time, and `event`
/// says what else there is.
#[derive(Serialize)]
struct EventView {
    at: String,
    attempt: u32,
    #[serde(flatten)]
    what: Happening,
}

pub(crate) async fn history(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
) -> Result<Response, Problem> {
    let history = api.service.history(&caller, job_id(&id)?).await?;
    let events = history.into_iter().map(EventView::of).collect();
    Ok(Json(HistoryView { events }).into_response())
}

impl EventView {
    fn of(entry: HistoryEntry) -> Self {
        Self {
            at: format_time(entry.at),
            attempt: entry.attempt,
            what: entry.what,
        }
    }
}
