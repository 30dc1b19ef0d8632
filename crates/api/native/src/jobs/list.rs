//! `GET /api/v1/jobs`: jobs, newest first, a page at a time.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::job::{JobKind, StateName};
use reelgate_domain::node::Kinds;
use reelgate_service::{Caller, JobQuery};
use serde::Serialize;

use super::view::JobView;
use crate::NativeApi;
use crate::http::{Authorized, Problem, Query, parse_time};
use crate::pipelines::find_pipeline;

/// `{"jobs": [JOB, …], "next_cursor"}`: null when this page is the last.
#[derive(Serialize)]
struct JobsView<'a> {
    jobs: Vec<JobView<'a>>,
    next_cursor: Option<String>,
}

/// Parameters: `kind` and `state` (repeated or with commas), `pipeline` (id or name), `created_from` and
/// `created_to` (RFC 3339, both included), `cursor`, `limit` (1 to 100, by default 20).
pub(crate) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    let page = api
        .service
        .list_jobs(&caller, query(&api, &caller, &uri).await?)
        .await?;
    let view = JobsView {
        jobs: page.jobs.iter().map(JobView::of).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    };
    Ok(Json(view).into_response())
}

async fn query(api: &NativeApi, caller: &Caller, uri: &Uri) -> Result<JobQuery, Problem> {
    const KNOWN: [&str; 7] = [
        "kind",
        "state",
        "pipeline",
        "created_from",
        "created_to",
        "cursor",
        "limit",
    ];
    let query = Query::of(uri, &KNOWN)?;
    let time = |name| {
        let text = query.one(name)?;
        text.map(|text| parse_time(name, text)).transpose()
    };
    let pipeline = match query.one("pipeline")? {
        None => None,
        Some(name) => {
            let found = find_pipeline(&api.service, caller, name).await;
            Some(found.map_err(|problem| problem.field("pipeline"))?.id)
        }
    };
    Ok(JobQuery {
        kinds: kinds(&query)?,
        states: query.all("state").map(state).collect::<Result<_, _>>()?,
        started: None,
        pipeline,
        created_from: time("created_from")?,
        created_to: time("created_to")?,
        after: query.parsed("cursor", "the next_cursor of an earlier page")?,
        limit: query.limit(20, 100)?,
    })
}

fn kinds(query: &Query) -> Result<Kinds, Problem> {
    let mut kinds = Kinds::NONE;
    for word in query.all("kind") {
        let found = JobKind::ALL.into_iter().find(|kind| kind.word() == word);
        kinds = kinds.and(found.ok_or_else(|| {
            let words = JobKind::ALL.map(JobKind::word).join(", ");
            Problem::invalid_field("kind", format!("{word:?} is no kind of job: {words}"))
        })?);
    }
    Ok(if kinds == Kinds::NONE {
        Kinds::ALL
    } else {
        kinds
    })
}

fn state(word: &str) -> Result<StateName, Problem> {
    let found = StateName::ALL
        .into_iter()
        .find(|state| state.as_str() == word);
    found.ok_or_else(|| {
        let words = StateName::ALL.map(StateName::as_str).join(", ");
        Problem::invalid_field(
            "state",
            format!("state must be one of {words}, not {word:?}"),
        )
    })
}
