//! What has happened to a job.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_store::Ending;
use reelgate_testkit::done;
use serde_json::{Value, json};

use crate::server::{GONE_AT, Server, assert_problem};

/// The events of a job, without their times but for those of processes that are gone.
async fn events(server: &Server, id: &str) -> Vec<Value> {
    let history = server.json(&format!("/api/v1/jobs/{id}/history")).await;
    let mut events = history["events"].as_array().unwrap().clone();
    for event in &mut events {
        let at = event["at"].as_str().unwrap().to_owned();
        assert_eq!((at.len(), &at[23..]), (24, "Z"));
        if event["event"] == "processes_gone" {
            assert_eq!(at, GONE_AT);
        }
        event.as_object_mut().unwrap().remove("at");
    }
    events
}

#[tokio::test]
async fn a_job_that_succeeds_was_queued_and_started() {
    let server = Server::start().await;
    let id = server.submit().await;
    assert_eq!(
        events(&server, &id).await,
        [json!({"attempt": 0, "event": "queued"})]
    );
    let claim = server.claim().await;
    server.succeed(&claim, vec![done("out.mp4")]).await;
    assert_eq!(
        events(&server, &id).await,
        [
            json!({"attempt": 0, "event": "queued"}),
            json!({"attempt": 1, "event": "started", "worker": "w"}),
            json!({"attempt": 1, "event": "succeeded"}),
        ]
    );
}

#[tokio::test]
async fn a_cancelled_job_tells_what_was_decided_and_when_its_processes_were_gone() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    let cancel = format!("/api/v1/jobs/{id}/cancel");
    for mode in ["graceful", "now"] {
        let asked = server.post(&cancel, &json!({"mode": mode})).await;
        assert_eq!(asked.status(), 200);
    }
    server.stopped(&claim, true).await;
    assert_eq!(
        events(&server, &id).await,
        [
            json!({"attempt": 0, "event": "queued"}),
            json!({"attempt": 1, "event": "started", "worker": "w"}),
            json!({"attempt": 1, "event": "cancel_accepted", "from": "running",
                   "decision": "stopping", "mode": "graceful"}),
            json!({"attempt": 1, "event": "cancel_accepted", "from": "stopping",
                   "decision": "stopping", "mode": "now"}),
            json!({"attempt": 1, "event": "processes_gone", "killed": true}),
            json!({"attempt": 1, "event": "cancelled"}),
        ]
    );
}

#[tokio::test]
async fn attempts_that_failed_or_were_handed_back_stay_in_the_history() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    server.end(claim.job.id, 1, Ending::GivenBack).await;
    let claim = server.claim().await;
    let fault = Fault::new(FaultCode::SourceUnreadable, "in.mp4 is not media");
    server.fail(&claim, fault, Vec::new()).await;
    let retried = server
        .post(&format!("/api/v1/jobs/{id}/retry"), &json!({}))
        .await;
    assert_eq!(retried.status(), 200);
    assert_eq!(
        events(&server, &id).await,
        [
            json!({"attempt": 0, "event": "queued"}),
            json!({"attempt": 1, "event": "started", "worker": "w"}),
            json!({"attempt": 1, "event": "given_back"}),
            json!({"attempt": 2, "event": "started", "worker": "w"}),
            json!({"attempt": 2, "event": "attempt_failed", "code": "source_unreadable",
                   "message": "in.mp4 is not media", "again": false}),
            json!({"attempt": 2, "event": "failed"}),
            json!({"attempt": 2, "event": "retried"}),
        ]
    );
}

#[tokio::test]
async fn a_job_that_does_not_exist_has_no_history() {
    let server = Server::start().await;
    for id in ["00000000000000000000000000000000", "nonsense"] {
        let response = server.get(&format!("/api/v1/jobs/{id}/history")).await;
        assert_problem(response, 404, "not_found", "").await;
    }
}
