//! Events are followed through everything that can happen to a connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reelgate_client::{Error, EventQuery};

use super::client;

/// What the server answers to one call after the other.
#[derive(Clone, Copy)]
enum Step {
    /// A stream that says this and ends.
    Says(&'static str),
    /// A stream that says this and breaks off.
    BreaksOff(&'static str),
    Status(u16),
}

fn answer(step: Step) -> Response<Body> {
    let said = |text: &'static str| {
        let piece = Bytes::from_static(text.as_bytes());
        stream::iter([Ok::<_, std::io::Error>(piece)])
    };
    let body = match step {
        Step::Says(text) => Body::from_stream(said(text)),
        Step::BreaksOff(text) => {
            let broken = stream::once(async {
                // What was said is sent first.
                tokio::task::yield_now().await;
                Err(std::io::Error::other("broken"))
            });
            Body::from_stream(said(text).chain(broken))
        }
        Step::Status(status) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            return response;
        }
    };
    Response::new(body)
}

/// An event of the stream, as the server writes it.
macro_rules! event {
    ($id:literal) => {
        concat!(
            "id: ",
            $id,
            "\nevent: job.queued\ndata: {\"id\":\"",
            $id,
            "\",\"type\":\"job.queued\",\"timestamp\":\"t\",",
            "\"data\":{\"job_id\":\"j\",\"pipeline_id\":\"p\",\"attempt\":0,\"fault\":null}}\n\n"
        )
    };
}

/// Follows a server that does this; the ids of what came, how it ended, and where each call began.
async fn follow(steps: &[Step]) -> (Vec<String>, Error, Vec<String>) {
    let left = Arc::new(Mutex::new(VecDeque::from(steps.to_vec())));
    let places = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&places);
    let handler = async move |request: Request| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        seen.lock().unwrap().push(query);
        let step = left.lock().unwrap().pop_front();
        answer(step.unwrap_or(Step::Status(401)))
    };
    let client = client("/api/v1/events", handler).await;
    let following = client.follow_events_on(EventQuery::default()).await;
    let pause = Duration::from_millis(1);
    let mut following = following.unwrap().with_pauses(pause, pause);
    let mut came = Vec::new();
    let error = loop {
        match following.next(|_, _| {}).await {
            Ok(event) => came.push(event.id.unwrap()),
            Err(error) => break error,
        }
    };
    let places = places.lock().unwrap().clone();
    (came, error, places)
}

#[tokio::test]
async fn a_server_that_comes_back_is_followed_from_where_it_was() {
    let (came, error, places) = follow(&[
        Step::Says(event!("7")),
        Step::Status(503),
        Step::Status(429),
        Step::Status(502),
        Step::BreaksOff(concat!(event!("8"), "id: 9\nevent: job.qu")),
        Step::Says(event!("9")),
    ])
    .await;
    assert_eq!(came, ["7", "8", "9"]);
    assert_eq!(error.problem().unwrap().status, 401);
    let expected = [
        "", "after=7", "after=7", "after=7", "after=7", "after=8", "after=9",
    ];
    assert_eq!(places, expected);
}

/// Before, a stream that broke off before its first event was begun again at a later now, and one whose reader
/// wants few events at a place that was long gone.
#[tokio::test]
async fn a_stream_without_events_is_gone_on_with_where_the_server_says() {
    let (came, _, places) = follow(&[
        Step::BreaksOff(": the events begin\nid: 41\n\n"),
        Step::Says(": the events begin\nid: 41\n\n: nothing new\nid: 45\n\n"),
    ])
    .await;
    assert!(came.is_empty());
    assert_eq!(places, ["", "after=41", "after=45"]);
}

#[tokio::test]
async fn what_no_waiting_mends_is_an_error() {
    for status in [401, 403, 404, 410] {
        let (came, error, places) = follow(&[Step::Says(event!("7")), Step::Status(status)]).await;
        assert_eq!(
            (came.len(), error.problem().unwrap().status),
            (1, status),
            "{places:?}"
        );
        assert_eq!(places.len(), 2);
    }
}
