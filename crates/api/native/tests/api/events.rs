//! Events over HTTP: the stream, webhooks, topics and the log. What is sent is tested in the service.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::server::Server;

/// No test waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads a stream until it has so many events, or ends.
async fn read(response: &mut Response, count: usize) -> Vec<Value> {
    let (mut text, mut events) = (String::new(), Vec::new());
    while events.len() < count {
        let next = tokio::time::timeout(PATIENCE, response.chunk()).await;
        let Some(chunk) = next.expect("the stream says nothing").unwrap() else {
            break;
        };
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
        events = lines
            .filter_map(|data| serde_json::from_str(data).ok())
            .collect();
    }
    events
}

async fn open(server: &Server, path: &str, last: Option<&str>) -> Response {
    let mut request = server.request(Method::GET, path);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    request.send().await.unwrap()
}

fn names(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect()
}

async fn json_of(server: &Server, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = server
        .request(method, path)
        .json(&body)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let bytes = answer.bytes().await.unwrap();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

async fn submit(server: &Server) -> String {
    let output = json!({"object": {"bucket": "media", "key": "o.mp4"}, "preset": "web-360p"});
    let body = json!({"input": {"bucket": "media", "key": "i.mp4"}, "outputs": [output]});
    let (status, job) = json_of(server, Method::POST, "/api/v1/jobs", body).await;
    assert_eq!(status, 201, "{job}");
    job["id"].as_str().unwrap().to_owned()
}

async fn cancel(server: &Server, job: &str) {
    let path = format!("/api/v1/jobs/{job}/cancel");
    let (status, answer) = json_of(server, Method::POST, &path, json!({})).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_stream_begins_now_and_goes_on_after_what_was_seen() {
    let server = Server::start().await;
    submit(&server).await;
    let mut stream = open(&server, "/api/v1/events", None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let job = submit(&server).await;
    let first = read(&mut stream, 1).await;
    assert_eq!(first[0]["data"]["job_id"], json!(job));
    drop(stream);
    cancel(&server, &job).await;
    let last = first[0]["id"].as_str();
    let mut stream = open(&server, "/api/v1/events", last).await;
    assert_eq!(names(&read(&mut stream, 1).await), ["job.cancelled"]);
    // The beginning is a place too.
    let mut stream = open(&server, "/api/v1/events?after=0", None).await;
    let all = ["job.queued", "job.queued", "job.cancelled"];
    assert_eq!(names(&read(&mut stream, 3).await), all);
}

#[tokio::test]
async fn a_stream_is_narrowed() {
    let server = Server::start().await;
    let (one, other) = (submit(&server).await, submit(&server).await);
    for job in [&one, &other] {
        cancel(&server, job).await;
    }
    let path = format!("/api/v1/events?after=0&job={other}&name=job.cancelled");
    let found = read(&mut open(&server, &path, None).await, 1).await;
    assert_eq!(found[0]["data"]["job_id"], json!(other));
    assert_eq!(names(&found), ["job.cancelled"]);
    let path = "/api/v1/events?after=0&pipeline=default&name=job.queued,job.failed";
    let found = read(&mut open(&server, path, None).await, 2).await;
    assert_eq!(names(&found), ["job.queued", "job.queued"]);
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let server = Server::start().await;
    let mut stream = open(&server, "/api/v1/events", None).await;
    let said = stream.chunk().await.unwrap().unwrap();
    assert!(said.starts_with(b":"), "{said:?}");
    server.service.stop_waiting();
    let end = tokio::time::timeout(PATIENCE, read(&mut stream, 1)).await;
    assert_eq!(end.unwrap(), [] as [Value; 0]);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let server = Server::start().await;
    for _ in 0..3 {
        submit(&server).await;
    }
    let (mut after, mut seen) = ("0".to_owned(), Vec::new());
    loop {
        let path = format!("/api/v1/events?after={after}&limit=2");
        let request = server.request(Method::GET, &path);
        let request = request.header("accept", "application/json");
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        let events = page["events"].as_array().unwrap();
        seen.extend(events.iter().map(|it| it["id"].clone()));
        after = page["next"].as_str().unwrap().to_owned();
        if !page["more"].as_bool().unwrap() {
            break;
        }
    }
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let server = Server::start().await;
    for (path, field) in [
        ("/api/v1/events?after=x", "after"),
        ("/api/v1/events?name=job.done", "name"),
        ("/api/v1/events?limit=5", "limit"),
        ("/api/v1/events?job=x", "job"),
        ("/api/v1/deliveries?state=lost", "state"),
        ("/api/v1/deliveries?destination=x", "destination"),
    ] {
        let answer = open(&server, path, None).await;
        assert_eq!(answer.status(), 400, "{path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["field"], field, "{path}");
    }
    let answer = open(&server, "/api/v1/events", Some("x y")).await;
    assert_eq!(answer.status(), 400);
    for (body, field) in [
        (json!({"url": "https://a.example/", "events": []}), "events"),
        (
            json!({"url": "https://a.example/", "events": ["x"]}),
            "events",
        ),
        (json!({"url": "http://10.0.0.1/"}), "url"),
        (json!({"url": "a.example"}), "url"),
    ] {
        let (status, problem) = json_of(&server, Method::POST, "/api/v1/webhooks", body).await;
        assert_eq!((status.as_u16(), &problem["field"]), (400, &json!(field)));
    }
}

#[tokio::test]
async fn a_webhook_is_made_changed_rotated_and_deleted() {
    let server = Server::start().await;
    let url = "https://receiver.example/hook";
    let body = json!({"url": url, "events": ["job.failed"]});
    let (status, made) = json_of(&server, Method::POST, "/api/v1/webhooks", body).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let (_, shown) = json_of(&server, Method::GET, &path, Value::Null).await;
    assert_eq!(
        (&shown["url"], &shown["events"]),
        (&json!(url), &json!(["job.failed"]))
    );
    assert!(shown.get("secret").is_none());
    let change = json!({"enabled": false, "events": ["job.queued", "job.failed"]});
    let (_, changed) = json_of(&server, Method::PATCH, &path, change).await;
    assert_eq!(changed["enabled"], json!(false));
    assert_eq!(changed["events"], json!(["job.queued", "job.failed"]));
    let rotate = format!("{path}/rotate");
    let (_, rotated) = json_of(
        &server,
        Method::POST,
        &rotate,
        json!({"overlap_seconds": 60}),
    )
    .await;
    assert_ne!(rotated["secret"], made["secret"]);
    assert!(rotated["old_secret_until"].is_string());
    let (_, list) = json_of(&server, Method::GET, "/api/v1/webhooks", Value::Null).await;
    assert_eq!(list["webhooks"].as_array().unwrap().len(), 1);
    let (status, _) = json_of(&server, Method::DELETE, &path, Value::Null).await;
    assert_eq!(status, 204);
    let (status, _) = json_of(&server, Method::GET, &path, Value::Null).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_topic_has_one_receiver_and_no_webhooks_address() {
    let server = Server::start().await;
    let path = "/api/v1/topics/mts%2Fdone";
    let body = |url: &str| json!({"url": url});
    let (status, made) = json_of(&server, Method::PUT, path, body("https://a.example/")).await;
    assert_eq!((status.as_u16(), &made["topic"]), (201, &json!("mts/done")));
    assert!(made["secret"].is_string() && made.get("events").is_none());
    let (status, moved) = json_of(&server, Method::PUT, path, body("https://b.example/")).await;
    assert_eq!((status.as_u16(), &moved["id"]), (200, &made["id"]));
    assert!(moved.get("secret").is_none());
    let as_webhook = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let (status, _) = json_of(&server, Method::GET, &as_webhook, Value::Null).await;
    assert_eq!(status, 404);
    let (_, off) = json_of(&server, Method::PATCH, path, json!({"enabled": false})).await;
    assert_eq!(off["enabled"], json!(false));
    let (status, _) = json_of(&server, Method::DELETE, path, Value::Null).await;
    assert_eq!(status, 204);
    let bad = json_of(
        &server,
        Method::PUT,
        "/api/v1/topics/a%20b",
        body("https://a.example/"),
    );
    assert_eq!(bad.await.0, 400);
}

#[tokio::test]
async fn an_unknown_delivery_is_not_replayed() {
    let server = Server::start().await;
    for id in ["x", "01234567890123456789012345678901"] {
        let path = format!("/api/v1/deliveries/{id}/replay");
        let (status, _) = json_of(&server, Method::POST, &path, json!({})).await;
        assert_eq!(status, 404, "{id}");
    }
    let (_, list) = json_of(&server, Method::GET, "/api/v1/deliveries", Value::Null).await;
    assert_eq!(list, json!({"deliveries": [], "next_cursor": null}));
}
