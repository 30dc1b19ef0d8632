//! The header `Idempotency-Key`: what is made by a call with one is made once, whatever is sent again.

use std::collections::BTreeSet;

use reelgate_api_native::routes;
use reelgate_domain::job::{Fault, FaultCode};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::server::{Server, assert_problem, problem};

fn job() -> Value {
    let output = json!({"object": "oss://media/out.mp4", "preset": "web-360p"});
    json!({"input": "oss://media/in.mp4", "outputs": [output]})
}

async fn post(server: &Server, path: &str, key: &str, body: &Value) -> Response {
    let request = server.request(Method::POST, path);
    let request = request.header("Idempotency-Key", key).json(body);
    request.send().await.unwrap()
}

async fn jobs(server: &Server) -> usize {
    let listed = server.json("/api/v1/jobs").await;
    listed["jobs"].as_array().unwrap().len()
}

/// Makes a call twice; status, place and body of both answers, of which the second says that it is a repeat.
async fn twice(server: &Server, path: &str, body: &Value) -> [(u16, Option<String>, Value); 2] {
    let mut answers = Vec::new();
    for is_repeat in [false, true] {
        let response = post(server, path, path, body).await;
        let marked = response.headers().get("idempotency-replayed");
        assert_eq!(
            marked.is_some_and(|value| value == "true"),
            is_repeat,
            "{path}"
        );
        let place = response.headers().get("location");
        let place = place.map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        answers.push((status, place, response.json().await.unwrap()));
    }
    answers.try_into().unwrap()
}

#[tokio::test]
async fn a_submission_that_is_sent_again_is_answered_with_the_job_it_made() {
    let server = Server::start().await;
    let [first, again] = twice(&server, "/api/v1/jobs", &job()).await;
    assert_eq!(first.0, 201);
    assert_eq!(again, first);
    assert_eq!(jobs(&server).await, 1);
    // A quoted key is the same key, and the job is answered as it is by now.
    let claim = server.claim().await;
    let response = post(&server, "/api/v1/jobs", "\"/api/v1/jobs\"", &job()).await;
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["id"], claim.job.id.to_string());
    assert_eq!(answer["state"], "running");
    // Without a key each call makes a job, and so does one with another key.
    server.post("/api/v1/jobs", &job()).await;
    post(&server, "/api/v1/jobs", "other", &job()).await;
    assert_eq!(jobs(&server).await, 3);
}

#[tokio::test]
async fn of_sixteen_submissions_with_one_key_one_makes_a_job() {
    let server = Server::start().await;
    let mut calls = JoinSet::new();
    for _ in 0..16 {
        let request = server.request(Method::POST, "/api/v1/jobs");
        let request = request.header("Idempotency-Key", "k").json(&job());
        calls.spawn(async move {
            let response = request.send().await.unwrap();
            let replayed = response.headers().contains_key("idempotency-replayed");
            assert_eq!(response.status(), 201);
            let job: Value = response.json().await.unwrap();
            (job["id"].as_str().unwrap().to_owned(), replayed)
        });
    }
    let answers = calls.join_all().await;
    let ids: BTreeSet<_> = answers.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 1, "{answers:?}");
    let first = answers.iter().filter(|(_, replayed)| !replayed);
    assert_eq!(first.count(), 1);
    assert_eq!(jobs(&server).await, 1);
}

#[tokio::test]
async fn a_key_that_comes_with_another_request_is_refused() {
    let server = Server::start().await;
    assert_eq!(
        post(&server, "/api/v1/jobs", "k", &job()).await.status(),
        201
    );
    let mut other = job();
    other["priority"] = json!(9);
    for (path, body) in [
        ("/api/v1/jobs", other),
        ("/api/v1/jobs?a=1", job()),
        ("/api/v1/jobs", json!({"input": "nothing"})),
        ("/api/v1/pipelines", json!({"name": "p"})),
    ] {
        let response = post(&server, path, "k", &body).await;
        assert_problem(response, 422, "idempotency_key_reused", "").await;
    }
    assert_eq!(jobs(&server).await, 1);
    assert_eq!(server.json("/api/v1/pipelines").await["total"], 2);
}

#[tokio::test]
async fn keys_of_other_callers_are_other_keys() {
    let server = Server::start().await;
    assert_eq!(
        post(&server, "/api/v1/jobs", "k", &job()).await.status(),
        201
    );
    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    let request = server.request_by(key, Method::POST, "/api/v1/jobs");
    let request = request.header("Idempotency-Key", "k").json(&job());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert!(!response.headers().contains_key("idempotency-replayed"));
    assert_eq!(jobs(&server).await, 1);
}

#[tokio::test]
async fn a_refused_call_leaves_its_key_free() {
    let server = Server::start().await;
    let mut stray = job();
    stray["pipeline"] = json!("night");
    let response = post(&server, "/api/v1/jobs", "k", &stray).await;
    assert_problem(response, 404, "not_found", "pipeline").await;
    let night = json!({"name": "night"});
    let made = server.post("/api/v1/pipelines", &night).await;
    assert_eq!(made.status(), 201);
    assert_eq!(
        post(&server, "/api/v1/jobs", "k", &stray).await.status(),
        201
    );
}

#[tokio::test]
async fn whatever_has_no_secret_is_answered_again() {
    let server = Server::start().await;
    for (path, body) in [
        ("/api/v1/pipelines", json!({"name": "p"})),
        ("/api/v1/buckets", json!({"name": "films"})),
        (
            "/api/v1/users",
            json!({"name": "anna", "password": "secret-enough"}),
        ),
        ("/api/v1/projects", json!({"name": "films"})),
        ("/api/v1/clusters", json!({"name": "east"})),
    ] {
        let [first, again] = twice(&server, path, &body).await;
        assert_eq!((first.0, &again), (201, &first), "{path}");
    }
}

#[tokio::test]
async fn a_secret_is_not_shown_twice_and_nothing_is_made_twice() {
    let server = Server::start().await;
    let made = server
        .post("/api/v1/webhooks", &json!({"url": "https://example.com/a"}))
        .await;
    let webhook: Value = made.json().await.unwrap();
    let rotation = format!(
        "/api/v1/webhooks/{}/rotate",
        webhook["id"].as_str().unwrap()
    );
    for (number, (path, body, thing)) in [
        ("/api/v1/keys", json!({"kind": "access"}), "keys"),
        ("/api/v1/keys", json!({"kind": "api"}), "keys"),
        ("/api/v1/accounts", json!({"name": "films"}), "accounts"),
        (
            "/api/v1/webhooks",
            json!({"url": "https://example.com/b"}),
            "webhooks",
        ),
        (&rotation, json!({}), "webhooks"),
    ]
    .into_iter()
    .enumerate()
    {
        let key = number.to_string();
        let first = post(&server, path, &key, &body).await;
        assert!(first.status().is_success(), "{path}: {}", first.status());
        let first: Value = first.json().await.unwrap();
        let expected = format!("/api/v1/{thing}/{}", first["id"].as_str().unwrap());
        let again = post(&server, path, &key, &body).await;
        assert_eq!(again.headers()["idempotency-replayed"], "true", "{path}");
        let problem = problem(again).await;
        assert_eq!(problem["code"], "idempotency_key_done", "{problem}");
        assert_eq!(problem["made"], json!(expected), "{path}");
    }
    let listed = |what: &'static str| {
        let server = &server;
        async move {
            let list = server.json(&format!("/api/v1/{what}")).await;
            list[what].as_array().unwrap().len()
        }
    };
    // With those that the account began with.
    assert_eq!(listed("keys").await, 4);
    assert_eq!(listed("webhooks").await, 2);
    assert_eq!(listed("accounts").await, 2);
}

#[tokio::test]
async fn a_retry_is_not_made_twice() {
    let server = Server::start().await;
    let id = server.submit().await;
    let fail = async || {
        let claim = server.claim().await;
        let fault = Fault::new(FaultCode::SourceMissing, "in.mp4 does not exist");
        server.fail(&claim, fault, Vec::new()).await;
    };
    fail().await;
    let path = format!("/api/v1/jobs/{id}/retry");
    let first = post(&server, &path, "k", &json!({})).await;
    assert_eq!(first.status(), 200);
    fail().await;
    // It has failed again, and a repeat of the first wish is no second one.
    let again = post(&server, &path, "k", &json!({})).await;
    assert_eq!(again.status(), 200);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let job: Value = again.json().await.unwrap();
    assert_eq!(job["state"], "failed");
}

#[tokio::test]
async fn what_a_key_made_and_is_gone_is_not_made_again() {
    let server = Server::start().await;
    let body = json!({"name": "p"});
    let made = post(&server, "/api/v1/pipelines", "k", &body).await;
    let made: Value = made.json().await.unwrap();
    let path = format!("/api/v1/pipelines/{}", made["id"].as_str().unwrap());
    let deleted = server.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    let again = post(&server, "/api/v1/pipelines", "k", &body).await;
    let problem = problem(again).await;
    assert_eq!(problem["code"], "idempotency_key_done", "{problem}");
    assert_eq!(problem["made"], made["id"]);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_one_that_cannot_be_kept_too() {
    let server = Server::start().await;
    for key in ["", "a b", "\"a"] {
        let response = post(&server, "/api/v1/jobs", key, &job()).await;
        assert_problem(response, 400, "invalid_request", "").await;
    }
    assert_eq!(jobs(&server).await, 0);
    let response = post(&server, "/api/v1/master-key/rotate", "k", &json!({})).await;
    assert_problem(response, 501, "idempotency_key_not_supported", "").await;
}

#[tokio::test]
async fn calls_that_repeats_cannot_harm_take_a_key_and_need_none() {
    let server = Server::start().await;
    let id = server.submit().await;
    let cancel = format!("/api/v1/jobs/{id}/cancel");
    let first = post(&server, &cancel, "k", &json!({})).await;
    assert_eq!(first.status(), 200);
    // The same key with something else: it was not kept.
    assert_eq!(
        post(&server, "/api/v1/jobs", "k", &job()).await.status(),
        201
    );
    let read = server.request(Method::GET, "/api/v1/jobs");
    let read = read.header("Idempotency-Key", "k").send().await.unwrap();
    assert_eq!(read.status(), 200);
}

/// A new route that makes something has to say what a repeat of it does.
#[test]
fn calls_without_keys_are_those_that_repeats_cannot_harm() {
    let harmless = routes::all().iter().filter(|route| {
        route.method == "POST" && matches!(route.repeats, routes::Repeats::Harmless)
    });
    let harmless: BTreeSet<_> = harmless.map(|route| route.action).collect();
    let expected = [
        "CancelJob",
        "CheckPolicy",
        "CreatePlaylist",
        "LinkObject",
        "Prune",
    ];
    assert_eq!(harmless, BTreeSet::from(expected));
}
