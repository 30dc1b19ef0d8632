//! Buckets: create, list, and the directories they lie in.

use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

#[tokio::test]
async fn a_bucket_is_created_and_listed() {
    let server = Server::start().await;
    let response = server
        .post("/api/v1/buckets", &json!({"name": "clips"}))
        .await;
    assert_eq!(response.status(), 201);
    assert_eq!(
        response.headers()["location"],
        "/api/v1/buckets/clips/objects"
    );
    let made: Value = response.json().await.unwrap();
    let listed = server.json("/api/v1/buckets").await;
    assert_eq!(listed["buckets"][1]["name"], "media");
    assert_eq!(listed["buckets"][0], made);
}

#[tokio::test]
async fn an_operator_chooses_the_directory() {
    let server = Server::start().await;
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("there.txt"), "before").unwrap();
    let path = elsewhere.path().to_str().unwrap().to_owned();
    let body = json!({"name": "mapped", "path": path});
    let response = server.post("/api/v1/buckets", &body).await;
    assert_eq!(response.json::<Value>().await.unwrap()["path"], *path);
    let object = server.get("/api/v1/buckets/mapped/objects/there.txt").await;
    assert_eq!(object.text().await.unwrap(), "before");
}

#[tokio::test]
async fn buckets_refuse_what_makes_no_sense() {
    let server = Server::start().await;
    let own = server.dir.path().to_str().unwrap();
    for (body, status, code, field) in [
        (json!({"name": "media"}), 409, "conflict", ""),
        (json!({"name": "NO"}), 400, "invalid_request", "name"),
        (json!({}), 400, "invalid_request", "name"),
        (
            json!({"name": "abc", "region": "x"}),
            400,
            "unknown_field",
            "region",
        ),
        (
            json!({"name": "abc", "path": "relative"}),
            400,
            "invalid_request",
            "path",
        ),
        (json!({"name": "abc", "path": own}), 403, "denied", ""),
    ] {
        let response = server.post("/api/v1/buckets", &body).await;
        assert_problem(response, status, code, field).await;
    }
    let response = server.get("/api/v1/buckets?x=1").await;
    assert_problem(response, 400, "invalid_request", "x").await;
}
