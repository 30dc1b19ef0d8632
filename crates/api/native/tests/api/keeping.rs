//! Deleting jobs, and for how long what is over is kept.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem, problem};

async fn delete(server: &Server, id: &str) -> reqwest::Response {
    let request = server.request(Method::DELETE, &format!("/api/v1/jobs/{id}"));
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_job_that_has_ended_is_deleted_and_no_other() {
    let server = Server::start().await;
    let id = server.submit().await;
    let refused = problem(delete(&server, &id).await).await;
    assert_eq!(
        (&refused["status"], &refused["code"], &refused["state"]),
        (&json!(409), &json!("delete_refused"), &json!("queued"))
    );
    let cancel = format!("/api/v1/jobs/{id}/cancel");
    assert_eq!(server.post(&cancel, &json!({})).await.status(), 200);
    assert_eq!(delete(&server, &id).await.status(), 204);
    assert_problem(delete(&server, &id).await, 404, "not_found", "").await;
    let gone = server.get(&format!("/api/v1/jobs/{id}")).await;
    assert_problem(gone, 404, "not_found", "").await;
    assert_problem(delete(&server, "nonsense").await, 404, "not_found", "").await;
}

#[tokio::test]
async fn a_job_of_another_account_is_not_deleted() {
    let server = Server::start().await;
    let id = server.submit().await;
    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    let path = format!("/api/v1/jobs/{id}");
    let by_another = server.request_by(key, Method::DELETE, &path).send().await;
    assert_problem(by_another.unwrap(), 404, "not_found", "").await;
    assert_eq!(server.job(&id).await["state"], "queued");
}

#[tokio::test]
async fn times_are_set_shown_and_reset() {
    let server = Server::start().await;
    let other = server.other_account().await;
    let path = "/api/v1/accounts/other/retention";
    let shown = server.json(path).await;
    let defaults = [
        ("jobs", 365),
        ("events", 30),
        ("deliveries", 30),
        ("audit", 30),
        ("attempts", 7),
    ];
    let expected = defaults
        .map(|(what, days)| json!({"what": what, "days": days, "default": days, "is_set": false}));
    assert_eq!(shown["retention"], json!(expected));

    let set = async |what: &str, body: Value| {
        let request = server.request(Method::PUT, &format!("{path}/{what}"));
        request.json(&body).send().await.unwrap()
    };
    let answer = set("jobs", json!({"days": 90})).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    let expected = json!({"what": "jobs", "days": 90, "default": 365, "is_set": true});
    assert_eq!(answer, expected);
    assert_eq!(server.json(path).await["retention"][0], expected);
    let id = other["id"].as_str().unwrap();
    let by_id = server
        .json(&format!("/api/v1/accounts/{id}/retention"))
        .await;
    assert_eq!(by_id["retention"][0], expected);

    for body in [
        json!({"days": 0}),
        json!({"days": 36_501}),
        json!({"days": -1}),
        json!({}),
    ] {
        assert_problem(set("jobs", body).await, 400, "invalid_request", "days").await;
    }
    let unknown = set("jobs", json!({"days": 9, "weeks": 1})).await;
    assert_problem(unknown, 400, "unknown_field", "weeks").await;
    assert_problem(
        set("scratch", json!({"days": 9})).await,
        404,
        "not_found",
        "",
    )
    .await;

    let reset = server.request(Method::DELETE, &format!("{path}/jobs"));
    assert_eq!(reset.send().await.unwrap().status(), 204);
    assert_eq!(server.json(path).await["retention"][0]["is_set"], false);
}

#[tokio::test]
async fn pruning_is_for_operators_and_walks_on_where_it_was() {
    let server = Server::start().await;
    let id = server.submit().await;
    let cancel = format!("/api/v1/jobs/{id}/cancel");
    server.post(&cancel, &json!({})).await;
    let step = server
        .post("/api/v1/prune", &json!({"dry_run": true}))
        .await;
    assert_eq!(step.status(), 200);
    let step: Value = step.json().await.unwrap();
    assert_eq!(
        step,
        json!({"dry_run": true, "pruned": [], "next_cursor": null})
    );
    let from = json!({"cursor": "audit."});
    let step = server.post("/api/v1/prune", &from).await;
    assert_eq!(step.status(), 200);
    let wrong = server.post("/api/v1/prune", &json!({"cursor": "x"})).await;
    assert_problem(wrong, 400, "invalid_request", "cursor").await;
    assert_eq!(server.job(&id).await["state"], "cancelled");

    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    let by_another = server.request_by(key, Method::POST, "/api/v1/prune");
    assert_problem(by_another.send().await.unwrap(), 403, "forbidden", "").await;
    let path = "/api/v1/accounts/other/retention";
    let by_another = server.request_by(key, Method::GET, path).send().await;
    assert_problem(by_another.unwrap(), 403, "forbidden", "").await;
}
