//! A stream of server-sent events.
//!
//! Nothing is kept for a reader but a page: the next one is read when the connection has taken the one
//! before. So a slow reader costs no memory, and one that takes nothing is cut off with its connection.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use reelgate_domain::event::EventCursor;
use reelgate_service::{Caller, EventQuery, Service};
use tokio::sync::watch;
use tokio::time::Instant;

use super::view::EventView;

/// Events that one look takes.
const PAGE: u32 = 200;

/// Proxies and clients give up on connections that say nothing.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// After this long a reader has to come again, with a key that still counts.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Proxies that would keep the stream back understand this.
const ACCEL: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A reader, and how far it has come.
pub(super) struct Follower {
    service: Arc<Service>,
    caller: Caller,
    query: EventQuery,
    place: EventCursor,
    bell: watch::Receiver<u64>,
    until: Instant,
    said: Option<Instant>,
    over: bool,
}

impl Follower {
    pub(super) fn new(
        service: Arc<Service>,
        caller: Caller,
        query: EventQuery,
        place: EventCursor,
    ) -> Self {
        let bell = service.event_bell();
        Self {
            service,
            caller,
            query,
            place,
            bell,
            until: Instant::now() + LONGEST,
            said: None,
            over: false,
        }
    }

    /// What is said next; none at the end.
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        if self.said.is_none() {
            // So that a reader knows at once that it is connected.
            return Some(self.say(": the events begin\n\n".to_owned()));
        }
        loop {
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
            let now = Instant::now();
            if now >= self.until {
                return None;
            }
            let silent = self.said.map_or(HEARTBEAT, |said| now - said);
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
    let pieces = stream::unfold(follower, |mut follower| async move {
        let text = follower.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), follower))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEL, HeaderValue::from_static("no"));
    response
}
