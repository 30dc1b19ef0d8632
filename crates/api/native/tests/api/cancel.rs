//! Cancelling: what is queued, what runs, what has ended, and waiting for the end of it.

use std::time::{Duration, Instant};

use reelgate_domain::job::StopMode;
use reelgate_store::BeatAnswer;
use reelgate_testkit::done;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::{GONE_AT, Server, assert_problem, problem};

fn path(id: &str) -> String {
    format!("/api/v1/jobs/{id}/cancel")
}

async fn decision(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

fn decided(id: &str, outcome: &str, from: &str, mode: &str) -> Value {
    json!({
        "id": id, "outcome": outcome, "from": from, "mode": mode,
        "processes_gone_at": null, "killed": null,
    })
}

#[tokio::test]
async fn a_queued_job_is_cancelled_at_once() {
    let server = Server::start().await;
    for body in [
        json!({}),
        json!({"only": "queued"}),
        json!({"only": null, "mode": null}),
        json!({"only": "queued", "mode": "graceful"}),
    ] {
        let id = server.submit().await;
        let response = server.post(&path(&id), &body).await;
        let expected = decided(&id, "cancelled", "queued", "graceful");
        assert_eq!(decision(response).await, expected, "{body}");
        let job = server.job(&id).await;
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&json!("cancelled"), &json!(0))
        );
    }
    let id = server.submit().await;
    let waiting = format!("{}?wait=60s&mode=now", path(&id));
    let decision = decision(server.post(&waiting, &json!({})).await).await;
    assert_eq!(decision, decided(&id, "cancelled", "queued", "now"));
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
    let request = server.request(Method::POST, &path(&id));
    let first = decision(request.send().await.unwrap()).await;
    assert_eq!(first, decided(&id, "stopping", "running", "graceful"));
    assert_eq!(server.job(&id).await["state"], "stopping");

    let again = problem(server.post(&path(&id), &json!({})).await).await;
    assert_eq!(
        (&again["status"], &again["state"]),
        (&json!(409), &json!("stopping"))
    );

    server.stopped(&claim, false).await;
    assert_eq!(server.job(&id).await["state"], "cancelled");
}

#[tokio::test]
async fn whoever_asked_politely_may_lose_patience_but_not_find_it_again() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    let ask = async |mode: &str| server.post(&path(&id), &json!({"mode": mode})).await;
    assert_eq!(
        decision(ask("graceful").await).await,
        decided(&id, "stopping", "running", "graceful")
    );
    assert_eq!(
        server.beat(&claim).await,
        BeatAnswer::Stop(StopMode::Graceful)
    );
    assert_eq!(
        decision(ask("now").await).await,
        decided(&id, "stopping", "stopping", "now")
    );
    assert_eq!(server.beat(&claim).await, BeatAnswer::Stop(StopMode::Now));
    for mode in ["now", "graceful"] {
        let refused = problem(ask(mode).await).await;
        assert_eq!(refused["state"], "stopping", "{mode}");
    }
    assert_eq!(server.beat(&claim).await, BeatAnswer::Stop(StopMode::Now));
}

#[tokio::test]
async fn the_mode_may_stand_in_the_query_or_in_the_body() {
    let server = Server::start().await;
    for (query, body, mode) in [
        ("", json!({"mode": "now"}), "now"),
        ("?mode=now", json!({}), "now"),
        ("?mode=now", json!({"mode": "now"}), "now"),
        ("?mode=graceful", json!({}), "graceful"),
    ] {
        let id = server.submit().await;
        let response = server.post(&format!("{}{query}", path(&id)), &body).await;
        assert_eq!(decision(response).await["mode"], mode, "{query} {body}");
    }
    let id = server.submit().await;
    for (query, body) in [
        ("?mode=now", json!({"mode": "graceful"})),
        ("?mode=graceful", json!({"mode": "now"})),
        ("?mode=soon", json!({})),
        ("?mode=now&mode=now", json!({})),
        ("", json!({"mode": "kill"})),
    ] {
        let response = server.post(&format!("{}{query}", path(&id)), &body).await;
        assert_problem(response, 400, "invalid_request", "mode").await;
    }
    for (query, field) in [("?only=queued", "only"), ("?wait=61s", "wait")] {
        let response = server
            .post(&format!("{}{query}", path(&id)), &json!({}))
            .await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
    assert_eq!(server.job(&id).await["state"], "queued");
}

#[tokio::test]
async fn a_cancel_that_waits_tells_when_the_processes_were_gone() {
    for killed in [false, true] {
        let server = Server::start().await;
        let id = server.submit().await;
        let claim = server.claim().await;
        let body = json!({"mode": "now"});
        let request = server.request(Method::POST, &format!("{}?wait=60s", path(&id)));
        let waiting = tokio::spawn(request.json(&body).send());
        server.until_stopping(&id).await;
        server.stopped(&claim, killed).await;
        let mut expected = decided(&id, "cancelled", "running", "now");
        expected["processes_gone_at"] = json!(GONE_AT);
        expected["killed"] = json!(killed);
        assert_eq!(decision(waiting.await.unwrap().unwrap()).await, expected);
    }
}

#[tokio::test]
async fn a_cancel_waits_no_longer_than_it_may() {
    let server = Server::start().await;
    let id = server.submit().await;
    server.claim().await;
    let asked = Instant::now();
    let response = server
        .post(&format!("{}?wait=1s", path(&id)), &json!({}))
        .await;
    let expected = decided(&id, "stopping", "running", "graceful");
    assert_eq!(decision(response).await, expected);
    assert!(asked.elapsed() >= Duration::from_secs(1));
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
