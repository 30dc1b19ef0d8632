//! A stream of server-sent events.
//!
//! Nothing is kept for a reader but a page: the next one is read when the connection has taken the one
//! before. So a slow reader costs no memory, and one that takes nothing is cut off with its connection.
//! Before each look at the events it is asked whether the reader may still have them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue};
use reelgate_domain::AccountId;
use reelgate_domain::event::EventCursor;
use reelgate_service::{Caller, EventQuery, Service};
use tokio::sync::watch;
use tokio::time::Instant;

use super::view::EventView;
use crate::http::{Admission, Code, Problem};

/// Events that one look takes.
const PAGE: u32 = 200;

/// Proxies and clients give up on connections that say nothing.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// After this long a reader has to come again, so that connections spread over the nodes there are.
pub(crate) const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Between two looks that found something: what comes meanwhile comes together. Each stream looks for
/// itself, and many of them must not keep the store from its work.
const BREATH: Duration = Duration::from_millis(20);

/// The most streams of an account on one node: each looks at the store at every event.
const MOST_STREAMS: u32 = 100;

/// Proxies that would keep the stream back understand this.
const ACCEL: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The streams that are open, by account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<AccountId, u32>>>);

/// One stream's place among them, until it is dropped.
pub(crate) struct Seat {
    streams: Streams,
    account: AccountId,
}

impl Streams {
    pub(crate) fn sit_down(&self, account: AccountId) -> Result<Seat, Problem> {
        let mut open = self.open();
        let of_account = open.entry(account).or_default();
        if *of_account >= MOST_STREAMS {
            let detail = format!("the account has {MOST_STREAMS} streams here: end one first");
            let problem = Problem::new(Code::Throttled, detail);
            return Err(problem.header(RETRY_AFTER, HeaderValue::from_static("10")));
        }
        *of_account += 1;
        let streams = self.clone();
        Ok(Seat { streams, account })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<AccountId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        if let Some(of_account) = open.get_mut(&self.account) {
            *of_account -= 1;
            if *of_account == 0 {
                open.remove(&self.account);
            }
        }
    }
}

/// A reader, and how far it has come.
pub(super) struct Follower {
    service: Arc<Service>,
    caller: Caller,
    admission: Admission,
    _seat: Seat,
    query: EventQuery,
    place: EventCursor,
    bell: watch::Receiver<u64>,
    until: Instant,
    said: Option<Instant>,
    found_something: bool,
    over: bool,
}

impl Follower {
    pub(super) fn new(
        service: Arc<Service>,
        (caller, admission, seat): (Caller, Admission, Seat),
        query: EventQuery,
        place: EventCursor,
    ) -> Self {
        let bell = service.event_bell();
        Self {
            service,
            caller,
            admission,
            _seat: seat,
            query,
            place,
            bell,
            until: Instant::now() + LONGEST,
            said: None,
            found_something: false,
            over: false,
        }
    }

    /// What is said next; none at the end.
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        if self.said.is_none() {
            // So that a reader knows at once that it is connected, and where to go on if it is cut off before
            // the first event.
            let place = self.place;
            return Some(self.say(format!(": the events begin\nid: {place}\n\n")));
        }
        if self.found_something {
            tokio::time::sleep(BREATH).await;
        }
        loop {
            // Also while there is always more to tell.
            if Instant::now() >= self.until
                || self.service.is_leaving()
                || !self.admission.lasts(&self.service).await
            {
                return None;
            }
            self.bell.mark_unchanged();
            let look = (&self.caller, &self.query, self.place);
            let page = self.service.events(look.0, look.1, look.2, PAGE).await;
            // Whoever reads comes again and is told what is wrong.
            let page = page.ok()?;
            if page.gap && self.place != EventCursor::START {
                self.over = true;
                return Some("event: gap\ndata: {}\n\n".to_owned());
            }
            self.place = page.reached;
            self.found_something = !page.events.is_empty() && !page.more;
            if !page.events.is_empty() {
                let mut text = String::new();
                for it in &page.events {
                    let view = EventView::at(it.cursor, &it.event);
                    let data = serde_json::to_string(&view).ok()?;
                    let (id, name) = (it.cursor, it.event.name);
                    write!(text, "id: {id}\nevent: {name}\ndata: {data}\n\n").ok()?;
                }
                return Some(self.say(text));
            }
            if page.more {
                continue;
            }
            let silent = self.said.map_or(HEARTBEAT, |said| said.elapsed());
            let Some(patience) = HEARTBEAT.checked_sub(silent).filter(|left| !left.is_zero())
            else {
                // The place tells readers of a few events what they need not look at again.
                let place = self.place;
                return Some(self.say(format!(": nothing new\nid: {place}\n\n")));
            };
            if !self.service.await_events(&mut self.bell, patience).await {
                return None;
            }
        }
    }

    fn say(&mut self, text: String) -> String {
        self.said = Some(Instant::now());
        text
    }
}

pub(super) fn answer(follower: Follower) -> Response {
    event_stream(follower, |follower| Box::pin(follower.next()))
}

/// An answer that says what `next` has until that has nothing any more.
pub(crate) fn event_stream<T: Send + 'static>(
    from: T,
    next: impl for<'a> Fn(&'a mut T) -> Saying<'a> + Send + 'static,
) -> Response {
    let pieces = stream::unfold((from, next), |(mut from, next)| async move {
        let text = next(&mut from).await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), (from, next)))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEL, HeaderValue::from_static("no"));
    response
}

/// What is said next.
pub(crate) type Saying<'a> = BoxFuture<'a, Option<String>>;
