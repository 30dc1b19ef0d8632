//! Accounts, features, limits and projects, for operators.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

#[tokio::test]
async fn a_new_account_can_be_used_with_what_its_creation_answers() {
    let server = Server::start().await;
    let response = server
        .post("/api/v1/accounts", &json!({"name": "films"}))
        .await;
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let opened: Value = response.json().await.unwrap();
    let id = opened["id"].as_str().unwrap();
    assert_eq!(location, format!("/api/v1/accounts/{id}"));
    assert_eq!(
        (&opened["name"], &opened["features"]),
        (&json!("films"), &json!([]))
    );
    let credentials = &opened["credentials"];
    assert_eq!(credentials["account_id"], id);
    let key = credentials["api_key"].as_str().unwrap();
    let jobs = server
        .request_by(key, Method::GET, "/api/v1/jobs")
        .send()
        .await
        .unwrap();
    assert_eq!(jobs.status(), 200);
    let pipelines = server
        .request_by(key, Method::GET, "/api/v1/pipelines")
        .send()
        .await;
    let pipelines: Value = pipelines.unwrap().json().await.unwrap();
    assert_eq!(pipelines["pipelines"][0]["id"], credentials["pipeline_id"]);

    let shown = server.json(&format!("/api/v1/accounts/{id}")).await;
    assert_eq!(shown, server.json("/api/v1/accounts/films").await);
    assert!(shown.get("credentials").is_none());
    let again = server
        .post("/api/v1/accounts", &json!({"name": "films"}))
        .await;
    assert_problem(again, 409, "conflict", "").await;
}

#[tokio::test]
async fn accounts_are_listed_page_by_page() {
    let server = Server::start().await;
    for name in ["a", "b"] {
        let made = server
            .post("/api/v1/accounts", &json!({"name": name}))
            .await;
        assert_eq!(made.status(), 201);
    }
    let (mut names, mut path) = (Vec::new(), "/api/v1/accounts?limit=2".to_owned());
    loop {
        let page = server.json(&path).await;
        let accounts = page["accounts"].as_array().unwrap().iter();
        names.extend(accounts.map(|account| account["name"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            None => break,
            Some(cursor) => path = format!("/api/v1/accounts?limit=2&cursor={cursor}"),
        }
    }
    names.sort();
    assert_eq!(names, ["a", "b", "main"]);
}

#[tokio::test]
async fn features_are_turned_on_and_off() {
    let server = Server::start().await;
    server.other_account().await;
    let set = async |enabled: bool| {
        let path = "/api/v1/accounts/other/features/edge";
        let body = json!({"enabled": enabled});
        let response = server
            .request(Method::PUT, path)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        response.json::<Value>().await.unwrap()["features"].clone()
    };
    assert_eq!(set(true).await, json!(["edge"]));
    assert_eq!(set(true).await, json!(["edge"]));
    assert_eq!(set(false).await, json!([]));
    let path = "/api/v1/accounts/other/features/flying";
    let unknown = server
        .request(Method::PUT, path)
        .json(&json!({"enabled": true}));
    assert_problem(unknown.send().await.unwrap(), 404, "not_found", "").await;
    let path = "/api/v1/accounts/nobody/features/edge";
    let unknown = server
        .request(Method::PUT, path)
        .json(&json!({"enabled": true}));
    assert_problem(unknown.send().await.unwrap(), 404, "not_found", "").await;
    assert_eq!(
        server.json("/api/v1/accounts/main").await["features"],
        json!(["edge"])
    );
}

#[tokio::test]
async fn limits_show_what_was_set_and_go_back_to_the_default() {
    let server = Server::start().await;
    let path = "/api/v1/accounts/main/limits";
    let default = |action: &str| json!({"action": action, "limit": "60/min", "default": "60/min", "is_set": false});
    let [create, set] = ["reelgate:CreateUser", "reelgate:SetPassword"].map(default);
    let defaults = json!({"limits": [create, set]});
    assert_eq!(server.json(path).await, defaults);
    let put = async |action: &str, limit: &str| {
        let request = server.request(Method::PUT, &format!("{path}/{action}"));
        request.json(&json!({"limit": limit})).send().await.unwrap()
    };
    assert_eq!(put("reelgate:GetJob", "6000/min").await.status(), 200);
    assert_eq!(put("reelgate:GetJob", "unlimited").await.status(), 200);
    let limits = server.json(path).await;
    assert_eq!(
        limits["limits"],
        json!([
        create,
        {"action": "reelgate:GetJob", "limit": "unlimited", "default": "unlimited", "is_set": true},
        set])
    );
    for limit in [
        "",
        "0/s",
        "-1/s",
        "1.5/s",
        "1/w",
        "100",
        "100/",
        "+1/s",
        "99999999999/s",
        "UNLIMITED",
    ] {
        assert_problem(
            put("reelgate:GetJob", limit).await,
            400,
            "invalid_request",
            "limit",
        )
        .await;
    }
    for action in [
        "reelgate:Fly",
        "GetJob",
        "getjob",
        "reelgate:getjob",
        "nobody:GetJob",
    ] {
        assert_problem(put(action, "1/s").await, 404, "not_found", "").await;
    }
    let reset = server.request(Method::DELETE, &format!("{path}/reelgate:GetJob"));
    assert_eq!(reset.send().await.unwrap().status(), 204);
    assert_eq!(server.json(path).await, defaults);
}

#[tokio::test]
async fn a_project_comes_with_a_pipeline() {
    let server = Server::start().await;
    let other = server.other_account().await;
    let make = async |query: &str| {
        let path = format!("/api/v1/projects{query}");
        server.post(&path, &json!({"name": "trailers"})).await
    };
    let made = make("?account=other").await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    assert_eq!(
        (&made["name"], &made["account"]),
        (&json!("trailers"), &other["id"])
    );
    assert_problem(make("?account=other").await, 409, "conflict", "").await;
    assert_eq!(make("").await.status(), 201);
    let key = other["credentials"]["api_key"].as_str().unwrap();
    let path = "/api/v1/pipelines?limit=100";
    let pipelines = server
        .request_by(key, Method::GET, path)
        .send()
        .await
        .unwrap();
    let pipelines = pipelines.text().await.unwrap();
    assert!(
        pipelines.contains(&format!("mpc-{}", made["id"].as_str().unwrap())),
        "{pipelines}"
    );
    let projects = server.json("/api/v1/projects?account=other").await;
    assert_eq!(projects["projects"].as_array().unwrap().len(), 2);
    assert_problem(make("?account=nobody").await, 404, "not_found", "").await;
    assert_problem(make("?account=").await, 404, "not_found", "").await;
}
