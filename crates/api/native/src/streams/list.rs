//! `GET /api/v1/streams`: streams, newest first, a page at a time.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::node::ClusterName;
use reelgate_service::StreamFilter;
use serde::Serialize;

use super::problem;
use super::view::StreamView;
use crate::NativeApi;
use crate::http::{Authorized, Problem, Query};

/// `{"streams": [STREAM, …], "total", "next_cursor"}`: null when this page is the last.
#[derive(Serialize)]
struct StreamsView {
    streams: Vec<StreamView>,
    total: u64,
    next_cursor: Option<String>,
}

/// Parameters: `cluster`, `running` (`true` for those that are to run, `false` for the others), `keyword` (an id, or a
/// part of a name), `cursor`, `limit` (1 to 100, by default 20).
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    let known = ["cluster", "running", "keyword", "cursor", "limit"];
    let query = Query::of(&uri, &known)?;
    let offset = query.parsed("cursor", "the next_cursor of an earlier page")?;
    let offset: u64 = offset.unwrap_or(0);
    let cluster = query.one("cluster")?.map(|name| {
        ClusterName::new(name).map_err(|wrong| Problem::invalid_field("cluster", wrong.to_string()))
    });
    let filter = StreamFilter {
        cluster: cluster.transpose()?,
        wanted: query.parsed("running", "true or false")?,
        keyword: query.one("keyword")?.map(str::to_owned),
        offset,
        ..StreamFilter::default()
    };
    let limit = query.limit(20, 100)?;
    let page = api.service.list_streams(&caller, filter, limit).await;
    let page = page.map_err(problem)?;
    let end = offset.saturating_add(page.streams.len() as u64);
    let more = !page.streams.is_empty() && end < page.total;
    let view = StreamsView {
        streams: page.streams.iter().map(StreamView::of).collect(),
        total: page.total,
        next_cursor: more.then(|| end.to_string()),
    };
    Ok(Json(view).into_response())
}
