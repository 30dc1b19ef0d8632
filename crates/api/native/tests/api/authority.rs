//! What policies, limits and accounts let callers do.

use reelgate_api_native::routes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{MAX_FAILED_KEYS, Server, assert_problem, problem};

/// A policy with these statements.
fn policy(statements: Value) -> Value {
    json!({"Version": "1", "Statement": statements})
}

fn allowing(actions: &[&str], resource: &str) -> Value {
    policy(json!([{"Effect": "Allow", "Action": actions, "Resource": resource}]))
}

#[tokio::test]
async fn a_user_without_policies_may_call_nothing() {
    let server = Server::start().await;
    let key = server.user("alice", None).await;
    for route in routes::all() {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let parts = route
            .path
            .split('/')
            .map(|part| match part.strip_prefix('{') {
                None => part,
                Some(_) => "media",
            });
        let path = format!("/api/v1{}", parts.collect::<Vec<_>>().join("/"));
        // Refused before the body is looked at, and before anything is looked up.
        let response = server.request_by(&key, method.clone(), &path);
        let response = response.body("{").send().await.unwrap();
        assert_eq!(response.status(), 403, "{method} {path}");
        if method == Method::HEAD {
            continue;
        }
        let problem = problem(response).await;
        assert_eq!(problem["code"], "forbidden", "{problem}");
        assert_eq!(problem["action"], route.policy_action(), "{problem}");
        let account = &server.credentials.account_id;
        let principal = format!("acs:ram::{account}:user/alice");
        assert!(problem["detail"].as_str().unwrap().starts_with(&principal));
        if !route.operators_only {
            assert!(
                problem["resource"].as_str().unwrap().contains(account),
                "{problem}"
            );
        }
    }
}

#[tokio::test]
async fn each_route_is_opened_by_its_own_action_and_no_other() {
    let server = Server::start().await;
    let actions = ["reelgate:ListJobs", "reelgate:GetPipeline"];
    let key = server.user("alice", Some(&allowing(&actions, "*"))).await;
    for (path, status) in [
        ("/api/v1/jobs", 200),
        ("/api/v1/pipelines/default", 200),
        ("/api/v1/pipelines", 403),
        ("/api/v1/jobs/0123", 403),
        ("/api/v1/users", 403),
    ] {
        let response = server
            .request_by(&key, Method::GET, path)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
    let pause = server.request_by(&key, Method::PATCH, "/api/v1/pipelines/default");
    let pause = pause
        .json(&json!({"state": "paused"}))
        .send()
        .await
        .unwrap();
    assert_problem(pause, 403, "forbidden", "").await;
    assert_eq!(
        server.json("/api/v1/pipelines/default").await["state"],
        "active"
    );
}

#[tokio::test]
async fn objects_are_opened_key_by_key_and_a_denial_wins() {
    let server = Server::start().await;
    for key in ["in/a", "in/secret/b", "out/a", "in%2Fa"] {
        let path = format!("/api/v1/buckets/media/objects/{}", key.replace('%', "%25"));
        let stored = server
            .request(Method::PUT, &path)
            .body("x")
            .send()
            .await
            .unwrap();
        assert_eq!(stored.status(), 201, "{key}");
    }
    let statements = json!([
        {"Effect": "Allow", "Action": "reelgate:*Object", "Resource": "acs:reelgate:*:*:bucket/media/in/*"},
        {"Effect": "Deny", "Action": "reelgate:*", "Resource": "acs:reelgate:*:*:bucket/media/in/secret/*"},
    ]);
    let key = server.user("alice", Some(&policy(statements))).await;
    for (path, status) in [
        ("in/a", 200),
        // The same key in another spelling.
        ("i%6e/a", 200),
        ("in/secret/b", 403),
        ("in/%73ecret/b", 403),
        ("in/secret%2Fb", 403),
        ("out/a", 403),
        // Another key, which only looks like one below in/.
        ("in%252Fa", 403),
        ("in/none", 404),
        // No key at all, whatever the policy says of it.
        ("in/../out/a", 400),
    ] {
        let path = format!("/api/v1/buckets/media/objects/{path}");
        let response = raw(&server, &key, "GET", &path).await;
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {response}"
        );
    }
    let path = "/api/v1/buckets/media/objects/in/secret/b";
    let denied = server
        .request_by(&key, Method::DELETE, path)
        .send()
        .await
        .unwrap();
    let denied = problem(denied).await;
    assert_eq!(
        (&denied["policy"], &denied["statement"]),
        (&json!("of-alice"), &json!(1))
    );
    let account = &server.credentials.account_id;
    let resource = format!("acs:reelgate:*:{account}:bucket/media/in/secret/b");
    assert_eq!(denied["resource"], resource);
    assert!(
        denied["detail"]
            .as_str()
            .unwrap()
            .contains("Statement[1] of of-alice"),
        "{denied}"
    );
    assert_eq!(server.get(path).await.status(), 200);
}

/// A request whose path no library touches.
async fn raw(server: &Server, key: &str, method: &str, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(server.address())
        .await
        .unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_change_of_policy_counts_for_the_next_call() {
    let server = Server::start().await;
    let key = server
        .user("alice", Some(&allowing(&["reelgate:ListJobs"], "*")))
        .await;
    let list = async || {
        let response = server
            .request_by(&key, Method::GET, "/api/v1/jobs")
            .send()
            .await;
        response.unwrap().status().as_u16()
    };
    let put = async |document: Value| {
        let path = "/api/v1/policies/of-alice";
        let response = server
            .request(Method::PUT, path)
            .json(&document)
            .send()
            .await;
        assert_eq!(response.unwrap().status(), 200);
    };
    assert_eq!(list().await, 200);
    put(allowing(&["reelgate:ListUsers"], "*")).await;
    assert_eq!(list().await, 403);
    put(allowing(&["reelgate:*"], "*")).await;
    assert_eq!(list().await, 200);
    let path = "/api/v1/users/alice/policies/of-alice";
    let detached = server.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(detached.status(), 204);
    assert_eq!(list().await, 403);
    server
        .request(Method::DELETE, "/api/v1/users/alice")
        .send()
        .await
        .unwrap();
    assert_eq!(list().await, 401);
}

#[tokio::test]
async fn conditions_see_where_a_call_comes_from() {
    let server = Server::start().await;
    let from = |network: &str| {
        policy(
            json!([{"Effect": "Allow", "Action": "reelgate:ListJobs", "Resource": "*",
            "Condition": {"IpAddress": {"acs:SourceIp": network}, "Bool": {"acs:SecureTransport": "false"}}}]),
        )
    };
    let here = server.user("here", Some(&from("127.0.0.0/8"))).await;
    let there = server.user("there", Some(&from("10.0.0.0/8"))).await;
    for (key, status) in [(here, 200), (there, 403)] {
        let response = server
            .request_by(&key, Method::GET, "/api/v1/jobs")
            .send()
            .await;
        assert_eq!(response.unwrap().status(), status);
    }
}

#[tokio::test]
async fn what_is_for_operators_is_refused_whatever_the_policies_say() {
    let server = Server::start().await;
    let everything = allowing(&["*"], "*");
    let user = server.user("alice", Some(&everything)).await;
    let other = server.other_account().await;
    let root = other["credentials"]["api_key"].as_str().unwrap();
    for key in [&user, root] {
        for route in routes::all().iter().filter(|route| route.operators_only) {
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            let id = other["id"].as_str().unwrap();
            let path = format!("/api/v1{}", route.path.replace("{account}", id));
            let request = server.request_by(key, method, &path);
            let response = request.json(&json!({"name": "x"})).send().await.unwrap();
            let found = problem(response).await;
            assert_eq!(found["code"], "forbidden", "{path}: {found}");
            assert!(
                found["detail"].as_str().unwrap().contains("operators"),
                "{found}"
            );
        }
        for route in routes::all().iter().filter(|route| route.takes_account) {
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            let own = &server.credentials.account_id;
            let path = route.path.replace(['{', '}'], "");
            let request = server.request_by(key, method, &format!("/api/v1{path}?account={own}"));
            assert_problem(request.send().await.unwrap(), 403, "forbidden", "").await;
        }
    }
    assert_eq!(
        server.json("/api/v1/accounts").await["accounts"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn an_account_cannot_tell_that_another_s_things_exist() {
    let server = Server::start().await;
    let other = server.other_account().await;
    let other = other["credentials"]["api_key"].as_str().unwrap();
    server.user("alice", Some(&allowing(&["*"], "*"))).await;
    let trust = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"RAM": ["acs:ram::1234567890123456:root"]}}]});
    let role = server
        .request(Method::PUT, "/api/v1/roles/editor")
        .json(&json!({"trust": trust}));
    assert_eq!(role.send().await.unwrap().status(), 201);
    let job = server.submit().await;
    let pipeline = server.credentials.pipeline_id.clone();
    let keys = server.json("/api/v1/keys").await;
    let keys = keys["keys"].as_array().unwrap().iter();
    let mut cases: Vec<(Method, String, Value)> = keys
        .flat_map(|key| {
            let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
            [
                (Method::PATCH, path.clone(), json!({"active": false})),
                (Method::POST, format!("{path}/rotate"), json!({})),
                (Method::DELETE, path, Value::Null),
            ]
        })
        .collect();
    assert_eq!(cases.len(), 9);
    let put = server.request(Method::PUT, "/api/v1/buckets/media/objects/mine");
    assert_eq!(put.body("x").send().await.unwrap().status(), 201);
    for (method, path, body) in [
        (Method::GET, format!("/jobs/{job}"), Value::Null),
        (Method::GET, format!("/jobs/{job}/log"), Value::Null),
        (Method::GET, format!("/jobs/{job}/history"), Value::Null),
        (Method::POST, format!("/jobs/{job}/cancel"), json!({})),
        (Method::POST, format!("/jobs/{job}/retry"), json!({})),
        (Method::GET, format!("/pipelines/{pipeline}"), Value::Null),
        (
            Method::PATCH,
            format!("/pipelines/{pipeline}"),
            json!({"state": "paused"}),
        ),
        (
            Method::DELETE,
            format!("/pipelines/{pipeline}"),
            Value::Null,
        ),
        (
            Method::GET,
            "/buckets/media/objects/mine".to_owned(),
            Value::Null,
        ),
        (Method::GET, "/users/alice".to_owned(), Value::Null),
        (Method::DELETE, "/users/alice".to_owned(), Value::Null),
        (
            Method::PUT,
            "/users/alice/password".to_owned(),
            json!({"password": "longer than that"}),
        ),
        (
            Method::PUT,
            "/users/alice/policies/AdministratorAccess".to_owned(),
            Value::Null,
        ),
        (
            Method::DELETE,
            "/users/alice/policies/of-alice".to_owned(),
            Value::Null,
        ),
        (
            Method::PUT,
            "/users/admin/policies/of-alice".to_owned(),
            Value::Null,
        ),
        (Method::GET, "/policies/of-alice".to_owned(), Value::Null),
        (Method::DELETE, "/policies/of-alice".to_owned(), Value::Null),
        (Method::GET, "/roles/editor".to_owned(), Value::Null),
        (Method::DELETE, "/roles/editor".to_owned(), Value::Null),
        (
            Method::POST,
            "/policy-check".to_owned(),
            json!({"user": "alice", "action": "a:B", "resource": "*"}),
        ),
        (
            Method::POST,
            "/keys".to_owned(),
            json!({"kind": "api", "user": "alice"}),
        ),
    ] {
        cases.push((method, format!("/api/v1{path}"), body));
    }
    for (method, path, body) in cases {
        let request = server.request_by(other, method.clone(), &path);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        let found = problem(request.send().await.unwrap()).await;
        assert_eq!(found["code"], "not_found", "{method} {path}: {found}");
    }
    let input = json!({"input": "oss://media/mine", "pipeline": pipeline,
        "outputs": [{"object": "oss://media/o.mp4", "preset": "web-360p"}]});
    let submit = server
        .request_by(other, Method::POST, "/api/v1/jobs")
        .json(&input);
    assert_problem(submit.send().await.unwrap(), 404, "not_found", "pipeline").await;
    for list in ["users", "roles", "projects", "keys", "jobs"] {
        let path = format!("/api/v1/{list}");
        let response = server
            .request_by(other, Method::GET, &path)
            .send()
            .await
            .unwrap();
        let text = response.text().await.unwrap();
        for mine in ["alice", "editor", &job, &server.credentials.project_id] {
            assert!(!text.contains(mine), "{path}: {text}");
        }
    }
    assert_eq!(
        server.json("/api/v1/users/alice").await["policies"][0]["name"],
        "of-alice"
    );
}

#[tokio::test]
async fn a_limit_refuses_one_account_s_calls_of_one_action_and_says_when_to_come_again() {
    let server = Server::start().await;
    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    let path = format!(
        "/api/v1/accounts/{}/limits/reelgate:ListJobs",
        other["id"].as_str().unwrap()
    );
    let limit = server
        .request(Method::PUT, &path)
        .json(&json!({"limit": "3/h"}));
    let limit: Value = limit.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        limit,
        json!({"action": "reelgate:ListJobs", "limit": "3/h", "default": "unlimited", "is_set": true})
    );
    let list = async |key: &str, path: &str| {
        server
            .request_by(key, Method::GET, path)
            .send()
            .await
            .unwrap()
    };
    for _ in 0..3 {
        assert_eq!(list(key, "/api/v1/jobs").await.status(), 200);
    }
    let refused = list(key, "/api/v1/jobs").await;
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=1200).contains(&wait), "{wait}");
    assert_problem(refused, 429, "throttled", "").await;
    assert_eq!(list(key, "/api/v1/pipelines").await.status(), 200);
    assert_eq!(server.get("/api/v1/jobs").await.status(), 200);
    // Its users share it.
    let body = json!({"kind": "api", "user": "admin"});
    let made = server
        .request_by(key, Method::POST, "/api/v1/keys")
        .json(&body);
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let admin = made["secret"].as_str().unwrap();
    assert_problem(list(admin, "/api/v1/jobs").await, 429, "throttled", "").await;
    let reset = server.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(reset.status(), 204);
    assert_eq!(list(key, "/api/v1/jobs").await.status(), 200);
}

#[tokio::test]
async fn keys_that_are_none_are_limited_and_keep_out_nobody_else() {
    let server = Server::start().await;
    let mut refused = 0;
    let throttled = loop {
        // Failures are forgotten while these come, so it takes a few more on a slow machine.
        assert!(refused < 20 * MAX_FAILED_KEYS, "nothing is throttled");
        let key = format!("rgk_{refused}");
        let request = server.request_by(&key, Method::GET, "/api/v1/jobs");
        let response = request.send().await.unwrap();
        if response.status() != 401 {
            break response;
        }
        refused += 1;
    };
    assert!(refused >= MAX_FAILED_KEYS, "{refused}");
    assert!(throttled.headers().contains_key("retry-after"));
    assert_problem(throttled, 429, "throttled", "").await;
    assert_eq!(server.get("/api/v1/jobs").await.status(), 200);
}
