//! `GET /api/v1/pipelines`: pipelines, oldest first, a page at a time.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::PipelineState;
use reelgate_service::PipelineQuery;
use serde::Serialize;

use super::state_word;
use super::view::PipelineView;
use crate::NativeApi;
use crate::http::{Authorized, Problem, Query};

/// `{"pipelines": [PIPELINE, …], "total", "next_cursor"}`: null when this page is the last.
#[derive(Serialize)]
struct PipelinesView<'a> {
    pipelines: Vec<PipelineView<'a>>,
    total: u64,
    next_cursor: Option<String>,
}

/// Parameters: `state` (`active` or `paused`), `cursor`, `limit` (1 to 100, by default 20).
pub(crate) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["state", "cursor", "limit"])?;
    let offset = query.parsed("cursor", "the next_cursor of an earlier page")?;
    let wanted = PipelineQuery {
        state: query.one("state")?.map(state).transpose()?,
        offset: offset.unwrap_or(0),
        limit: query.limit(20, 100)?,
    };
    let page = api.service.list_pipelines(&caller, wanted).await?;
    let end = wanted.offset.saturating_add(page.pipelines.len() as u64);
    let more = !page.pipelines.is_empty() && end < page.total;
    let view = PipelinesView {
        pipelines: page.pipelines.iter().map(PipelineView::of).collect(),
        total: page.total,
        next_cursor: more.then(|| end.to_string()),
    };
    Ok(Json(view).into_response())
}

fn state(word: &str) -> Result<PipelineState, Problem> {
    [PipelineState::Active, PipelineState::Paused]
        .into_iter()
        .find(|state| state_word(*state) == word)
        .ok_or_else(|| {
            let detail = format!("state must be active or paused, not {word:?}");
            Problem::invalid_field("state", detail)
        })
}
