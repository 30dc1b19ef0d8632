//! What nobody should send to the calls about access: each gets a problem of its own, and nothing changes.

use reelgate_api_native::routes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem, problem};

/// All calls about access that take a body, with one that they accept.
fn calls_with_bodies() -> Vec<(Method, &'static str, Value)> {
    let trust = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"RAM": ["acs:ram::1234567890123456:root"]}}]});
    vec![
        (Method::POST, "/accounts", json!({"name": "new"})),
        (
            Method::PUT,
            "/accounts/main/features/edge",
            json!({"enabled": true}),
        ),
        (
            Method::PUT,
            "/accounts/main/limits/reelgate:GetJob",
            json!({"limit": "1/s"}),
        ),
        (
            Method::PUT,
            "/accounts/main/retention/jobs",
            json!({"days": 7}),
        ),
        (Method::POST, "/projects", json!({"name": "new"})),
        (Method::POST, "/keys", json!({"kind": "api"})),
        (Method::PATCH, "/keys/rgk-none", json!({"active": false})),
        (
            Method::POST,
            "/keys/rgk-none/rotate",
            json!({"overlap_seconds": 1}),
        ),
        (Method::POST, "/users", json!({"name": "new"})),
        (
            Method::PUT,
            "/users/admin/password",
            json!({"password": "long enough for it"}),
        ),
        (
            Method::POST,
            "/policy-check",
            json!({"user": "admin", "action": "a:B", "resource": "*"}),
        ),
        (Method::PUT, "/roles/new", json!({"trust": trust})),
        (Method::POST, "/master-key/rotate", json!({})),
    ]
}

pub(crate) async fn send(
    server: &Server,
    method: &Method,
    path: &str,
    body: Vec<u8>,
) -> reqwest::Response {
    let path = format!("/api/v1{path}");
    server
        .request(method.clone(), &path)
        .body(body)
        .send()
        .await
        .unwrap()
}

/// What the calls could have changed.
async fn state(server: &Server) -> Vec<Value> {
    let mut state = Vec::new();
    for path in [
        "accounts",
        "accounts/main/limits",
        "projects",
        "keys",
        "users",
        "policies",
        "roles",
    ] {
        state.push(server.json(&format!("/api/v1/{path}")).await);
    }
    state
}

#[tokio::test]
async fn every_call_with_a_body_is_in_these_tests() {
    let bodies = calls_with_bodies();
    let without = ["PutPolicy", "AttachUserPolicy", "AttachRolePolicy", "Prune"];
    for route in routes::all() {
        let about_access = route.changes_access || route.action == "CheckPolicy";
        if !about_access || route.method == "DELETE" || without.contains(&route.action) {
            continue;
        }
        let fits = |path: &str| {
            let (wanted, given) = (route.path.split('/'), path.split('/'));
            wanted.clone().count() == given.clone().count()
                && wanted
                    .zip(given)
                    .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
        };
        let found = bodies
            .iter()
            .any(|(method, path, _)| *method == route.method && fits(path));
        assert!(found, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_or_too_much_of_it_are_refused() {
    let server = Server::start().await;
    let before = state(&server).await;
    for (method, path, good) in calls_with_bodies() {
        let good = good.to_string();
        let member = good.strip_suffix('}').unwrap();
        let comma = if member == "{" { "" } else { "," };
        let nested = format!(
            "{member}{comma}\"deep\":{}1{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        let first = good.split(':').next().unwrap().to_owned();
        let twice = format!("{first}:null,{}", &good[1..]);
        let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
            (
                "cut off",
                good.as_bytes()[..good.len() - 1].to_vec(),
                &["invalid_json"],
            ),
            (
                "something after it",
                format!("{good} x").into_bytes(),
                &["invalid_json"],
            ),
            ("no text", b"{\"\xff\": 1}".to_vec(), &["invalid_json"]),
            (
                "compressed",
                b"\x1f\x8b\x08\0\0\0\0\0".to_vec(),
                &["invalid_json"],
            ),
            (
                "brackets",
                "[".repeat(10_000).into_bytes(),
                &["invalid_json"],
            ),
            (
                "nested",
                nested.into_bytes(),
                &["unknown_field", "invalid_json"],
            ),
            ("a list", b"[]".to_vec(), &["invalid_request"]),
            (
                "another member",
                format!("{member}{comma}\"colour\":1}}").into_bytes(),
                &["unknown_field"],
            ),
            ("a text", b"\"x\"".to_vec(), &["invalid_request"]),
            ("null", b"null".to_vec(), &["invalid_request"]),
            (
                "a member twice",
                twice.into_bytes(),
                &["invalid_request", "invalid_json"],
            ),
        ];
        for (name, body, codes) in cases {
            if name == "a member twice" && member == "{" {
                continue;
            }
            let found = problem(send(&server, &method, path, body).await).await;
            let code = found["code"].as_str().unwrap();
            assert!(codes.contains(&code), "{method} {path}, {name}: {found}");
            assert_eq!(found["status"], 400, "{method} {path}, {name}");
        }
        let long = format!(
            "{member}{comma}\"long\":\"{}\"}}",
            "x".repeat(2 * 1024 * 1024)
        );
        let long = send(&server, &method, path, long.into_bytes()).await;
        assert_problem(long, 413, "too_large", "").await;
        // What is missing is named, unless nothing has to be there.
        let optional = ["/keys/rgk-none/rotate", "/master-key/rotate"];
        if !optional.contains(&path) {
            let found = problem(send(&server, &method, path, b"{}".to_vec()).await).await;
            assert_eq!(found["code"], "invalid_request", "{found}");
            let first = first.trim_matches(['{', '"']);
            assert_eq!(found["field"], first, "{method} {path}");
        }
    }
    assert_eq!(state(&server).await, before);
}

#[tokio::test]
async fn query_parameters_that_mean_nothing_or_come_twice_are_refused() {
    let server = Server::start().await;
    let before = state(&server).await;
    let bodies = calls_with_bodies();
    for route in routes::all() {
        let section = route.served.documentation;
        if ![
            "accounts",
            "limits",
            "projects",
            "keys",
            "users",
            "policies",
            "roles",
            "audit",
            "master-key",
            "operations",
            "error-centre",
        ]
        .iter()
        .any(|end| section.ends_with(&format!("#{end}")))
        {
            continue;
        }
        let path = route
            .path
            .replace("{account}", "main")
            .replace("{user}", "admin")
            .replace("{feature}", "edge")
            .replace("{action}", "reelgate:GetJob")
            .replace("{policy}", "AdministratorAccess")
            .replace("{role}", "new")
            .replace("{id}", "rgk-none")
            .replace("{code}", "throttled");
        let body = bodies
            .iter()
            .find(|(method, known, _)| *method == route.method && *known == path);
        let body = body
            .map(|(_, _, body)| body.to_string())
            .unwrap_or_default();
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let twice = "account=main&account=main";
        let queries = [("colour=red", "colour"), ("%FF=1", ""), ("colour=%FF", "")];
        let twice = route.takes_account.then_some((twice, "account"));
        for (query, field) in queries.into_iter().chain(twice) {
            let path = format!("{path}?{query}");
            let found =
                problem(send(&server, &method, &path, body.clone().into_bytes()).await).await;
            let shown = (
                found["code"].as_str().unwrap(),
                found["field"].as_str().unwrap_or_default(),
            );
            assert_eq!(
                shown,
                ("invalid_request", field),
                "{method} {path}: {found}"
            );
        }
    }
    assert_eq!(state(&server).await, before);
}

#[tokio::test]
async fn names_out_of_rule_are_refused_in_bodies_and_name_nothing_in_paths() {
    let server = Server::start().await;
    let before = state(&server).await;
    let long = "x".repeat(65);
    let names = [
        "",
        ".",
        "..",
        " ",
        "a b",
        "a/b",
        "ä",
        "a:b",
        "a*",
        "*",
        "a\nb",
        "a\u{0}b",
        &long,
        &"x".repeat(100_000),
    ];
    for name in names {
        for path in ["/accounts", "/projects", "/users"] {
            let found = server
                .post(&format!("/api/v1{path}"), &json!({"name": name}))
                .await;
            let text = found.text().await.unwrap();
            assert!(text.len() < 4096, "a refusal repeats only so much");
            let found: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (&found["code"], &found["field"]),
                (&json!("invalid_request"), &json!("name")),
                "{path} {name:.20?}"
            );
        }
        // Clients leave these out of addresses, or shorten them.
        if ["", ".", ".."].contains(&name) || name.len() > 10_000 {
            continue;
        }
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in ["users", "roles", "policies"] {
            let found = send(
                &server,
                &Method::GET,
                &format!("/{path}/{encoded}"),
                Vec::new(),
            )
            .await;
            assert_problem(found, 404, "not_found", "").await;
        }
        let policy = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let found = send(
            &server,
            &Method::PUT,
            &format!("/policies/{encoded}"),
            policy.to_string().into_bytes(),
        )
        .await;
        assert_problem(found, 400, "invalid_request", "policy").await;
        let found = send(
            &server,
            &Method::PUT,
            &format!("/users/admin/policies/{encoded}"),
            Vec::new(),
        )
        .await;
        assert_problem(found, 404, "not_found", "").await;
    }
    // An account that is called like the id of another would stand for that one.
    let like_an_id = server
        .post("/api/v1/accounts", &json!({"name": "1234567890123456"}))
        .await;
    assert_problem(like_an_id, 400, "invalid_request", "name").await;
    for path in ["/users/%FF", "/policies/%FF", "/keys/%FF/rotate"] {
        let method = if path.ends_with("rotate") {
            Method::POST
        } else {
            Method::GET
        };
        let found = send(&server, &method, path, Vec::new()).await;
        assert_problem(found, 400, "invalid_request", "").await;
    }
    assert_eq!(state(&server).await, before);
}

#[tokio::test]
async fn values_out_of_range_are_refused_with_their_field() {
    let server = Server::start().await;
    let before = state(&server).await;
    let calls = calls_with_bodies();
    let roles = calls.iter().find(|(_, path, _)| *path == "/roles/new");
    let trust = &roles.unwrap().2["trust"];
    for (method, path, body, field) in [
        (
            Method::PUT,
            "/accounts/main/features/edge",
            json!({"enabled": "yes"}),
            "enabled",
        ),
        (
            Method::PUT,
            "/accounts/main/limits/reelgate:GetJob",
            json!({"limit": 100}),
            "limit",
        ),
        (Method::POST, "/keys", json!({"kind": "wooden"}), "kind"),
        (
            Method::POST,
            "/keys",
            json!({"kind": "api", "user": "a/b"}),
            "user",
        ),
        (
            Method::POST,
            "/keys",
            json!({"kind": "api", "operator": 1}),
            "operator",
        ),
        (
            Method::POST,
            "/users",
            json!({"name": "new", "password": "short"}),
            "password",
        ),
        (
            Method::POST,
            "/users",
            json!({"name": "new", "password": 12_345_678}),
            "password",
        ),
        (
            Method::POST,
            "/policy-check",
            json!({"user": "admin", "action": "", "resource": "*"}),
            "action",
        ),
        (
            Method::POST,
            "/policy-check",
            json!({"user": "admin", "action": "a".repeat(129), "resource": "*"}),
            "action",
        ),
        (
            Method::POST,
            "/policy-check",
            json!({"user": "admin", "action": "a:B", "resource": "é".repeat(1025)}),
            "resource",
        ),
        (
            Method::POST,
            "/policy-check",
            json!({"user": "admin", "action": "a:B", "resource": ""}),
            "resource",
        ),
        (
            Method::POST,
            "/policy-check",
            json!({"user": "admin", "action": "a:B", "resource": "*", "source_ip": "10.0.0.0/8"}),
            "source_ip",
        ),
        (
            Method::PUT,
            "/roles/new",
            json!({"trust": trust, "max_session_seconds": 899}),
            "max_session_seconds",
        ),
        (
            Method::PUT,
            "/roles/new",
            json!({"trust": trust, "max_session_seconds": 43_201}),
            "max_session_seconds",
        ),
        (
            Method::PUT,
            "/roles/new",
            json!({"trust": trust, "max_session_seconds": -1}),
            "max_session_seconds",
        ),
        (Method::PUT, "/roles/new", json!({"trust": "{}"}), "trust"),
        (Method::PUT, "/roles/new", json!({"trust": {}}), "trust"),
    ] {
        let response = send(&server, &method, path, body.to_string().into_bytes()).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
    for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=1"] {
        let field = query.split('=').next().unwrap();
        let response = server.get(&format!("/api/v1/accounts?{query}")).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
    assert_eq!(state(&server).await, before);
}
