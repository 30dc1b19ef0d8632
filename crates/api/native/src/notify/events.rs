//! `GET /api/v1/events`: the account's events, as a stream or page by page.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::ACCEPT;
use http::{HeaderMap, Uri};
use reelgate_domain::event::{EventCursor, EventName, NameSet};
use reelgate_service::{Caller, EventQuery};
use serde::Serialize;

use super::stream::{self, Follower};
use super::view::EventView;
use crate::NativeApi;
use crate::http::{Admission, Authorized, Code, Problem, Query};
use crate::pipelines::find_pipeline;

pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

/// The most events that one page looks at.
const MOST: u32 = 1000;

/// `{"events": [EVENT, …], "next", "more"}`: `next` is what `after` is for the next page.
#[derive(Serialize)]
struct EventsView<'a> {
    events: Vec<EventView<'a>>,
    next: String,
    more: bool,
}

/// Parameters: `name` (repeated or with commas), `job`, `pipeline` (id or name), `after`, `limit`.
///
/// Answers a stream as EventSource wants it, from the header `Last-Event-ID` or `after` on, else from
/// now on. Whoever accepts `application/json` gets a page, from `after` on, else from the beginning.
pub(super) async fn events(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    admission: Admission,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["name", "job", "pipeline", "after", "limit"])?;
    let wanted = wanted(&api, &caller, &query).await?;
    let place = place(&headers, &query)?;
    let service = &api.service;
    if wants_json(&headers) {
        let (after, limit) = (place.unwrap_or(EventCursor::START), query.limit(100, MOST)?);
        let page = service.events(&caller, &wanted, after, limit).await?;
        // From the very beginning is from whatever there still is.
        if page.gap && after != EventCursor::START {
            return Err(pruned(after));
        }
        let events = page.events.iter();
        return Ok(Json(EventsView {
            events: events
                .map(|it| EventView::at(it.cursor, &it.event))
                .collect(),
            next: page.reached.to_string(),
            more: page.more,
        })
        .into_response());
    }
    if query.one("limit")?.is_some() {
        let detail = "a stream has no limit; send Accept: application/json for a page";
        return Err(Problem::invalid_field("limit", detail));
    }
    let after = match place {
        Some(place) => place,
        None => service.newest_event().await?,
    };
    // What cannot be had is said before the stream begins.
    let first = service.events(&caller, &wanted, after, 1).await?;
    if first.gap && after != EventCursor::START {
        return Err(pruned(after));
    }
    let seat = api.streams.sit_down(caller.account)?;
    let follower = Follower::new(
        Arc::clone(service),
        (caller, admission, seat),
        wanted,
        after,
    );
    Ok(stream::answer(follower))
}

async fn wanted(api: &NativeApi, caller: &Caller, query: &Query) -> Result<EventQuery, Problem> {
    let mut names = Vec::new();
    for word in query.all("name") {
        names.push(event_name("name", word)?);
    }
    let pipeline = match query.one("pipeline")? {
        None => None,
        Some(name) => {
            let found = find_pipeline(&api.service, caller, name).await;
            Some(found.map_err(|problem| problem.field("pipeline"))?.id)
        }
    };
    Ok(EventQuery {
        names: match names.is_empty() {
            true => NameSet::ALL,
            false => names.into_iter().collect(),
        },
        job: query.parsed("job", "a job's id")?,
        pipeline,
    })
}

pub(super) fn event_name(field: &str, word: &str) -> Result<EventName, Problem> {
    word.parse().map_err(|_unknown| {
        let words = EventName::ALL.map(EventName::as_str).join(", ");
        let detail = format!("{field} must be one of {words}, not {word:?}");
        Problem::invalid_field(field, detail)
    })
}

/// Where to begin, if the request says so.
fn place(headers: &HeaderMap, query: &Query) -> Result<Option<EventCursor>, Problem> {
    let expected = "an event's id, or 0 for the beginning";
    // A reader that comes again names what it has seen last, under the address it began with.
    let given = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty());
    let Some(given) = given else {
        return query.parsed("after", expected);
    };
    let read = given.to_str().ok().and_then(|text| text.parse().ok());
    let wrong = || Problem::invalid_field("Last-Event-ID", format!("it must be {expected}"));
    read.map(Some).ok_or_else(wrong)
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    let accepted: Vec<&str> = accepted.filter_map(|value| value.to_str().ok()).collect();
    let has = |kind: &str| accepted.iter().any(|value| value.contains(kind));
    has("application/json") && !has("text/event-stream")
}

fn pruned(after: EventCursor) -> Problem {
    let detail = format!(
        "events after {after} have been removed, as they were kept for long enough, or the place is not one \
         of this store: begin with 0 for the oldest that are left, and look at the jobs for what was missed"
    );
    Problem::new(Code::EventsPruned, detail)
}
