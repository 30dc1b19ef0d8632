//! Submitting jobs: every field, every form of address, everything that is refused.

use reelgate_domain::preset;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

fn output() -> Value {
    json!({"object": {"bucket": "media", "key": "out.mp4"}, "preset": "web-360p"})
}

fn body() -> Value {
    json!({"input": "oss://media/in.mp4", "outputs": [output()]})
}

/// The body with one more member, or another value for one.
fn with(member: &str, value: Value) -> Value {
    let mut body = body();
    body[member] = value;
    body
}

/// The body with one more member in its output.
fn with_output(member: &str, value: Value) -> Value {
    let mut output = output();
    output[member] = value;
    with("outputs", json!([output]))
}

#[tokio::test]
async fn a_job_is_answered_with_its_place_and_all_its_fields() {
    let server = Server::start().await;
    let response = server
        .post(
            "/api/v1/jobs",
            &json!({
                "kind": "transcode",
                "input": {"bucket": "media", "key": "in.mp4"},
                "outputs": [
                    output(),
                    {"object": "http://media.oss.example.com/hls/a%20b.m3u8", "preset": "hls-360p",
                     "clip": {"start_ms": 500, "length": {"duration_ms": 2000}}},
                ],
                "pipeline": "default",
                "priority": 9,
                "user_data": "mine",
            }),
        )
        .await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let job: Value = response.json().await.unwrap();
    assert_eq!(
        location,
        format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())
    );
    let mut read: Value = server.get(&location).await.json().await.unwrap();
    read.as_object_mut().unwrap().remove("waiting");
    assert_eq!(read, job);

    let expected = json!({
        "id": job["id"], "number": job["number"], "kind": "transcode", "state": "queued",
        "pipeline_id": server.credentials.pipeline_id, "priority": 9, "progress": 0,
        "attempt": 0, "created_at": job["created_at"], "started_at": null, "finished_at": null,
        "submission_id": job["submission_id"],
        "input": {"bucket": "media", "key": "in.mp4"},
        "outputs": [
            {"object": {"bucket": "media", "key": "out.mp4"}, "state": "queued", "files": [],
             "facts": null, "fault": null},
            {"object": {"bucket": "media", "key": "hls/a b.m3u8"}, "state": "queued",
             "files": [], "facts": null, "fault": null},
        ],
        "fault": null, "user_data": "mine", "origin": "native",
    });
    assert_eq!(job, expected);
    let created = job["created_at"].as_str().unwrap();
    assert_eq!(
        (created.len(), &created[19..20], &created[23..]),
        (24, ".", "Z")
    );
}

#[tokio::test]
async fn settings_may_replace_or_change_a_preset() {
    let server = Server::start().await;
    let whole = serde_json::to_value(preset::find("web-240p").unwrap().settings).unwrap();
    let alone = json!([{"object": "oss://media/a.mp4", "settings": whole}]);
    for body in [
        with("outputs", alone),
        with_output(
            "settings",
            json!({"video": {"rate": {"mode": "constant", "kbps": 500}}}),
        ),
        with_output("settings", json!({"audio": null})),
    ] {
        let response = server.post("/api/v1/jobs", &body).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{body}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_path() {
    let server = Server::start().await;
    let no_preset = json!([{"object": "oss://media/a.mp4"}]);
    let unknown = "unknown_field";
    let invalid = "invalid_request";
    let cases = [
        (with("inputs", json!(1)), unknown, "inputs"),
        (
            with_output("presets", json!("x")),
            unknown,
            "outputs[0].presets",
        ),
        (
            with("input", json!({"bucket": "media", "key": "a", "x": 1})),
            unknown,
            "input.x",
        ),
        (
            with_output("clip", json!({"end_ms": 1})),
            unknown,
            "outputs[0].clip.end_ms",
        ),
        (
            with_output("settings", json!({"video": {"encoder": "vp9"}})),
            unknown,
            "outputs[0].settings.video.encoder",
        ),
        (
            with_output(
                "settings",
                json!({"video": {"rate": {"mode": "crf", "kbps": 9}}}),
            ),
            unknown,
            "outputs[0].settings.video.rate.kbps",
        ),
        (
            with_output("settings", json!({"container": {"segment_seconds": 9}})),
            unknown,
            "outputs[0].settings.container.segment_seconds",
        ),
        (
            with_output("settings", json!({"video": {"height": 10}})),
            invalid,
            "outputs[0].settings.video.height",
        ),
        (
            with_output("settings", json!(7)),
            invalid,
            "outputs[0].settings",
        ),
        (
            with_output("preset", json!("nope")),
            invalid,
            "outputs[0].preset",
        ),
        (with("outputs", no_preset), invalid, "outputs[0].preset"),
        (with("outputs", json!([])), invalid, "outputs"),
        (
            with("outputs", json!([output(), output()])),
            invalid,
            "outputs",
        ),
        (json!({"outputs": [output()]}), invalid, "input"),
        (with("input", json!("media/in.mp4")), invalid, "input"),
        (with("input", json!("oss://MEDIA/in.mp4")), invalid, "input"),
        (
            with("input", json!({"bucket": "media", "key": "../x"})),
            invalid,
            "input.key",
        ),
        (with("kind", json!("nope")), invalid, "kind"),
        (with("priority", json!(11)), invalid, "priority"),
        (
            with("user_data", json!("x".repeat(1025))),
            invalid,
            "user_data",
        ),
        (with("user_data", json!("a\u{0}b")), invalid, "user_data"),
        (with("pipeline", json!("nope")), "not_found", "pipeline"),
        (
            with("input", json!("oss://nowhere/in.mp4")),
            "not_found",
            "",
        ),
    ];
    for (body, code, field) in cases {
        let status = if code == "not_found" { 404 } else { 400 };
        let response = server.post("/api/v1/jobs", &body).await;
        assert_problem(response, status, code, field).await;
    }
    assert_eq!(server.json("/api/v1/jobs").await["jobs"], json!([]));
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_large_is_refused() {
    let server = Server::start().await;
    let send = async |body: Vec<u8>| {
        let request = server.request(Method::POST, "/api/v1/jobs").body(body);
        request.send().await.unwrap()
    };
    let trailed = format!("{} x", body());
    for text in ["", "{", "\u{feff}{}", &trailed] {
        assert_problem(send(text.into()).await, 400, "invalid_json", "").await;
    }
    assert_problem(send(b"[]".to_vec()).await, 400, "invalid_request", "").await;
    assert_problem(
        send(vec![b' '; 1024 * 1024 + 1]).await,
        413,
        "too_large",
        "",
    )
    .await;
}
