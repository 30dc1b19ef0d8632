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

/// Reads pieces of a stream as they come.
async fn piece(stream: &mut Response) -> Option<String> {
    let next = tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await;
    let chunk = next.expect("the stream says nothing").unwrap();
    chunk.map(|chunk| String::from_utf8(chunk.to_vec()).unwrap())
}

/// A reader that was cut off before its first event came again at a later now, and missed what was between.
#[tokio::test]
async fn a_stream_says_at_once_where_to_go_on() {
    let server = Server::start().await;
    submit(&server).await;
    let mut stream = open(&server, "/api/v1/events", None).await;
    let said = piece(&mut stream).await.unwrap();
    let place = said.lines().find_map(|line| line.strip_prefix("id: "));
    drop(stream);
    let job = submit(&server).await;
    let mut stream = open(&server, "/api/v1/events", place).await;
    let found = read(&mut stream, 1).await;
    assert_eq!(found[0]["data"]["job_id"], json!(job));
}

/// Reads until the stream ends, while there is always something new to tell.
async fn end(server: &Server, stream: &mut Response) {
    while let Some(_said) = piece(stream).await {
        submit(server).await;
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_key_counts_no_more() {
    let server = Server::start().await;
    let allowing = json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "reelgate:ListEvents", "Resource": "*"}]});
    let key = server.user("alice", Some(&allowing)).await;
    let open = async || {
        let request = server.request_by(&key, Method::GET, "/api/v1/events");
        let mut stream = request.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        piece(&mut stream).await.unwrap();
        stream
    };
    let mut stream = open().await;
    let path = "/api/v1/users/alice/policies/of-alice";
    let detached = server.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(detached.status(), 204);
    submit(&server).await;
    end(&server, &mut stream).await;
    let attached = server.request(Method::PUT, path).send().await.unwrap();
    assert_eq!(attached.status(), 204);
    let mut stream = open().await;
    let keys = server.json("/api/v1/keys?user=alice").await;
    let id = keys["keys"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/keys/{id}");
    let (status, _) = json_of(&server, Method::PATCH, &path, json!({"active": false})).await;
    assert_eq!(status, 200);
    submit(&server).await;
    end(&server, &mut stream).await;
}

/// After a restore such a reader would have missed everything up to the place that it had.
#[tokio::test]
async fn a_place_that_is_still_to_come_is_no_place() {
    let server = Server::start().await;
    submit(&server).await;
    let found = read(&mut open(&server, "/api/v1/events", Some("0")).await, 1).await;
    let newest: u64 = found[0]["id"].as_str().unwrap().parse().unwrap();
    for (place, status) in [
        (newest.to_string(), 200),
        ((newest + 1).to_string(), 410),
        (i64::MAX.to_string(), 410),
        ("5-1".to_owned(), 410),
    ] {
        let answer = open(&server, "/api/v1/events", Some(&place)).await;
        assert_eq!(answer.status(), status, "{place}");
        let request = server.request(Method::GET, &format!("/api/v1/events?after={place}"));
        let page = request.header("accept", "application/json");
        assert_eq!(page.send().await.unwrap().status(), status, "{place}");
    }
}

#[tokio::test]
async fn an_account_has_so_many_streams_and_no_more() {
    let server = Server::start().await;
    let mut open_ones = Vec::new();
    for _ in 0..100 {
        open_ones.push(open(&server, "/api/v1/events", None).await);
    }
    let refused = open(&server, "/api/v1/events", None).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    let theirs = server.request_by(key, Method::GET, "/api/v1/events");
    assert_eq!(theirs.send().await.unwrap().status(), 200);
    // A page is no stream, and one that has ended makes room.
    let page = server.request(Method::GET, "/api/v1/events");
    let page = page.header("accept", "application/json").send().await;
    assert_eq!(page.unwrap().status(), 200);
    drop(open_ones);
    let again = async {
        while open(&server, "/api/v1/events", None).await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(20), again).await;
    again.expect("streams that have ended count on");
}

#[tokio::test]
async fn a_policy_says_who_may_do_what_with_which_webhook_and_topic() {
    let server = Server::start().await;
    let body = json!({"url": "https://a.example/"});
    let make = async || {
        let (_, made) = json_of(&server, Method::POST, "/api/v1/webhooks", body.clone()).await;
        made["id"].as_str().unwrap().to_owned()
    };
    let (mine, other) = (make().await, make().await);
    let account = &server.credentials.account_id;
    let named = |what: &str| format!("acs:reelgate:*:{account}:{what}");
    let unknown = "01234567890123456789012345678901";
    let allowing = json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "reelgate:*Webhook*", "Resource": named(&format!("webhook/{mine}"))},
        {"Effect": "Allow", "Action": "reelgate:*Topic*", "Resource": named("topic/mts/*")},
        {"Effect": "Allow", "Action": "reelgate:*Deliver*", "Resource": named("delivery/0*")}]});
    let key = server.user("alice", Some(&allowing)).await;
    let (webhook, delivery) = ("/api/v1/webhooks", "/api/v1/deliveries");
    for (method, path, status) in [
        (Method::GET, format!("{webhook}/{mine}"), 200),
        (Method::PATCH, format!("{webhook}/{mine}"), 200),
        (Method::POST, format!("{webhook}/{mine}/rotate"), 200),
        (Method::GET, format!("{webhook}/{other}"), 403),
        (Method::PATCH, format!("{webhook}/{other}"), 403),
        (Method::POST, format!("{webhook}/{other}/rotate"), 403),
        (Method::DELETE, format!("{webhook}/{other}"), 403),
        (Method::GET, webhook.to_owned(), 403),
        (Method::POST, webhook.to_owned(), 403),
        (Method::DELETE, format!("{webhook}/{mine}"), 204),
        (Method::PUT, "/api/v1/topics/mts%2Fdone".to_owned(), 201),
        (Method::GET, "/api/v1/topics/mts%2Fdone".to_owned(), 200),
        (
            Method::POST,
            "/api/v1/topics/mts%2Fdone/rotate".to_owned(),
            200,
        ),
        (Method::PUT, "/api/v1/topics/other".to_owned(), 403),
        (Method::GET, "/api/v1/topics".to_owned(), 403),
        (Method::DELETE, "/api/v1/topics/mts%2Fdone".to_owned(), 204),
        // Let in, and there is none.
        (Method::GET, format!("{delivery}/{unknown}"), 404),
        (Method::POST, format!("{delivery}/{unknown}/replay"), 404),
        (
            Method::GET,
            format!("{delivery}/{}", unknown.replace('0', "f")),
            403,
        ),
        (Method::GET, delivery.to_owned(), 403),
    ] {
        let request = server.request_by(&key, method.clone(), &path);
        let request = match method {
            Method::PUT => request.json(&body),
            Method::PATCH => request.json(&json!({"enabled": true})),
            _ => request,
        };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        let has_secret = answer.status() == 201 || path.ends_with("rotate");
        if has_secret && status != 403 {
            assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        }
    }
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
        (json!({"url": "https://a.example/\u{0}"}), "url"),
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
