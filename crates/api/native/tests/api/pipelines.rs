//! Pipelines: create, list, look up by id and name, pause and resume, delete.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

async fn patch(server: &Server, name: &str, body: &Value) -> reqwest::Response {
    let request = server.request(Method::PATCH, &format!("/api/v1/pipelines/{name}"));
    request.json(body).send().await.unwrap()
}

#[tokio::test]
async fn a_pipeline_is_created_and_found_by_id_and_name() {
    let server = Server::start().await;
    let response = server
        .post(
            "/api/v1/pipelines",
            &json!({"name": "night shift/ä", "concurrency": 2}),
        )
        .await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let made: Value = response.json().await.unwrap();
    let expected = json!({
        "id": made["id"], "name": "night shift/ä", "state": "active", "concurrency": 2,
        "queued": 0, "running": 0, "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    assert_eq!(
        location,
        format!("/api/v1/pipelines/{}", made["id"].as_str().unwrap())
    );

    assert_eq!(server.json(&location).await, made);
    assert_eq!(
        server
            .json("/api/v1/pipelines/night%20shift%2F%C3%A4")
            .await,
        made
    );
}

#[tokio::test]
async fn a_pipeline_is_paused_resumed_renamed_and_limited() {
    let server = Server::start().await;
    server.submit().await;
    let id = server.credentials.pipeline_id.clone();
    let mut expected = server.json("/api/v1/pipelines/default").await;
    assert_eq!(
        (&expected["queued"], &expected["state"]),
        (&json!(1), &json!("active"))
    );
    for (name, member, value) in [
        ("default", "state", json!("paused")),
        (&id, "state", json!("active")),
        ("default", "concurrency", json!(3)),
        ("default", "name", json!("main")),
        ("main", "concurrency", Value::Null),
    ] {
        expected[member] = value.clone();
        let changed = patch(&server, name, &json!({member: value})).await;
        assert_eq!(changed.json::<Value>().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn pipelines_are_listed_oldest_first_page_by_page() {
    let server = Server::start().await;
    for name in ["a", "b"] {
        server
            .post("/api/v1/pipelines", &json!({"name": name}))
            .await;
    }
    patch(&server, "b", &json!({"state": "paused"})).await;
    let project = format!("mpc-{}", server.credentials.project_id);
    let page = server.json("/api/v1/pipelines?limit=3").await;
    assert_eq!(
        (names(&page), &page["total"]),
        (vec!["default", &project, "a"], &json!(4))
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = server
        .json(&format!("/api/v1/pipelines?limit=3&cursor={cursor}"))
        .await;
    assert_eq!(
        (names(&page), &page["next_cursor"]),
        (vec!["b"], &Value::Null)
    );

    let paused = server.json("/api/v1/pipelines?state=paused").await;
    assert_eq!(names(&paused), ["b"]);
    let behind = server.json("/api/v1/pipelines?cursor=9").await;
    assert_eq!(
        (names(&behind), &behind["next_cursor"]),
        (vec![], &Value::Null)
    );
}

fn names(page: &Value) -> Vec<&str> {
    let pipelines = page["pipelines"].as_array().unwrap().iter();
    pipelines
        .map(|pipeline| pipeline["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_pipeline_is_deleted_once_its_jobs_have_ended() {
    let server = Server::start().await;
    let id = server.submit().await;
    let path = "/api/v1/pipelines/default";
    let delete = async || server.request(Method::DELETE, path).send().await.unwrap();
    assert_problem(delete().await, 409, "conflict", "").await;
    server
        .post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
        .await;
    assert_eq!(delete().await.status(), 204);
    assert_problem(delete().await, 404, "not_found", "").await;
    assert_problem(server.get(path).await, 404, "not_found", "").await;
    assert_eq!(server.job(&id).await["state"], "cancelled");
}

#[tokio::test]
async fn pipelines_refuse_what_makes_no_sense() {
    let server = Server::start().await;
    for (body, code, field) in [
        (json!({}), "invalid_request", "name"),
        (json!({"name": ""}), "invalid_request", "name"),
        (
            json!({"name": "p", "concurrency": 0}),
            "invalid_request",
            "concurrency",
        ),
        (
            json!({"name": "p", "state": "paused"}),
            "unknown_field",
            "state",
        ),
    ] {
        let response = server.post("/api/v1/pipelines", &body).await;
        assert_problem(response, 400, code, field).await;
    }
    for (body, code, field) in [
        (json!({"state": "stopped"}), "invalid_request", "state"),
        (json!({"concurrency": -1}), "invalid_request", "concurrency"),
        (json!({"concurrency": 0}), "invalid_request", "concurrency"),
        (json!({"paused": true}), "unknown_field", "paused"),
    ] {
        let response = patch(&server, "default", &body).await;
        assert_problem(response, 400, code, field).await;
    }
    for name in ["nope", "00000000000000000000000000000000"] {
        let response = patch(&server, name, &json!({"state": "paused"})).await;
        assert_problem(response, 404, "not_found", "").await;
    }
    for (query, field) in [
        ("state=x", "state"),
        ("cursor=x", "cursor"),
        ("name=x", "name"),
    ] {
        let response = server.get(&format!("/api/v1/pipelines?{query}")).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
}
