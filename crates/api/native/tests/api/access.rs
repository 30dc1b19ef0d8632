//! Keys, request ids, unknown routes, wrong methods, headers that are not built.

use reelgate_api_native::routes;
use reqwest::Method;

use crate::server::{Server, assert_problem};

#[tokio::test]
async fn every_route_wants_a_key_and_says_so() {
    let server = Server::start().await;
    for route in routes::all() {
        let (method, path) = (
            Method::from_bytes(route.method.as_bytes()).unwrap(),
            route.path,
        );
        let path = &example_path(path);
        let bare = server.anonymous(method.clone(), path).send().await.unwrap();
        assert_eq!(
            bare.headers()["www-authenticate"],
            "Bearer realm=\"reelgate\""
        );
        if method != Method::HEAD {
            assert_problem(bare, 401, "unauthenticated", "").await;
        }

        let wrong = server.anonymous(method.clone(), path);
        let wrong = wrong.bearer_auth("rgk_wrong");
        let wrong = wrong.send().await.unwrap();
        let challenge = wrong.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("invalid_token"), "{challenge}");
        if method != Method::HEAD {
            assert_problem(wrong, 401, "unauthenticated", "").await;
        }
    }
}

/// A path with something in the place of each parameter.
fn example_path(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix('{') {
        None => part,
        Some(_) => "0123",
    });
    format!("/api/v1{}", parts.collect::<Vec<_>>().join("/"))
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for path in ["/livez", "/api/v1/jobs", "/api/v1/nowhere"] {
        let response = server.get(path).await;
        ids.push(response.headers()["x-request-id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn unknown_paths_are_problems_and_other_apis_keep_theirs() {
    let server = Server::start().await;
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/nowhere",
        "/api/v1/jobs/x/y/z",
    ] {
        assert_problem(server.get(path).await, 404, "no_such_route", "").await;
    }
    assert_eq!(server.get("/").await.text().await.unwrap(), "another API");
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start().await;
    for (method, path, allowed) in [
        (Method::PUT, "/api/v1/jobs", "GET,HEAD,POST"),
        (Method::POST, "/api/v1/presets", "GET,HEAD"),
        (Method::POST, "/livez", "GET,HEAD"),
    ] {
        let response = server.request(method, path).send().await.unwrap();
        assert_eq!(response.headers()["allow"], allowed, "{path}");
        assert_problem(response, 405, "method_not_allowed", "").await;
    }
}

/// Of two keys one would be ignored, and which one would be anybody's guess.
#[tokio::test]
async fn a_call_with_two_keys_is_refused() {
    let server = Server::start().await;
    let key = &server.credentials.api_key;
    for second in [key.as_str(), "rgk_wrong", ""] {
        let request = server.request_by(key, Method::GET, "/api/v1/jobs");
        let request = request.header("Authorization", format!("Bearer {second}"));
        assert_problem(request.send().await.unwrap(), 401, "unauthenticated", "").await;
    }
}
