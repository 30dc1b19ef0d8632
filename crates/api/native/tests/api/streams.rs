//! Live streams: create, list, change, start, stop, delete, with a worker played by the test.

use std::time::Duration;

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Activity, EndReason, Happening, Health, RunEnd, Stream, StreamNote};
use reelgate_service::{Clock, SystemClock};
use reelgate_store::{StreamAnswer, StreamBeat, StreamEnding};
use reelgate_testkit::worker;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

pub(crate) fn body() -> Value {
    json!({
        "name": "news",
        "input": {"address": "rtmp://origin.example.com/live/news"},
        "outputs": [
            {"target": {"to": "push", "address": "rtmp://edge.example.com/live/news"}, "template": "720p-h264"},
            {"target": {"to": "hls", "bucket": "media", "playlist": "live/news.m3u8"}, "template": "copy"},
            {"target": {"to": "recording", "bucket": "media", "folder": "takes/"}, "template": "copy"},
        ],
    })
}

/// Creates a stream; what that answered.
pub(crate) async fn create(server: &Server) -> Value {
    let response = server.post("/api/v1/streams", &body()).await;
    assert_eq!(response.status(), 201);
    response.json().await.unwrap()
}

pub(crate) fn path(stream: &Value) -> String {
    format!("/api/v1/streams/{}", stream["id"].as_str().unwrap())
}

async fn patch(server: &Server, path: &str, body: &Value) -> reqwest::Response {
    let request = server.request(Method::PATCH, path).json(body);
    request.send().await.unwrap()
}

async fn put(server: &Server, path: &str, body: &Value) -> reqwest::Response {
    let request = server.request(Method::PUT, path).json(body);
    request.send().await.unwrap()
}

async fn delete(server: &Server, path: &str) -> reqwest::Response {
    server.request(Method::DELETE, path).send().await.unwrap()
}

pub(crate) async fn start(server: &Server, stream: &Value) -> Value {
    let response = server.post(&(path(stream) + "/start"), &json!({})).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

/// Takes the stream that is to run, as a worker does.
pub(crate) async fn claim(server: &Server) -> Stream {
    let now = SystemClock.now();
    let until = now.after(Duration::from_secs(60));
    let cluster = ClusterName::default();
    let claimed = server
        .store
        .claim_streams(&cluster, &worker("w"), 10, until, now)
        .await;
    let [stream] = claimed.unwrap().try_into().unwrap();
    stream
}

/// Says what a worker sees of a stream that it holds.
pub(crate) async fn beat(server: &Server, held: &Stream, activity: Activity) -> StreamAnswer {
    let now = SystemClock.now();
    let health = Health {
        at: now,
        activity,
        since: now,
        first_output_at: None,
        in_kbps: 4120.46,
        out_kbps: 2611.0,
        fps: 25.0,
        speed: 1.0004,
        dropped_frames: 1,
        duplicated_frames: 2,
        lag_ms: 40,
        reconnects: 3,
        keyframe_interval_ms: Some(2000),
        last_error: None,
        thumbnail_at: None,
    };
    let note = StreamNote {
        at: now,
        what: Happening::Interrupted,
        run: held.standing.run,
        attempt: held.standing.attempt,
        message: "the source went away".to_owned(),
    };
    let beat = StreamBeat {
        stream: held.id,
        attempt: held.standing.attempt,
        revision: held.plan.as_ref().unwrap().revision,
        health: Some(health),
        sample: true,
        notes: vec![note],
    };
    let until = now.after(Duration::from_secs(60));
    let answers = server.store.renew_streams(vec![beat], until, now).await;
    answers.unwrap().remove(0)
}

pub(crate) async fn finish(server: &Server, held: &Stream, ending: StreamEnding) {
    let now = SystemClock.now();
    let (id, attempt) = (held.id, held.standing.attempt);
    let finished = server
        .store
        .finish_stream(id, attempt, ending, Vec::new(), now);
    finished.await.unwrap();
}

#[tokio::test]
async fn a_stream_is_created_found_and_deleted() {
    let server = Server::start().await;
    let response = server.post("/api/v1/streams", &body()).await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let made: Value = response.json().await.unwrap();
    assert_eq!(location, path(&made));
    let templates = server.json("/api/v1/stream-templates").await;
    let id_of = |name: &str| {
        let mut all = templates["templates"].as_array().unwrap().iter();
        all.find(|it| it["name"] == name).unwrap()["id"].clone()
    };
    let expected = json!({
        "id": made["id"], "name": "news", "cluster": "default", "state": "idle", "run": 0, "attempt": 0,
        "worker": null, "created_at": made["created_at"], "touched_at": made["created_at"],
        "last_start_at": null, "last_stop_at": null, "ready_at": null, "ended": null,
        "input": {"address": "rtmp://origin.example.com/live/news", "frozen_after_ms": 5000},
        "outputs": [
            {"target": {"to": "push", "address": "rtmp://edge.example.com/live/news"},
             "template": id_of("720p-h264")},
            {"target": {"to": "hls", "bucket": "media", "playlist": "live/news.m3u8", "segment_seconds": 4,
                        "window": 6}, "template": id_of("copy")},
            {"target": {"to": "recording", "bucket": "media", "folder": "takes"}, "template": id_of("copy")},
        ],
        "on_source_lost": "keep_trying", "latency": "low", "plan": null, "health": null,
    });
    assert_eq!(made, expected);
    assert_eq!(server.json(&location).await, made);
    assert_eq!(server.json(&(location.clone() + "?wait=60s")).await, made);
    assert_eq!(delete(&server, &location).await.status(), 204);
    assert_problem(server.get(&location).await, 404, "not_found", "").await;
    assert_problem(delete(&server, &location).await, 404, "not_found", "").await;
}

#[tokio::test]
async fn streams_are_listed_newest_first_and_filtered() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for name in ["one", "two", "tree"] {
        let mut body = body();
        body["name"] = name.into();
        body["outputs"] = json!([{"target": {"to": "hls", "bucket": "media", "playlist": format!("{name}.m3u8")},
                                  "template": "copy"}]);
        let made: Value = server
            .post("/api/v1/streams", &body)
            .await
            .json()
            .await
            .unwrap();
        ids.push(made);
    }
    start(&server, &ids[1]).await;
    let names = async |query: &str| {
        let page = server.json(&format!("/api/v1/streams?{query}")).await;
        let names = page["streams"].as_array().unwrap().iter();
        let names: Vec<_> = names
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect();
        (
            names.join(" "),
            page["total"].as_u64().unwrap(),
            page["next_cursor"].clone(),
        )
    };
    assert_eq!(names("").await, ("tree two one".into(), 3, Value::Null));
    assert_eq!(names("limit=2").await, ("tree two".into(), 3, "2".into()));
    assert_eq!(
        names("limit=2&cursor=2").await,
        ("one".into(), 3, Value::Null)
    );
    assert_eq!(names("running=true").await.0, "two");
    assert_eq!(names("running=false").await.0, "tree one");
    assert_eq!(names("keyword=t").await.0, "tree two");
    let id = ids[0]["id"].as_str().unwrap();
    assert_eq!(names(&format!("keyword={id}")).await.0, "one");
    assert_eq!(names("cluster=east").await.0, "");
    for (query, field) in [
        ("running=yes", "running"),
        ("cursor=x", "cursor"),
        ("limit=101", "limit"),
        ("cluster=a%20b", "cluster"),
        ("state=live", "state"),
    ] {
        let response = server.get(&format!("/api/v1/streams?{query}")).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
}

#[tokio::test]
async fn a_start_and_a_stop_are_answered_at_once_or_when_they_have_had_their_effect() {
    let server = Server::start().await;
    let made = create(&server).await;
    let started = start(&server, &made).await;
    assert_eq!(
        (
            &started["state"],
            &started["run"],
            &started["plan"]["revision"]
        ),
        (&json!("waiting"), &json!(1), &json!(1))
    );
    let settings = &started["plan"]["outputs"][0]["settings"];
    assert_eq!(settings["height"], 720);
    let again = server.post(&(path(&made) + "/start"), &json!({})).await;
    assert_problem(again, 409, "conflict", "").await;

    let held = claim(&server).await;
    assert_eq!(server.json(&path(&made)).await["state"], "connecting");
    let settled = path(&made) + "?wait=60s";
    let waiting = server.get(&settled);
    let (live, _) = tokio::join!(waiting, beat(&server, &held, Activity::Live));
    let live: Value = live.json().await.unwrap();
    assert_eq!(
        (&live["state"], &live["worker"]),
        (&json!("live"), &json!("w"))
    );
    let health = &live["health"];
    assert_eq!(
        (&health["in_kbps"], &health["speed"], &health["reconnects"]),
        (&json!(4120.5), &json!(1.0), &json!(3))
    );
    beat(&server, &held, Activity::Interrupted).await;
    assert_eq!(server.json(&path(&made)).await["state"], "interrupted");

    let stopped: Value = server
        .post(&(path(&made) + "/stop"), &json!({}))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(stopped["state"], "stopping");
    assert!(stopped["last_stop_at"].is_string());
    assert_eq!(
        beat(&server, &held, Activity::Live).await,
        StreamAnswer::Stop
    );
    let again = server.post(&(path(&made) + "/stop"), &json!({})).await;
    assert_problem(again, 409, "conflict", "").await;
    let gone = StreamEnding::Gone { ready_at: None };
    let waiting = server.get(&settled);
    let (stopped, ()) = tokio::join!(waiting, finish(&server, &held, gone));
    assert_eq!(stopped.json::<Value>().await.unwrap()["state"], "stopped");
}

#[tokio::test]
async fn a_stop_can_wait_for_the_processes_and_a_start_for_the_end() {
    let server = Server::start().await;
    let made = create(&server).await;
    start(&server, &made).await;
    let held = claim(&server).await;
    let stop = server.request(Method::POST, &(path(&made) + "/stop?wait=60s"));
    let gone = async {
        while server.json(&path(&made)).await["state"] != "stopping" {
            tokio::task::yield_now().await;
        }
        finish(&server, &held, StreamEnding::Gone { ready_at: None }).await;
    };
    let (stopped, ()) = tokio::join!(stop.send(), gone);
    assert_eq!(
        stopped.unwrap().json::<Value>().await.unwrap()["state"],
        "stopped"
    );

    let start = server.request(Method::POST, &(path(&made) + "/start?wait=60s"));
    let given_up = async {
        while server.json(&path(&made)).await["state"] != "waiting" {
            tokio::task::yield_now().await;
        }
        let held = claim(&server).await;
        let end = RunEnd {
            at: SystemClock.now(),
            reason: EndReason::Unfit,
            message: "the source has no video".to_owned(),
        };
        finish(&server, &held, StreamEnding::Given(end)).await;
    };
    let (ended, ()) = tokio::join!(start.send(), given_up);
    let ended: Value = ended.unwrap().json().await.unwrap();
    assert_eq!(ended["state"], "ended");
    assert_eq!(ended["ended"]["reason"], "unfit");
    assert_eq!(ended["ended"]["message"], "the source has no video");
    for wait in ["61s", "x", "-1"] {
        let response = server
            .post(&format!("{}/start?wait={wait}", path(&made)), &json!({}))
            .await;
        assert_problem(response, 400, "invalid_request", "wait").await;
    }
}

#[tokio::test]
async fn a_stream_is_changed_and_one_that_runs_gets_a_new_plan() {
    let server = Server::start().await;
    let made = create(&server).await;
    let at = path(&made);
    let changed: Value = patch(
        &server,
        &at,
        &json!({"name": "weather", "latency": "normal"}),
    )
    .await
    .json()
    .await
    .unwrap();
    assert_eq!(
        (&changed["name"], &changed["latency"], &changed["plan"]),
        (&json!("weather"), &json!("normal"), &Value::Null)
    );
    start(&server, &made).await;
    let change = json!({"template": "480p-h264", "on_source_lost": {"stop_after_minutes": 5}});
    // Recordings and HLS are encoded too.
    let changed: Value = patch(&server, &at, &change).await.json().await.unwrap();
    assert_eq!(changed["plan"]["revision"], 2);
    for output in changed["plan"]["outputs"].as_array().unwrap() {
        assert_eq!(output["settings"]["height"], 480);
    }
    assert_eq!(changed["on_source_lost"], json!({"stop_after_minutes": 5}));
    let renamed: Value = patch(&server, &at, &json!({"name": "x"}))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(renamed["name"], "x");
    for (body, status, code, field) in [
        (json!({"template": "none"}), 404, "not_found", "template"),
        (json!({"cluster": "east"}), 400, "unknown_field", "cluster"),
        (json!({"outputs": []}), 400, "invalid_request", "outputs"),
        (json!({"name": "a b"}), 400, "invalid_request", "name"),
    ] {
        let response = patch(&server, &at, &body).await;
        assert_problem(response, status, code, field).await;
    }
}

#[tokio::test]
async fn streams_refuse_what_makes_no_sense() {
    let server = Server::start().await;
    let output = |target: Value| json!([{"target": target, "template": "copy"}]);
    for (member, value, status, code, field) in [
        ("name", json!("a b"), 400, "invalid_request", "name"),
        ("name", json!(""), 400, "invalid_request", "name"),
        ("cluster", json!("a b"), 400, "invalid_request", "cluster"),
        ("cluster", json!("east"), 404, "not_found", "cluster"),
        ("start", json!(true), 400, "unknown_field", "start"),
        (
            "input",
            json!({"address": "ftp://h/x"}),
            400,
            "invalid_request",
            "input.address",
        ),
        (
            "input",
            json!({"address": "srt://h"}),
            400,
            "invalid_request",
            "input.address",
        ),
        (
            "input",
            json!({"address": "rtmp://h/a/b", "frozen_after_ms": 1}),
            400,
            "invalid_request",
            "input.frozen_after_ms",
        ),
        ("outputs", json!([]), 400, "invalid_request", "outputs"),
        (
            "outputs",
            json!([{"target": {"to": "push", "address": "rtmp://h/a/b"}, "template": "none"}]),
            404,
            "not_found",
            "outputs[0].template",
        ),
        (
            "outputs",
            output(json!({"to": "push", "address": "x"})),
            400,
            "invalid_request",
            "outputs[0].target.address",
        ),
        (
            "outputs",
            output(json!({"to": "push", "address": "https://h/a.m3u8"})),
            400,
            "invalid_request",
            "outputs.target.address",
        ),
        (
            "outputs",
            output(json!({"to": "hls", "bucket": "media", "playlist": "a.mp4"})),
            400,
            "invalid_request",
            "outputs.target.playlist",
        ),
        (
            "outputs",
            output(json!({"to": "hls", "bucket": "X", "playlist": "a.m3u8"})),
            400,
            "invalid_request",
            "outputs[0].target.bucket",
        ),
        (
            "outputs",
            output(json!({"to": "hls", "bucket": "other", "playlist": "a.m3u8"})),
            404,
            "not_found",
            "outputs",
        ),
        (
            "outputs",
            output(json!({"to": "recording", "bucket": "media", "folder": "../x"})),
            400,
            "invalid_request",
            "outputs[0].target.folder",
        ),
        (
            "on_source_lost",
            json!({"stop_after_minutes": 0}),
            400,
            "invalid_request",
            "on_source_lost.stop_after_minutes",
        ),
        ("latency", json!("none"), 400, "invalid_request", "latency"),
    ] {
        let mut body = body();
        body[member] = value;
        let response = server.post("/api/v1/streams", &body).await;
        let told = format!("{member}: {}", body[member]);
        let problem: Value = crate::server::problem(response).await;
        let found = (
            &problem["status"],
            &problem["code"],
            problem["field"].as_str().unwrap_or(""),
        );
        assert_eq!(
            found,
            (&json!(status), &json!(code), field),
            "{told}: {problem}"
        );
    }
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        for id in ["x", "00000000000000000000000000000000"] {
            let at = format!("/api/v1/streams/{id}");
            let response = server.request(method.clone(), &at).body("{}").send().await;
            assert_problem(response.unwrap(), 404, "not_found", "").await;
        }
    }
    for part in ["notes", "health", "thumbnail", "events"] {
        let at = format!("/api/v1/streams/00000000000000000000000000000000/{part}");
        assert_problem(server.get(&at).await, 404, "not_found", "").await;
    }
}

#[tokio::test]
async fn private_hosts_and_places_that_are_taken_are_refused() {
    let server = Server::start().await;
    let mut private = body();
    private["input"]["address"] = "rtmp://127.0.0.1/live/news".into();
    let response = server.post("/api/v1/streams", &private).await;
    assert_problem(response, 403, "denied", "").await;
    let first = create(&server).await;
    start(&server, &first).await;
    let mut same = body();
    // What is asked of the place beside its name does not tell it from others.
    same["outputs"] = json!([
        {"target": {"to": "recording", "bucket": "media", "folder": "elsewhere"}, "template": "copy"},
        {"target": {"to": "push", "address": "rtmp://edge.example.com:1935/live/news?key=x"}, "template": "copy"},
    ]);
    let second = server.post("/api/v1/streams", &same).await;
    let second: Value = second.json().await.unwrap();
    let response = server.post(&(path(&second) + "/start"), &json!({})).await;
    assert_problem(response, 409, "conflict", "outputs[1].target").await;
    let response = delete(&server, &path(&first)).await;
    assert_problem(response, 409, "conflict", "").await;
}

#[tokio::test]
async fn an_account_without_the_feature_creates_and_starts_nothing() {
    let server = Server::start().await;
    let made = create(&server).await;
    let off = json!({"enabled": false});
    let response = put(&server, "/api/v1/accounts/@self/features/edge", &off).await;
    assert_eq!(response.status(), 200);
    let response = server.post("/api/v1/streams", &body()).await;
    assert_problem(response, 403, "denied", "").await;
    let response = server.post(&(path(&made) + "/start"), &json!({})).await;
    assert_problem(response, 403, "denied", "").await;
    assert_eq!(server.json(&path(&made)).await["state"], "idle");
    assert_eq!(delete(&server, &path(&made)).await.status(), 204);
}

#[tokio::test]
async fn other_accounts_see_no_streams() {
    let server = Server::start().await;
    let made = create(&server).await;
    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    for (method, part) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::GET, "/notes"),
        (Method::GET, "/health"),
        (Method::GET, "/thumbnail"),
        (Method::GET, "/events"),
        (Method::POST, "/stop"),
    ] {
        let request = server.request_by(key, method, &(path(&made) + part));
        assert_problem(request.send().await.unwrap(), 404, "not_found", "").await;
    }
    let listed = server
        .request_by(key, Method::GET, "/api/v1/streams")
        .send();
    let listed: Value = listed.await.unwrap().json().await.unwrap();
    assert_eq!(listed["total"], 0);
}

#[tokio::test]
async fn a_repeat_with_the_key_of_a_call_has_no_second_effect() {
    let server = Server::start().await;
    let keyed = async |path: &str, key: &str, body: Value| {
        let request = server.request(Method::POST, path).json(&body);
        let request = request.header("idempotency-key", key);
        request.send().await.unwrap()
    };
    let first: Value = keyed("/api/v1/streams", "a", body())
        .await
        .json()
        .await
        .unwrap();
    let second = keyed("/api/v1/streams", "a", body()).await;
    assert_eq!(
        (
            second.status().as_u16(),
            second.headers()["idempotency-replayed"].as_bytes()
        ),
        (201, &b"true"[..])
    );
    assert_eq!(second.json::<Value>().await.unwrap()["id"], first["id"]);
    assert_eq!(server.json("/api/v1/streams").await["total"], 1);
    let at = path(&first);
    for _ in 0..2 {
        let started = keyed(&(at.clone() + "/start"), "b", json!({})).await;
        assert_eq!(started.status(), 200);
        assert_eq!(started.json::<Value>().await.unwrap()["run"], 1);
    }
    for _ in 0..2 {
        let stopped = keyed(&(at.clone() + "/stop"), "c", json!({})).await;
        assert_eq!(stopped.status(), 200);
        assert_eq!(stopped.json::<Value>().await.unwrap()["state"], "stopped");
    }
    // The start of before is a repeat still, and starts nothing.
    let started = keyed(&(at.clone() + "/start"), "b", json!({})).await;
    assert_eq!(started.json::<Value>().await.unwrap()["state"], "stopped");
}
