//! Queueing failed jobs again.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::OutputResult;
use reelgate_testkit::{done, object};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem, problem};

fn path(id: &str) -> String {
    format!("/api/v1/jobs/{id}/retry")
}

fn fault() -> Fault {
    Fault::new(FaultCode::SourceMissing, "in.mp4 does not exist").with_log_tail("no such file")
}

/// A job that has failed, in a pipeline that this call makes.
async fn failed(server: &Server, pipeline: &str) -> String {
    let made = server
        .post("/api/v1/pipelines", &json!({"name": pipeline}))
        .await;
    assert_eq!(made.status(), 201);
    let body = json!({
        "input": "oss://media/in.mp4", "pipeline": pipeline,
        "outputs": [{"object": "oss://media/out.mp4", "preset": "web-360p"}],
    });
    let job: Value = server
        .post("/api/v1/jobs", &body)
        .await
        .json()
        .await
        .unwrap();
    let claim = server.claim().await;
    let result = OutputResult::Failed {
        object: object("out.mp4"),
        fault: fault(),
    };
    server.fail(&claim, fault(), vec![result]).await;
    job["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_failed_job_is_queued_again_as_if_it_had_never_started() {
    let server = Server::start().await;
    let id = failed(&server, "night").await;
    let before = server.job(&id).await;
    assert_eq!(before["state"], "failed");

    let response = server.post(&path(&id), &json!({})).await;
    assert_eq!(response.status(), 200);
    let job: Value = response.json().await.unwrap();
    let mut expected = before.clone();
    for field in ["started_at", "finished_at", "fault"] {
        expected[field] = Value::Null;
    }
    expected["state"] = json!("queued");
    expected["outputs"][0]["state"] = json!("queued");
    expected["outputs"][0]["fault"] = Value::Null;
    expected.as_object_mut().unwrap().remove("waiting");
    assert_eq!(job, expected);
    let log = server.get(&format!("/api/v1/jobs/{id}/log")).await;
    assert_eq!(log.text().await.unwrap(), "");

    // The next attempt has a number that no earlier one had.
    let claim = server.claim().await;
    assert_eq!(claim.job.lifecycle.attempt, 2);
    server.succeed(&claim, vec![done("out.mp4")]).await;
    assert_eq!(server.job(&id).await["state"], "succeeded");
}

#[tokio::test]
async fn a_job_that_is_queued_again_can_be_cancelled_as_one_that_never_started() {
    let server = Server::start().await;
    let id = failed(&server, "night").await;
    // A body is not needed.
    let request = server.request(Method::POST, &path(&id));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let cancel = format!("/api/v1/jobs/{id}/cancel");
    let cancelled = server.post(&cancel, &json!({"only": "queued"})).await;
    assert_eq!(cancelled.status(), 200);

    let refused = problem(server.post(&path(&id), &json!({})).await).await;
    assert_eq!(
        (&refused["status"], &refused["code"], &refused["state"]),
        (&json!(409), &json!("retry_refused"), &json!("cancelled"))
    );
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.ends_with("submit it anew"), "{detail}");
}

#[tokio::test]
async fn only_a_failed_job_is_queued_again() {
    let server = Server::start().await;
    let id = server.submit().await;
    let refused = async |state: &str| {
        let refused = problem(server.post(&path(&id), &json!({})).await).await;
        assert_eq!(
            (&refused["status"], &refused["code"], &refused["state"]),
            (&json!(409), &json!("retry_refused"), &json!(state))
        );
    };
    refused("queued").await;
    let claim = server.claim().await;
    refused("running").await;
    server.succeed(&claim, vec![done("out.mp4")]).await;
    refused("succeeded").await;
}

#[tokio::test]
async fn a_job_of_a_deleted_pipeline_stays_failed() {
    let server = Server::start().await;
    let id = failed(&server, "night").await;
    let deleted = server.request(Method::DELETE, "/api/v1/pipelines/night");
    assert_eq!(deleted.send().await.unwrap().status(), 204);
    let refused = problem(server.post(&path(&id), &json!({})).await).await;
    assert_eq!(
        (&refused["status"], &refused["code"], &refused["state"]),
        (&json!(409), &json!("retry_refused"), &json!("failed"))
    );
    assert!(refused["detail"].as_str().unwrap().contains("was deleted"));
    assert_eq!(server.job(&id).await["state"], "failed");
}

#[tokio::test]
async fn a_retry_refuses_unknown_jobs_and_fields() {
    let server = Server::start().await;
    for id in ["00000000000000000000000000000000", "nonsense"] {
        let response = server.post(&path(id), &json!({})).await;
        assert_problem(response, 404, "not_found", "").await;
    }
    let id = failed(&server, "night").await;
    let response = server.post(&path(&id), &json!({"attempts": 3})).await;
    assert_problem(response, 400, "unknown_field", "attempts").await;
    assert_eq!(server.job(&id).await["state"], "failed");
}
