//! Live streams: calls that are repeated, what is sent, and following one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use reelgate_client::{
    LiveGop, LiveSettings, LiveSide, NewStreamTemplate, SourceAddress, StreamChange, StreamRules,
    StreamSign, StreamState, StreamTarget,
};
use serde_json::{Value, json};

use super::client;

fn stream(state: &str) -> Value {
    json!({
        "id": "s", "name": "news", "cluster": "default", "state": state, "run": 1, "attempt": 1, "worker": "w",
        "created_at": "t", "touched_at": "t", "last_start_at": "t", "last_stop_at": null, "ready_at": null,
        "ended": null, "input": {"address": "rtmp://in.example.com/live/secret", "frozen_after_ms": 5000},
        "outputs": [{"target": {"to": "push", "address": "rtmp://out.example.com/live/secret"}, "template": "t"}],
        "on_source_lost": {"stop_after_minutes": 5}, "latency": "normal",
        "plan": {"revision": 1, "outputs": [{
            "target": {"to": "recording", "bucket": "media", "folder": "f"},
            "settings": {"codec": "h264", "width": "ratio", "height": 720, "video_kbps": null, "fps": 25.0,
                         "gop": {"seconds": 2.0}, "audio_kbps": 64}}]},
        "health": null,
    })
}

fn events(events: &[(&str, Value)]) -> String {
    let mut text = String::new();
    for (at, (name, data)) in events.iter().enumerate() {
        text.push_str(&format!("id: 7-{at}\nevent: {name}\ndata: {data}\n\n"));
    }
    text
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_repeated_with_its_key() {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&keys);
    let handler = async move |request: Request| {
        let key = request.headers()["idempotency-key"].clone();
        assert_eq!(request.uri().query(), Some("wait=60s"));
        let mut seen = seen.lock().unwrap();
        seen.push(key);
        let mut response = Response::new(Body::from(stream("live").to_string()));
        if seen.len() < 2 {
            *response.status_mut() = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        }
        response
    };
    let client = client("/api/v1/streams/s/start", handler).await;
    let patience = Some(Duration::from_secs(100));
    let started = client.start_stream("s", patience).await.unwrap();
    assert_eq!(started.state, StreamState::Live);
    let keys = keys.lock().unwrap();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
}

#[tokio::test]
async fn what_is_read_is_written_alike_and_printed_without_secrets() {
    let client = client("/api/v1/streams/s", async || stream("live").to_string()).await;
    let read = client.stream("s").await.unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), stream("live"));
    let StreamTarget::Push { address } = &read.outputs[0].target else {
        panic!("{read:?}");
    };
    assert_eq!(address.expose(), "rtmp://out.example.com/live/secret");
    assert_eq!(
        read.outputs[0].target.to_string(),
        "rtmp://out.example.com:1935/…"
    );
    assert!(!format!("{read:?}").contains("secret"));
    assert_eq!(SourceAddress::new("no address").to_string(), "…");
}

#[tokio::test]
async fn changes_have_what_is_to_change_and_nothing_else() {
    let handler = async |request: Request| {
        let body = to_bytes(request.into_body(), 10_000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body, json!({"template": "720p-h264"}));
        stream("live").to_string()
    };
    let client = client("/api/v1/streams/s", handler).await;
    assert!(StreamChange::default().is_empty());
    let change = StreamChange {
        template: Some("720p-h264".to_owned()),
        ..StreamChange::default()
    };
    client.change_stream("s", &change).await.unwrap();
}

#[tokio::test]
async fn settings_and_rules_are_sent_as_the_server_reads_them() {
    let handler = async |request: Request| {
        let body = to_bytes(request.into_body(), 10_000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let settings = json!({"codec": "h265", "width": "ratio", "height": 360, "video_kbps": null, "fps": null,
                              "gop": {"frames": 50}, "audio_kbps": null});
        assert_eq!(body["settings"], settings);
        json!({"id": "t", "name": "m", "builtin": false, "settings": settings, "created_at": "t"})
            .to_string()
    };
    let templates = client("/api/v1/stream-templates", handler).await;
    let new = NewStreamTemplate {
        name: "m".to_owned(),
        settings: LiveSettings {
            codec: "h265".to_owned(),
            width: Some(LiveSide::RATIO),
            height: Some(LiveSide::Pixels(360)),
            video_kbps: None,
            fps: None,
            gop: Some(LiveGop::Frames(50)),
            audio_kbps: None,
        },
    };
    let made = templates.create_stream_template(&new).await.unwrap();
    assert_eq!(made.settings, new.settings);

    let handler = async |request: Request| {
        assert_eq!(
            (request.method().as_str(), request.uri().query()),
            ("PUT", Some("account=films"))
        );
        to_bytes(request.into_body(), 10_000).await.unwrap()
    };
    let client = client("/api/v1/stream-rules", handler).await;
    let rules = StreamRules {
        pull: vec!["*.example.com".to_owned()],
        push: Vec::new(),
    };
    let set = client
        .in_account(Some("films"))
        .set_stream_rules(&rules)
        .await;
    assert_eq!(set.unwrap(), rules);
}

#[tokio::test]
async fn a_stream_is_followed_through_breaks_until_it_is_deleted() {
    let note = json!({"at": "t", "what": "taken", "run": 1, "attempt": 1, "message": ""});
    let steps = VecDeque::from([
        (
            200,
            events(&[("stream", stream("waiting")), ("note", note)]),
        ),
        (503, String::new()),
        (
            200,
            ": nothing new\n\nevent: of a later release\ndata: {}\n\n".to_owned(),
        ),
        (
            200,
            events(&[("stream", stream("live")), ("deleted", json!({"id": "s"}))]),
        ),
    ]);
    let places = Arc::new(Mutex::new(Vec::new()));
    let (left, seen) = (Mutex::new(steps), Arc::clone(&places));
    let handler = Arc::new((left, seen));
    let handler = async move |request: Request| {
        let (left, seen) = &*handler;
        let place = request.headers().get("last-event-id");
        let place = place.map(|place| place.to_str().unwrap().to_owned());
        seen.lock().unwrap().push(place);
        let (status, body) = left.lock().unwrap().pop_front().unwrap();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap();
        response
    };
    let client = client("/api/v1/streams/s/events", handler).await;
    let pause = Duration::from_millis(1);
    let mut signs = client
        .follow_stream("s")
        .await
        .unwrap()
        .with_pauses(pause, pause);
    let (mut came, mut failed) = (Vec::new(), 0);
    loop {
        let sign = signs.next(|_, _| failed += 1).await.unwrap();
        let is_over = sign == StreamSign::Deleted;
        came.push(match sign {
            StreamSign::Stream(stream) => stream.state.to_string(),
            StreamSign::Note(note) => note.what,
            StreamSign::Health(_) => "health".to_owned(),
            StreamSign::Deleted => "deleted".to_owned(),
        });
        if is_over {
            break;
        }
    }
    assert_eq!(came, ["waiting", "taken", "live", "deleted"]);
    assert_eq!(failed, 1);
    let place = Some("7-1".to_owned());
    assert_eq!(
        *places.lock().unwrap(),
        [None, place.clone(), place.clone(), place]
    );
}

/// It was deleted while nobody listened: that is told as if somebody had.
#[tokio::test]
async fn a_stream_that_is_gone_when_the_connection_is_made_again_was_deleted() {
    let steps = Arc::new(Mutex::new(VecDeque::from([200, 404])));
    let handler = async move || {
        let status = steps.lock().unwrap().pop_front().unwrap();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap();
        response
    };
    let client = client("/api/v1/streams/s/events", handler).await;
    let pause = Duration::from_millis(1);
    let signs = client.follow_stream("s").await.unwrap();
    let mut signs = signs.with_pauses(pause, pause);
    assert_eq!(signs.next(|_, _| {}).await.unwrap(), StreamSign::Deleted);
}
