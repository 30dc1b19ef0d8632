//! `GET /api/v1/streams/{id}/events`: one stream, followed by server-sent events.
//!
//! Nothing is kept for a reader but what it was told last: what follows is read when the connection has taken that. So a
//! slow reader costs no memory and misses health that is out of date, but no note.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Uri};
use reelgate_domain::Timestamp;
use reelgate_domain::stream::{Standing, Stream, StreamId, StreamNote, StreamSpec};
use reelgate_service::{Caller, Service, StreamError};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::view::{HealthView, NoteView, StreamView, health, state};
use super::{problem, stream_id};
use crate::NativeApi;
use crate::http::{Admission, Authorized, InPath, Problem, Query};
use crate::notify::{HEARTBEAT, LAST_EVENT_ID, LONGEST, Seat, event_stream};

/// Notes that one look takes.
const NOTES: u32 = 100;

/// Between two looks: what comes meanwhile comes together. Each reader looks for itself, and many of them must not keep
/// the store from its work.
const BREATH: Duration = Duration::from_millis(200);

/// Answers a stream as EventSource wants it: `stream` at the beginning and when it is asked for something, changes
/// hands or state; `health` with what its worker sees, about each 2 s; `note` for what happens, from now on or after
/// the one whose id the header `Last-Event-ID` has; `deleted`, and the end, when it is gone.
pub(super) async fn follow(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    admission: Admission,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let place = place(&headers)?;
    let id = stream_id(&id)?;
    let service = Arc::clone(&api.service);
    // What cannot be had is said before the answer begins.
    let stream = service.stream(&caller, id).await.map_err(problem)?;
    let seat = api.streams.sit_down(caller.account)?;
    let bell = service.stream_bell();
    let mut reader = Reader {
        told: Told::default(),
        place: Place::default(),
        says: VecDeque::new(),
        bell,
        until: Instant::now() + LONGEST,
        said: Instant::now(),
        is_over: false,
        service,
        caller,
        admission,
        id,
        _seat: seat,
    };
    match place {
        Some(place) => reader.place = place,
        None => reader.begin_now().await.map_err(problem)?,
    }
    reader.tell(&stream);
    Ok(event_stream(reader, |reader| Box::pin(reader.next())))
}

/// The note that was told last: its time, and how many of that time were told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    at: i64,
    count: usize,
}

/// Where to go on, if the request says so.
fn place(headers: &HeaderMap) -> Result<Option<Place>, Problem> {
    let Some(given) = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let read = given.to_str().ok().and_then(|text| {
        let (at, count) = text.split_once('-')?;
        Some(Place {
            at: at.parse().ok()?,
            count: count.parse().ok()?,
        })
    });
    let wrong = || Problem::invalid_field("Last-Event-ID", "it must be the id of an earlier event");
    read.map(Some).ok_or_else(wrong)
}

/// Somebody who follows a stream, and what they were told.
struct Reader {
    service: Arc<Service>,
    caller: Caller,
    admission: Admission,
    id: StreamId,
    _seat: Seat,
    told: Told,
    place: Place,
    /// What is to be said before the next look.
    says: VecDeque<String>,
    bell: watch::Receiver<u64>,
    until: Instant,
    said: Instant,
    is_over: bool,
}

/// What was told of the stream itself.
#[derive(Default)]
struct Told {
    stream: Option<Known>,
    health_at: Option<Timestamp>,
}

/// What is worth telling when it changes. That a lease was renewed is not.
#[derive(PartialEq)]
struct Known {
    name: String,
    state: &'static str,
    spec: StreamSpec,
    revision: Option<u32>,
    standing: Standing,
}

impl Known {
    fn of(stream: &Stream) -> Self {
        let mut standing = stream.standing.clone();
        if let Some(held) = &mut standing.held {
            held.lease.until = Timestamp::from_millis(0);
        }
        Self {
            name: stream.name.to_string(),
            state: state(stream),
            spec: stream.spec.clone(),
            revision: stream.plan.as_ref().map(|plan| plan.revision),
            standing,
        }
    }
}

impl Reader {
    /// What is said next; none at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(text) = self.says.pop_front() {
                self.said = Instant::now();
                return Some(text);
            }
            if self.is_over {
                return None;
            }
            let silent = self.said.elapsed();
            if silent >= HEARTBEAT {
                self.says.push_back(": nothing new\n\n".to_owned());
                continue;
            }
            let patience = HEARTBEAT.saturating_sub(silent);
            let may_wait = self.service.await_stream(&mut self.bell, patience).await;
            if !may_wait
                || Instant::now() >= self.until
                || !self.admission.lasts(&self.service).await
            {
                return None;
            }
            tokio::time::sleep(BREATH).await;
            self.bell.mark_unchanged();
            self.look().await?;
        }
    }

    /// Looks at the stream and notes down what is to be said; none if it cannot be told: whoever reads comes again.
    async fn look(&mut self) -> Option<()> {
        match self.service.stream(&self.caller, self.id).await {
            Ok(stream) => {
                self.tell_notes().await.ok()?;
                self.tell(&stream);
            }
            Err(StreamError::Missing(_)) => {
                self.is_over = true;
                let data = serde_json::json!({ "id": self.id });
                self.say("deleted", &data);
            }
            Err(_) => return None,
        }
        Some(())
    }

    fn tell(&mut self, stream: &Stream) {
        let known = Known::of(stream);
        if self.told.stream.as_ref() != Some(&known) {
            self.told.stream = Some(known);
            self.say("stream", &StreamView::of(stream));
        }
        if let Some(seen) = health(stream)
            && self.told.health_at != Some(seen.at)
        {
            self.told.health_at = Some(seen.at);
            self.say("health", &HealthView::of(seen));
        }
    }

    /// What happened before is not told.
    async fn begin_now(&mut self) -> Result<(), StreamError> {
        let notes = self.notes(None).await?;
        for note in notes.iter().rev() {
            self.place.pass(note);
        }
        Ok(())
    }

    /// Tells what has happened since, the oldest first.
    async fn tell_notes(&mut self) -> Result<(), StreamError> {
        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let page = self.notes(before).await?;
            let is_last = page.len() < NOTES as usize;
            let reaches = page
                .last()
                .is_none_or(|oldest| oldest.at.as_millis() < self.place.at);
            let next = page.last().map(|oldest| oldest.at);
            pages.extend(page);
            // A page that ends where it began would be asked for for ever.
            if is_last || reaches || next == before {
                break;
            }
            before = next;
        }
        let mut seen_here = 0;
        for note in pages.iter().rev() {
            let at = note.at.as_millis();
            if at < self.place.at {
                continue;
            }
            if at == self.place.at {
                seen_here += 1;
                if seen_here <= self.place.count {
                    continue;
                }
            } else {
                seen_here = 1;
            }
            self.place.at = at;
            self.place.count = seen_here;
            self.say("note", &NoteView::of(note));
        }
        Ok(())
    }

    async fn notes(&self, before: Option<Timestamp>) -> Result<Vec<StreamNote>, StreamError> {
        let notes = self
            .service
            .stream_notes(&self.caller, self.id, before, NOTES);
        notes.await
    }

    fn say(&mut self, event: &str, data: &impl Serialize) {
        let Ok(data) = serde_json::to_string(data) else {
            return;
        };
        let Place { at, count } = self.place;
        self.says.push_back(format!(
            "id: {at}-{count}\nevent: {event}\ndata: {data}\n\n"
        ));
    }
}

impl Place {
    fn pass(&mut self, note: &StreamNote) {
        let at = note.at.as_millis();
        self.count = if at == self.at { self.count + 1 } else { 1 };
        self.at = at;
    }
}
