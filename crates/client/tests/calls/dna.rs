//! Fingerprint libraries: what is sent, calls that are repeated, and what is read.

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use reelgate_client::{
    Client, DnaMedia, DnaModel, EntryQuery, NewFingerprint, NewLibrary, SaveMode,
};
use serde_json::{Value, json};

use super::client;

fn library() -> Value {
    json!({"id": "l", "name": "films", "model": "video", "description": "", "entries": 2, "version": 3,
           "created_at": "t"})
}

fn job() -> Value {
    json!({"id": "j", "number": 1, "kind": "fingerprint", "state": "queued", "pipeline_id": "p", "priority": 6,
           "progress": 0, "attempt": 0, "created_at": "t", "started_at": null, "finished_at": null,
           "submission_id": "s", "input": {"bucket": "media", "key": "a.mp4"}, "outputs": [], "fault": null,
           "user_data": null, "origin": "native"})
}

/// Keys and bodies of the calls that came.
type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// A client of a server that is not available for the first call.
async fn stumbling(path: &str, answer: Value) -> (Client, Seen) {
    let calls = Seen::default();
    let seen = Arc::clone(&calls);
    let handler = async move |request: Request| {
        let key = request.headers()["idempotency-key"].to_str().unwrap();
        let key = key.to_owned();
        let body = to_bytes(request.into_body(), 10_000).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let mut seen = seen.lock().unwrap();
        seen.push((key, body));
        let mut response = Response::new(Body::from(answer.to_string()));
        if seen.len() < 2 {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        response
    };
    (client(path, handler).await, calls)
}

/// The body that came twice under one key.
fn repeated(calls: &Seen) -> Value {
    let calls = calls.lock().unwrap();
    let [first, second] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(first, second);
    first.1.clone()
}

#[tokio::test]
async fn a_library_whose_answer_is_lost_is_created_once() {
    let (client, calls) = stumbling("/api/v1/libraries", library()).await;
    let new = NewLibrary {
        name: "films".to_owned(),
        model: DnaModel::Video,
        description: None,
    };
    let made = client.create_library(&new).await.unwrap();
    assert_eq!(serde_json::to_value(&made).unwrap(), library());
    assert_eq!(repeated(&calls), json!({"name": "films", "model": "video"}));
}

#[tokio::test]
async fn a_purge_whose_answer_is_lost_is_made_once() {
    let (client, calls) = stumbling("/api/v1/libraries/l/purge", library()).await;
    assert_eq!(client.purge_library("l").await.unwrap().version, 3);
    assert_eq!(repeated(&calls), Value::Null);
}

#[tokio::test]
async fn a_fingerprint_job_is_sent_as_the_server_reads_it_and_made_once() {
    let (client, calls) = stumbling("/api/v1/jobs", job()).await;
    let new = NewFingerprint {
        input: "oss://media/a.mp4".to_owned(),
        library: "l".to_owned(),
        key: "film-1".to_owned(),
        media: DnaMedia::Asr,
        save: SaveMode::IfNew,
        min_similarity: Some(0.25),
        result: Some("oss://media/a.json".to_owned()),
        pipeline: None,
        priority: Some(7),
        user_data: None,
    };
    let made = client.submit_fingerprint(&new).await.unwrap();
    assert_eq!(made.kind, "fingerprint");
    let expected = json!({"kind": "fingerprint", "input": "oss://media/a.mp4", "library": "l", "key": "film-1",
                          "media": "asr", "save": "if_new", "min_similarity": 0.25,
                          "result": "oss://media/a.json", "priority": 7});
    assert_eq!(repeated(&calls), expected);
}

#[tokio::test]
async fn entries_are_named_by_their_keys_whatever_those_are() {
    let asked = async |request: Request| {
        let asked = format!("{} {}", request.method(), request.uri());
        (StatusCode::IM_A_TEAPOT, asked)
    };
    let client = client("/{*path}", asked).await;
    let keys = ["a/b c".to_owned(), "..".to_owned(), "ü&key=x".to_owned()];
    let page = EntryQuery {
        after: Some("a b".to_owned()),
        limit: Some(2),
    };
    let named = "key=a%2Fb+c&key=..&key=%C3%BC%26key%3Dx";
    for (sent, error) in [
        (
            "GET /api/v1/libraries/l/entries?after=a+b&limit=2".to_owned(),
            client.library_entries("l", &page).await.err(),
        ),
        (
            format!("GET /api/v1/libraries/l/entries?{named}"),
            client.find_library_entries("l", &keys).await.err(),
        ),
        (
            format!("DELETE /api/v1/libraries/l/entries?{named}"),
            client.delete_library_entries("l", &keys).await.err(),
        ),
        (
            "DELETE /api/v1/libraries/l".to_owned(),
            client.delete_library("l").await.err(),
        ),
        (
            "GET /api/v1/jobs/j/matches".to_owned(),
            client.matches("j").await.err(),
        ),
    ] {
        assert_eq!(error.unwrap().problem().unwrap().detail, sent);
    }
}

#[tokio::test]
async fn what_is_read_is_written_alike() {
    let told = json!({"library": "l", "version": 3, "entries": [{
        "key": "film-1", "number": 2, "similarity": 0.97, "segments": [
            {"channel": "video", "input": {"start": 0.0, "end": 10.5}, "reference": {"start": 2.0, "end": 12.5},
             "similarity": 0.97, "speed": 1.0, "mirrored": true},
            {"channel": "text", "input": {"start": 0.0, "end": 4.0}, "reference": {"start": 7.0, "end": 11.0},
             "similarity": 1.0, "speed": 1.0, "mirrored": false, "text": {"input": "Four", "reference": "four"}}]}]});
    let answer = told.to_string();
    let client = client("/api/v1/jobs/j/matches", async move || answer).await;
    let matches = client.matches("j").await.unwrap();
    assert_eq!(serde_json::to_value(&matches).unwrap(), told);
}
