//! What queued jobs wait for, and calls that wait when the server ends.

use std::time::{Duration, Instant};

use reelgate_domain::job::{Fault, FaultCode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::Server;

/// The reason for which a job waits, or null.
async fn reason(server: &Server, id: &str) -> Value {
    let job = server.job(id).await;
    let waiting = job["waiting"].clone();
    assert!(job.as_object().unwrap().contains_key("waiting"));
    if waiting.is_object() {
        assert!(!waiting["detail"].as_str().unwrap().is_empty());
    }
    waiting["reason"].clone()
}

async fn change(server: &Server, change: Value) {
    let request = server.request(Method::PATCH, "/api/v1/pipelines/default");
    let response = request.json(&change).send().await.unwrap();
    assert_eq!(response.status(), 200, "{change}");
}

#[tokio::test]
async fn a_queued_job_says_what_keeps_it_from_starting() {
    let server = Server::start().await;
    let first = server.submit().await;
    let id = server.submit().await;
    let waits = async |expected: Value| assert_eq!(reason(&server, &id).await, expected);

    // No worker has said that it is there.
    waits(json!("slots")).await;
    server.service.slots().set(1, 2);
    waits(Value::Null).await;
    server.service.slots().set(0, 2);
    waits(json!("slots")).await;

    server.service.slots().set(1, 2);
    let holdups = server.service.holdups();
    holdups.set_all(Some("the disk is full".to_owned()));
    let shown = server.job(&id).await["waiting"].clone();
    let expected = json!({"reason": "scratch_space", "detail": "the disk is full"});
    assert_eq!(shown, expected);

    server.claim().await;
    assert_eq!(reason(&server, &first).await, Value::Null);
    change(&server, json!({"concurrency": 1})).await;
    waits(json!("pipeline_limit")).await;
    change(&server, json!({"state": "paused"})).await;
    waits(json!("pipeline_paused")).await;
    holdups.set_all(None);
    change(&server, json!({"state": "active", "concurrency": null})).await;
    waits(Value::Null).await;
}

/// What it needs is known only once its source has been probed.
#[tokio::test]
async fn a_job_that_has_started_may_wait_for_scratch_space() {
    let server = Server::start().await;
    let id = server.submit().await;
    server.claim().await;
    let (job, holdups) = (id.parse().unwrap(), server.service.holdups());
    holdups.set(job, "it wants 9 GB, and 1 GB is free".to_owned());
    let shown = server.job(&id).await;
    let expected = json!({"reason": "scratch_space", "detail": "it wants 9 GB, and 1 GB is free"});
    assert_eq!(
        (&shown["state"], &shown["waiting"]),
        (&json!("running"), &expected)
    );
    holdups.clear(job);
    assert_eq!(reason(&server, &id).await, Value::Null);
}

#[tokio::test]
async fn a_job_whose_attempt_failed_says_when_the_next_one_starts() {
    let server = Server::start().await;
    server.service.slots().set(2, 2);
    let id = server.submit().await;
    let claim = server.claim().await;
    let fault = Fault::new(FaultCode::EngineFailed, "it broke");
    server.fail(&claim, fault, Vec::new()).await;
    let waiting = server.job(&id).await["waiting"].clone();
    assert_eq!(waiting["reason"], "retry_delay");
    let detail = waiting["detail"].as_str().unwrap();
    let lead = "its next attempt starts at ";
    assert!(
        detail.starts_with(lead) && detail[lead.len()..].starts_with("20"),
        "{detail}"
    );
}

#[tokio::test]
async fn lists_do_not_say_what_jobs_wait_for() {
    let server = Server::start().await;
    server.submit().await;
    let listed = server.json("/api/v1/jobs").await;
    assert_eq!(listed["jobs"][0].get("waiting"), None);
}

/// They held up the server's end for as long as they had asked to wait.
#[tokio::test]
async fn calls_that_wait_answer_when_the_server_ends() {
    let server = Server::start().await;
    let id = server.submit().await;
    server.claim().await;
    let asked = Instant::now();
    let get = server.request(Method::GET, &format!("/api/v1/jobs/{id}?wait=60s"));
    let cancel = server.request(Method::POST, &format!("/api/v1/jobs/{id}/cancel?wait=60s"));
    let calls = [tokio::spawn(get.send()), tokio::spawn(cancel.send())];
    server.until_stopping(&id).await;
    server.service.stop_waiting();
    for (call, member) in calls.into_iter().zip(["state", "outcome"]) {
        let answer: Value = call.await.unwrap().unwrap().json().await.unwrap();
        assert_eq!(answer[member], "stopping");
    }
    assert!(asked.elapsed() < Duration::from_secs(50));
    // Those that come now do not wait, either.
    server.json(&format!("/api/v1/jobs/{id}?wait=60s")).await;
    assert!(asked.elapsed() < Duration::from_secs(50));
}
