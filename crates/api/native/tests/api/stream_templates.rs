//! How live streams are encoded, and the hosts that they may come from and go to.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};
use crate::streams::body;

const TEMPLATES: &str = "/api/v1/stream-templates";
const RULES: &str = "/api/v1/stream-rules";

async fn call(server: &Server, method: Method, path: &str, body: &Value) -> Response {
    let request = server.request(method, path).json(body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn templates_ship_with_the_program_and_cannot_be_changed() {
    let server = Server::start().await;
    let listed = server.json(TEMPLATES).await;
    let templates = listed["templates"].as_array().unwrap();
    assert!(
        templates
            .iter()
            .all(|it| it["builtin"] == true && it["created_at"].is_null())
    );
    for name in [
        "copy",
        "source-h264",
        "1080p-h264",
        "720p-h265",
        "480p-h264",
    ] {
        let found = server.json(&format!("{TEMPLATES}/{name}")).await;
        assert!(templates.contains(&found), "{name}");
        let by_id = format!("{TEMPLATES}/{}", found["id"].as_str().unwrap());
        assert_eq!(server.json(&by_id).await, found);
    }
    let copy = server.json(&format!("{TEMPLATES}/copy")).await;
    let nothing = json!({"codec": "copy", "width": null, "height": null, "video_kbps": null, "fps": null, "gop": null,
                         "audio_kbps": null});
    assert_eq!(copy["settings"], nothing);
    for method in [Method::PATCH, Method::DELETE] {
        let path = format!("{TEMPLATES}/copy");
        let response = call(&server, method, &path, &json!({"name": "mine"})).await;
        assert_problem(response, 403, "denied", "").await;
    }
}

#[tokio::test]
async fn a_template_is_created_changed_used_and_deleted() {
    let server = Server::start().await;
    let settings = json!({"codec": "h264", "width": "ratio", "height": 360, "video_kbps": 600, "fps": 29.97,
                          "gop": {"seconds": 2.0}, "audio_kbps": 64});
    let new = json!({"name": "mobile", "settings": settings});
    let response = server.post(TEMPLATES, &new).await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let made: Value = response.json().await.unwrap();
    assert_eq!(
        (&made["builtin"], &made["settings"]),
        (&json!(false), &settings)
    );
    assert_eq!(server.json(&location).await, made);
    let mut stream = body();
    stream["outputs"][0]["template"] = "mobile".into();
    let stream: Value = server
        .post("/api/v1/streams", &stream)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(stream["outputs"][0]["template"], made["id"]);

    let mobile = format!("{TEMPLATES}/mobile");
    let change = json!({"settings": {"codec": "h265"}});
    let changed: Value = call(&server, Method::PATCH, &mobile, &change)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (
            &changed["settings"]["codec"],
            &changed["settings"]["height"]
        ),
        (&json!("h265"), &Value::Null)
    );
    let response = call(&server, Method::DELETE, &mobile, &json!({})).await;
    assert_eq!(response.status(), 204);
    let response = call(&server, Method::DELETE, &mobile, &json!({})).await;
    assert_problem(response, 404, "not_found", "").await;
    let start = format!("/api/v1/streams/{}/start", stream["id"].as_str().unwrap());
    let response = server.post(&start, &json!({})).await;
    assert_problem(response, 404, "not_found", "outputs").await;
}

#[tokio::test]
async fn templates_refuse_what_makes_no_sense() {
    let server = Server::start().await;
    for (body, code, field) in [
        (
            json!({"settings": {"codec": "h264"}}),
            "invalid_request",
            "name",
        ),
        (
            json!({"name": "a b", "settings": {"codec": "h264"}}),
            "invalid_request",
            "name",
        ),
        (json!({"name": "x"}), "invalid_request", "settings"),
        (
            json!({"name": "x", "settings": {"codec": "vp9"}}),
            "invalid_request",
            "settings.codec",
        ),
        (
            json!({"name": "x", "settings": {"codec": "h264", "width": 15}}),
            "invalid_request",
            "settings.width",
        ),
        (
            json!({"name": "x", "settings": {"codec": "h264", "fps": 241}}),
            "invalid_request",
            "settings.fps",
        ),
        (
            json!({"name": "x", "settings": {"codec": "copy", "height": 720}}),
            "invalid_request",
            "settings.codec",
        ),
        (
            json!({"name": "x", "settings": {"codec": "h264", "crf": 20}}),
            "unknown_field",
            "settings.crf",
        ),
    ] {
        let response = server.post(TEMPLATES, &body).await;
        assert_problem(response, 400, code, field).await;
    }
}

#[tokio::test]
async fn operators_say_which_hosts_streams_may_come_from_and_go_to() {
    let server = Server::start().await;
    assert_eq!(server.json(RULES).await, json!({"pull": [], "push": []}));
    let rules = json!({"pull": ["*.example.com"], "push": ["edge.example.com:1935"]});
    let set: Value = call(&server, Method::PUT, RULES, &rules)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!((&set, &server.json(RULES).await), (&rules, &rules));
    assert_eq!(server.post("/api/v1/streams", &body()).await.status(), 201);
    let mut elsewhere = body();
    elsewhere["input"]["address"] = "rtmp://origin.example.net/live/news".into();
    let response = server.post("/api/v1/streams", &elsewhere).await;
    assert_problem(response, 403, "denied", "input.address").await;
    let mut elsewhere = body();
    elsewhere["outputs"][0]["target"]["address"] = "rtmp://edge.example.com:1936/live/news".into();
    let response = server.post("/api/v1/streams", &elsewhere).await;
    assert_problem(response, 403, "denied", "outputs").await;
    for (body, field) in [
        (json!({"pull": []}), "push"),
        (json!({"pull": ["a b"], "push": []}), "pull[0]"),
        (json!({"pull": [], "push": ["a", "*"]}), "push[1]"),
    ] {
        let response = call(&server, Method::PUT, RULES, &body).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
}

#[tokio::test]
async fn an_account_reads_its_rules_and_an_operator_sets_them() {
    let server = Server::start().await;
    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    let rules = json!({"pull": ["example.org"], "push": []});
    let request = server.request_by(key, Method::PUT, RULES).json(&rules);
    assert_problem(request.send().await.unwrap(), 403, "forbidden", "").await;
    let named = format!("{RULES}?account=other");
    let set = call(&server, Method::PUT, &named, &rules).await;
    assert_eq!(set.status(), 200);
    let read = server.request_by(key, Method::GET, RULES).send().await;
    assert_eq!(read.unwrap().json::<Value>().await.unwrap(), rules);
    assert_eq!(server.json(&named).await, rules);
    assert_eq!(server.json(RULES).await, json!({"pull": [], "push": []}));
}
