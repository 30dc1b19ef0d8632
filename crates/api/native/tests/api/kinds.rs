//! Jobs that are no transcodes: what is sent for them and how they are shown.

use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

fn ingest() -> Value {
    json!({
        "kind": "ingest",
        "source": {
            "url": "https://source.example:8443/a/b.mp4?Signature=hush",
            "bytes": 5,
            "sha256": "AB".repeat(32),
        },
        "output": "oss://media/up/b.mp4",
        "cover": "oss://media/up/b.jpg",
    })
}

fn snapshot() -> Value {
    json!({
        "kind": "snapshot",
        "input": "oss://media/in.mp4",
        "output": "oss://media/shots/in.jpg",
        "moments": {"spread": {"first_ms": 0, "count": 10}},
        "sprite": {"columns": 5, "rows": 2},
    })
}

fn media_info() -> Value {
    json!({"kind": "media_info", "input": "oss://media/in.mp4", "output": "oss://media/in.json"})
}

fn remux() -> Value {
    json!({
        "kind": "remux",
        "input": "oss://media/in.mp4",
        "output": "oss://media/hls/in.m3u8",
        "container": {"format": "hls", "segment_seconds": 4},
    })
}

#[tokio::test]
async fn jobs_that_encode_nothing_are_queued() {
    let server = Server::start().await;
    for body in [media_info(), remux()] {
        let response = server.post("/api/v1/jobs", &body).await;
        assert_eq!(response.status(), 201);
        let job: Value = response.json().await.unwrap();
        assert_eq!(
            (&job["kind"], &job["state"]),
            (&body["kind"], &json!("queued"))
        );
        assert_eq!(job["input"]["key"], "in.mp4");
    }
    let listed = server.get("/api/v1/jobs?kind=remux,media_info").await;
    let listed: Value = listed.json().await.unwrap();
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 2, "{listed}");
}

#[tokio::test]
async fn a_job_that_fetches_shows_the_host_and_no_more_of_the_address() {
    let server = Server::start().await;
    let response = server.post("/api/v1/jobs", &ingest()).await;
    assert_eq!(response.status(), 201);
    let job: Value = response.json().await.unwrap();
    assert_eq!(job["kind"], "ingest");
    assert_eq!(job["input"], Value::Null);
    assert_eq!(job["source_host"], "source.example:8443");
    let keys = [0, 1].map(|output| job["outputs"][output]["object"]["key"].clone());
    assert_eq!(keys, ["up/b.mp4", "up/b.jpg"]);
    assert!(!job.to_string().contains("hush"), "{job}");
}

#[tokio::test]
async fn a_job_that_takes_pictures_is_queued() {
    let server = Server::start().await;
    let response = server.post("/api/v1/jobs", &snapshot()).await;
    assert_eq!(response.status(), 201);
    let job: Value = response.json().await.unwrap();
    assert_eq!(
        (&job["kind"], &job["state"]),
        (&json!("snapshot"), &json!("queued"))
    );
}

#[tokio::test]
async fn fields_of_other_kinds_and_values_out_of_range_are_refused() {
    let server = Server::start().await;
    let with = |mut body: Value, pointer: &str, value: Value| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    let cases = [
        (with(ingest(), "/outputs", json!([])), "?outputs"),
        (
            with(ingest(), "/source/url", json!("ftp://a.example/b")),
            "source.url",
        ),
        (
            with(ingest(), "/source/sha256", json!("ab")),
            "source.sha256",
        ),
        (with(ingest(), "/source/size", json!(5)), "?source.size"),
        (
            with(ingest(), "/cover", json!("oss://media/up/b.mp4")),
            "cover",
        ),
        (with(snapshot(), "/source", json!({})), "?source"),
        (with(snapshot(), "/width", json!(7)), "width"),
        (
            with(snapshot(), "/moments/spread/count", json!(301)),
            "moments.spread.count",
        ),
        (with(snapshot(), "/sprite/rows", json!(0)), "sprite.rows"),
        (with(snapshot(), "/kind", json!("transcode")), "?output"),
        (with(media_info(), "/outputs", json!([])), "?outputs"),
        (
            with(media_info(), "/output", json!("oss://media/in.mp4")),
            "output",
        ),
        (with(remux(), "/settings", json!({})), "?settings"),
        (
            with(remux(), "/output", json!("oss://media/a.mp4")),
            "output.key",
        ),
        (
            with(remux(), "/container/segment_seconds", json!(61)),
            "container.segment_seconds",
        ),
    ];
    for (body, field) in cases {
        let response = server.post("/api/v1/jobs", &body).await;
        match field.strip_prefix('?') {
            Some(unknown) => assert_problem(response, 400, "unknown_field", unknown).await,
            None => assert_problem(response, 400, "invalid_request", field).await,
        }
    }
}
