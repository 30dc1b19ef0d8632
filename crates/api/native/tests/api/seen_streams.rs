//! What was seen of a live stream: notes, health, pictures, and following it.

use reelgate_domain::stream::Activity;
use reelgate_store::StreamEnding;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};
use crate::streams::{beat, claim, create, finish, path, start};

/// The next event of an answer: its name and its data. None at the end.
async fn next(response: &mut Response, rest: &mut String) -> Option<(String, Value)> {
    loop {
        if let Some((block, after)) = rest.split_once("\n\n") {
            let part = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            let event = part("event: ").zip(part("data: "));
            let event =
                event.map(|(name, data)| (name.to_owned(), serde_json::from_str(data).unwrap()));
            *rest = after.to_owned();
            match event {
                Some(event) => return Some(event),
                None => continue,
            }
        }
        let chunk = response.chunk().await.unwrap()?;
        rest.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

#[tokio::test]
async fn what_happened_and_what_was_seen_is_read_page_by_page() {
    let server = Server::start().await;
    let made = create(&server).await;
    start(&server, &made).await;
    let held = claim(&server).await;
    for _ in 0..3 {
        beat(&server, &held, Activity::Live).await;
        // Notes are told apart by their milliseconds.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let page = server.json(&(path(&made) + "/notes")).await;
    let notes = page["notes"].as_array().unwrap();
    let what: Vec<_> = notes
        .iter()
        .map(|it| it["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        what,
        [
            "interrupted",
            "interrupted",
            "interrupted",
            "taken",
            "started"
        ]
    );
    assert_eq!(notes[0]["message"], "the source went away");
    assert_eq!(
        (&notes[0]["run"], &notes[0]["attempt"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(page["next_before"], Value::Null);
    let page = server.json(&(path(&made) + "/notes?limit=2")).await;
    let before = page["next_before"].as_str().unwrap();
    let earlier = server
        .json(&format!("{}/notes?before={before}", path(&made)))
        .await;
    assert_eq!(earlier["notes"][0], notes[2]);

    let page = server.json(&(path(&made) + "/health?limit=2")).await;
    assert_eq!(page["samples"].as_array().unwrap().len(), 2);
    assert_eq!(page["samples"][0]["out_kbps"], 2611.0);
    let after = page["next_after"].as_str().unwrap();
    let page = server
        .json(&format!("{}/health?after={after}", path(&made)))
        .await;
    assert_eq!(page["samples"].as_array().unwrap().len(), 1);
    let after = page["next_after"].as_str().unwrap();
    let page = server
        .json(&format!("{}/health?after={after}", path(&made)))
        .await;
    assert_eq!(
        (&page["samples"], &page["next_after"]),
        (&json!([]), &Value::Null)
    );
    for (part, field) in [
        ("notes?before=x", "before"),
        ("notes?limit=501", "limit"),
        ("health?after=x", "after"),
        ("health?limit=0", "limit"),
        ("health?from=x", "from"),
    ] {
        let response = server.get(&format!("{}/{part}", path(&made))).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
}

#[tokio::test]
async fn the_newest_picture_is_a_jpeg() {
    let server = Server::start().await;
    let made = create(&server).await;
    let at = path(&made) + "/thumbnail";
    assert_problem(server.get(&at).await, 404, "not_found", "").await;
    let buckets = server.json("/api/v1/buckets").await;
    let folder = buckets["buckets"][0]["path"].as_str().unwrap();
    let folder = std::path::Path::new(folder).join(".reelgate/thumbnails");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{}.jpg", made["id"].as_str().unwrap()));
    std::fs::write(file, b"\xff\xd8 a picture").unwrap();
    let response = server.get(&at).await;
    assert_eq!(response.headers()["content-type"], "image/jpeg");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(&response.bytes().await.unwrap()[..], b"\xff\xd8 a picture");
}

#[tokio::test]
async fn a_stream_is_followed_until_it_is_deleted() {
    let server = Server::start().await;
    let made = create(&server).await;
    start(&server, &made).await;
    let mut response = server.get(&(path(&made) + "/events")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut rest = String::new();
    let (name, data) = next(&mut response, &mut rest).await.unwrap();
    assert_eq!(
        (name.as_str(), &data["state"]),
        ("stream", &json!("waiting"))
    );
    let held = claim(&server).await;
    let mut told = Vec::new();
    let mut until = async |response: &mut Response, rest: &mut String, wanted: &str| loop {
        let (name, data) = next(response, rest).await.unwrap();
        let what = match name.as_str() {
            "stream" => data["state"].as_str().unwrap().to_owned(),
            "note" => format!("note {}", data["what"].as_str().unwrap()),
            other => other.to_owned(),
        };
        told.push(what.clone());
        if what == wanted {
            return data;
        }
    };
    // That it was started is not told again.
    until(&mut response, &mut rest, "note taken").await;
    until(&mut response, &mut rest, "connecting").await;
    beat(&server, &held, Activity::Live).await;
    until(&mut response, &mut rest, "note interrupted").await;
    until(&mut response, &mut rest, "live").await;
    let health = until(&mut response, &mut rest, "health").await;
    assert_eq!(health["activity"], "live");
    // A lease that is renewed changes nothing that is told.
    beat(&server, &held, Activity::Live).await;
    until(&mut response, &mut rest, "health").await;
    server.post(&(path(&made) + "/stop"), &json!({})).await;
    until(&mut response, &mut rest, "note stopped").await;
    until(&mut response, &mut rest, "stopping").await;
    finish(&server, &held, StreamEnding::Gone { ready_at: None }).await;
    until(&mut response, &mut rest, "stopped").await;
    let deleted = server.request(Method::DELETE, &path(&made)).send().await;
    assert_eq!(deleted.unwrap().status(), 204);
    let data = until(&mut response, &mut rest, "deleted").await;
    assert_eq!(data, json!({"id": made["id"]}));
    assert_eq!(next(&mut response, &mut rest).await, None);
    assert_eq!(
        told.iter().filter(|it| *it == "live").count(),
        1,
        "{told:?}"
    );
    assert!(!told.contains(&"note started".to_owned()), "{told:?}");
}

#[tokio::test]
async fn whoever_comes_again_is_told_what_happened_meanwhile_and_nothing_twice() {
    let server = Server::start().await;
    let made = create(&server).await;
    start(&server, &made).await;
    let mut response = server.get(&(path(&made) + "/events")).await;
    let chunk = response.chunk().await.unwrap().unwrap();
    let text = String::from_utf8(chunk.to_vec()).unwrap();
    let place = text
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap();
    drop(response);
    claim(&server).await;
    let request = server.request(Method::GET, &(path(&made) + "/events"));
    let mut response = request.header("last-event-id", place).send().await.unwrap();
    let mut rest = String::new();
    loop {
        let (name, data) = next(&mut response, &mut rest).await.unwrap();
        if name == "note" {
            assert_eq!(data["what"], "taken");
            break;
        }
    }
    let request = server.request(Method::GET, &(path(&made) + "/events"));
    let refused = request.header("last-event-id", "x").send().await.unwrap();
    assert_problem(refused, 400, "invalid_request", "Last-Event-ID").await;
}
