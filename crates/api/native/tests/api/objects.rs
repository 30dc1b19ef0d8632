//! Objects: put, get, head, delete, list, streamed and with limits.

use std::path::Path;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::{Body, Method, Response};
use serde_json::{Value, json};

use crate::server::{MAX_OBJECT_BYTES, Server, assert_problem};

const OBJECTS: &str = "/api/v1/buckets/media/objects";

async fn put(server: &Server, key: &str, content: impl Into<Body>) -> Response {
    let request = server.request(Method::PUT, &format!("{OBJECTS}/{key}"));
    request.body(content).send().await.unwrap()
}

#[tokio::test]
async fn an_object_is_stored_replaced_read_and_deleted() {
    let server = Server::start().await;
    let first = put(&server, "a/b.mp4", "one").await;
    assert_eq!(first.status(), 201);
    assert_eq!(first.headers()["location"], format!("{OBJECTS}/a/b.mp4"));
    let etag = first.headers()["etag"].clone();
    let stored: Value = first.json().await.unwrap();
    assert_eq!(
        stored,
        json!({"key": "a/b.mp4", "bytes": 3, "etag": etag.to_str().unwrap()})
    );

    let second = put(&server, "a/b.mp4", "three").await;
    assert_eq!(
        (second.status().as_u16(), second.headers().get("location")),
        (200, None)
    );
    assert_ne!(second.headers()["etag"], etag);

    let got = server.get(&format!("{OBJECTS}/a/b.mp4")).await;
    assert_eq!(got.status(), 200);
    for (name, value) in [
        ("content-type", "video/mp4"),
        ("content-length", "5"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(got.headers()[name], value);
    }
    assert_eq!(got.headers()["etag"], second.headers()["etag"]);
    assert!(
        got.headers()["last-modified"]
            .to_str()
            .unwrap()
            .ends_with(" GMT")
    );
    assert_eq!(got.text().await.unwrap(), "three");

    let head = server.request(Method::HEAD, &format!("{OBJECTS}/a/b.mp4"));
    let head = head.send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"5".parse().unwrap())
    );
    assert_eq!(head.headers()["etag"], second.headers()["etag"]);

    let deleted = server.request(Method::DELETE, &format!("{OBJECTS}/a/b.mp4"));
    assert_eq!(deleted.send().await.unwrap().status(), 204);
    let gone = server.get(&format!("{OBJECTS}/a/b.mp4")).await;
    assert_problem(gone, 404, "not_found", "").await;
    let gone = server.request(Method::DELETE, &format!("{OBJECTS}/a/b.mp4"));
    assert_problem(gone.send().await.unwrap(), 404, "not_found", "").await;
    let gone = server.request(Method::HEAD, &format!("{OBJECTS}/a/b.mp4"));
    assert_eq!(gone.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn keys_are_percent_encoded() {
    let server = Server::start().await;
    let stored = put(&server, "a%20b%2Fc%25d%3F%C3%BC.txt", "x").await;
    assert_eq!(
        stored.headers()["location"],
        format!("{OBJECTS}/a%20b/c%25d%3F%C3%BC.txt")
    );
    let stored: Value = stored.json().await.unwrap();
    assert_eq!(stored["key"], "a b/c%d?ü.txt");
    let read = server
        .get(&format!("{OBJECTS}/a%20b/c%25d%3F%C3%BC.txt"))
        .await;
    assert_eq!(read.text().await.unwrap(), "x");
}

#[tokio::test]
async fn fifty_megabytes_stream_through_in_both_directions() {
    let server = Server::start().await;
    let piece = |n: u8| Bytes::from(vec![n; 1024 * 1024]);
    let pieces = (0..50).map(move |n| Ok::<_, std::io::Error>(piece(n)));
    let stored = put(&server, "big.bin", Body::wrap_stream(stream::iter(pieces))).await;
    let stored: Value = stored.json().await.unwrap();
    assert_eq!(stored["bytes"], 50 * 1024 * 1024);

    let got = server.get(&format!("{OBJECTS}/big.bin")).await;
    assert_eq!(got.content_length(), Some(50 * 1024 * 1024));
    let mut content = got.bytes_stream();
    let (mut at, mut reads) = (0_usize, 0);
    while let Some(chunk) = content.next().await {
        for byte in chunk.unwrap() {
            assert_eq!(usize::from(byte), at / (1024 * 1024), "at {at}");
            at += 1;
        }
        reads += 1;
    }
    assert_eq!(at, 50 * 1024 * 1024);
    assert!(reads > 10, "it came in {reads} pieces");
}

#[tokio::test]
async fn an_upload_over_the_limit_is_refused_and_leaves_nothing() {
    let server = Server::start().await;
    put(&server, "kept.bin", "before").await;
    let piece = Bytes::from(vec![0; 1024 * 1024]);
    let pieces = MAX_OBJECT_BYTES / piece.len() as u64 + 1;
    for length_is_told in [false, true] {
        let piece = piece.clone();
        let content =
            stream::iter((0..pieces).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
        let mut request = server.request(Method::PUT, &format!("{OBJECTS}/kept.bin"));
        if length_is_told {
            request = request.header("content-length", pieces * 1024 * 1024);
        }
        let response = request
            .body(Body::wrap_stream(content))
            .send()
            .await
            .unwrap();
        assert_problem(response, 413, "too_large", "").await;
    }
    let kept = server.get(&format!("{OBJECTS}/kept.bin")).await;
    assert_eq!(kept.text().await.unwrap(), "before");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = Server::start().await;
    let pieces = [Ok("half".into()), Err(std::io::Error::other("gone"))];
    let content = Body::wrap_stream(stream::iter::<[Result<Bytes, _>; 2]>(pieces));
    let request = server.request(Method::PUT, &format!("{OBJECTS}/half.bin"));
    assert!(request.body(content).send().await.is_err());
    assert_eq!(server.json(OBJECTS).await["objects"], json!([]));
}

#[tokio::test]
async fn objects_are_listed_by_prefix_page_by_page() {
    let server = Server::start().await;
    for key in ["b.mp4", "a/2.ts", "a/1.ts", "a.txt"] {
        put(&server, key, "x").await;
    }
    for (query, keys, next) in [
        ("", "a.txt a/1.ts a/2.ts b.mp4", Value::Null),
        ("prefix=a/&limit=1", "a/1.ts", json!("a/1.ts")),
        ("prefix=a/&limit=1&after=a/1.ts", "a/2.ts", Value::Null),
        ("after=a/1.ts", "a/2.ts b.mp4", Value::Null),
        ("prefix=c", "", Value::Null),
    ] {
        let page = server.json(&format!("{OBJECTS}?{query}")).await;
        let objects = page["objects"].as_array().unwrap().iter();
        let found: Vec<_> = objects
            .map(|object| object["key"].as_str().unwrap())
            .collect();
        assert_eq!(
            (&*found.join(" "), &page["next_after"]),
            (keys, &next),
            "{query}"
        );
    }
    let page = server.json(&format!("{OBJECTS}?limit=1")).await;
    let entry = &page["objects"][0];
    assert_eq!(
        (&entry["bytes"], &entry["content_type"]),
        (&json!(1), &json!("text/plain"))
    );
    assert!(entry["etag"].is_string() && entry["last_modified"].is_string());
}

#[tokio::test]
async fn objects_refuse_what_makes_no_sense() {
    let server = Server::start().await;
    for (path, status, code, field) in [
        ("/api/v1/buckets/nowhere/objects/a", 404, "not_found", ""),
        (
            "/api/v1/buckets/NO/objects/a",
            400,
            "invalid_request",
            "bucket",
        ),
        (
            "/api/v1/buckets/media/objects/a%2F..%2Fb",
            400,
            "invalid_request",
            "key",
        ),
        (
            "/api/v1/buckets/media/objects/.reelgate/x",
            400,
            "invalid_request",
            "key",
        ),
        (
            "/api/v1/buckets/media/objects/a%00",
            400,
            "invalid_request",
            "key",
        ),
        (
            "/api/v1/buckets/media/objects/a%FF",
            400,
            "invalid_request",
            "",
        ),
    ] {
        assert_problem(server.get(path).await, status, code, field).await;
        let stored = server
            .request(Method::PUT, path)
            .body("x")
            .send()
            .await
            .unwrap();
        assert_problem(stored, status, code, field).await;
    }
    for (query, field) in [("limit=1001", "limit"), ("marker=a", "marker")] {
        let response = server.get(&format!("{OBJECTS}?{query}")).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
    let missing = server.get("/api/v1/buckets/nowhere/objects").await;
    assert_problem(missing, 404, "not_found", "").await;

    // The refusal came after the whole upload was read, and reading on broke the connection.
    put(&server, "a", "x").await;
    assert_problem(put(&server, "a/b", "x").await, 409, "conflict", "").await;
    for (name, value) in [
        ("if-none-match", "*"),
        ("content-range", "bytes 0-1/2"),
        ("content-encoding", "gzip"),
    ] {
        let request = server.request(Method::PUT, &format!("{OBJECTS}/a"));
        let response = request.header(name, value).body("y").send().await.unwrap();
        assert_problem(response, 501, "header_not_supported", "").await;
    }
}

/// Whatever is free, it is less than must stay free.
#[tokio::test]
async fn an_upload_is_refused_when_the_disk_is_nearly_full() {
    let server = Server::with_floor(u64::MAX).await;
    let response = put(&server, "a.bin", "x").await;
    assert_problem(response, 507, "storage_full", "").await;
    assert_eq!(server.json(OBJECTS).await["objects"], json!([]));
    // What relieves the disk is not refused.
    let buckets = server.json("/api/v1/buckets").await;
    let directory = Path::new(buckets["buckets"][0]["path"].as_str().unwrap());
    std::fs::write(directory.join("old.bin"), "x").unwrap();
    let deleted = server.request(Method::DELETE, &format!("{OBJECTS}/old.bin"));
    assert_eq!(deleted.send().await.unwrap().status(), 204);
}
