//! Cancelling: what is queued, what runs, what has ended.

use reelgate_store::Ending;
use reelgate_testkit::done;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem, problem};

fn path(id: &str) -> String {
    format!("/api/v1/jobs/{id}/cancel")
}

#[tokio::test]
async fn a_queued_job_is_cancelled_at_once() {
    let server = Server::start().await;
    for body in [json!({}), json!({"only": "queued"}), json!({"only": null})] {
        let id = server.submit().await;
        let response = server.post(&path(&id), &body).await;
        assert_eq!(response.status(), 200);
        let decision: Value = response.json().await.unwrap();
        assert_eq!(decision, json!({"id": id, "outcome": "cancelled"}));
        let job = server.job(&id).await;
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&json!("cancelled"), &json!(0))
        );
    }
}

#[tokio::test]
async fn a_running_job_stops_first() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;

    let refused = problem(server.post(&path(&id), &json!({"only": "queued"})).await).await;
    assert_eq!(
        (&refused["code"], &refused["state"]),
        (&json!("cancel_refused"), &json!("running"))
    );

    // A body is not needed.
    let response = server
        .request(Method::POST, &path(&id))
        .send()
        .await
        .unwrap();
    let decision: Value = response.json().await.unwrap();
    assert_eq!(decision, json!({"id": id, "outcome": "stopping"}));
    assert_eq!(server.job(&id).await["state"], "stopping");

    let again = problem(server.post(&path(&id), &json!({})).await).await;
    assert_eq!(
        (&again["status"], &again["state"]),
        (&json!(409), &json!("stopping"))
    );

    server.end(claim.job.id, 1, Ending::Stopped).await;
    assert_eq!(server.job(&id).await["state"], "cancelled");
}

#[tokio::test]
async fn a_job_that_has_ended_refuses() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    server.succeed(&claim, vec![done("out.mp4")]).await;
    let refused = problem(server.post(&path(&id), &json!({})).await).await;
    assert_eq!(
        (&refused["status"], &refused["state"]),
        (&json!(409), &json!("succeeded"))
    );
}

#[tokio::test]
async fn a_cancel_refuses_unknown_jobs_and_fields() {
    let server = Server::start().await;
    for id in ["00000000000000000000000000000000", "nonsense"] {
        let response = server.post(&path(id), &json!({})).await;
        assert_problem(response, 404, "not_found", "").await;
    }
    let id = server.submit().await;
    let response = server.post(&path(&id), &json!({"force": true})).await;
    assert_problem(response, 400, "unknown_field", "force").await;
    let response = server.post(&path(&id), &json!({"only": "running"})).await;
    assert_problem(response, 400, "invalid_request", "only").await;
}
