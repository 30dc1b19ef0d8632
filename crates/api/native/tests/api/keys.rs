//! Keys: secrets that are shown once, switching off, rotation.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

async fn status(server: &Server, key: &str) -> u16 {
    let response = server
        .request_by(key, Method::GET, "/api/v1/presets")
        .send()
        .await;
    response.unwrap().status().as_u16()
}

async fn make(server: &Server, body: Value) -> Value {
    let response = server.post("/api/v1/keys", &body).await;
    assert_eq!(response.status(), 201, "{body}");
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_secret_is_in_the_answer_that_makes_it_and_nowhere_else() {
    let server = Server::start().await;
    server.user("alice", None).await;
    for (body, operator) in [
        (json!({"kind": "access"}), false),
        (json!({"kind": "access", "user": "alice"}), false),
        (json!({"kind": "api"}), false),
        (json!({"kind": "api", "user": "alice"}), false),
        (json!({"kind": "api", "operator": true}), true),
    ] {
        let made = make(&server, body.clone()).await;
        let (id, secret) = (
            made["id"].as_str().unwrap(),
            made["secret"].as_str().unwrap(),
        );
        assert!(secret.len() >= 30 && !secret.contains(id), "{body}");
        let user = body.get("user").cloned().unwrap_or(Value::Null);
        assert_eq!((&made["kind"], &made["user"]), (&body["kind"], &user));
        assert_eq!(
            (&made["operator"], &made["active"]),
            (&json!(operator), &json!(true))
        );
        let listed = server.get("/api/v1/keys").await.text().await.unwrap();
        assert!(listed.contains(id) && !listed.contains(secret));
        let path = format!("/api/v1/keys/{id}");
        let changed = server
            .request(Method::PATCH, &path)
            .json(&json!({"active": true}));
        let changed = changed.send().await.unwrap().text().await.unwrap();
        assert!(changed.contains(id) && !changed.contains(secret));
        let audit = server
            .get("/api/v1/audit?limit=1000")
            .await
            .text()
            .await
            .unwrap();
        assert!(!audit.contains(secret));
    }
}

#[tokio::test]
async fn keys_are_listed_by_user_and_kind() {
    let server = Server::start().await;
    server.user("alice", None).await;
    make(&server, json!({"kind": "access", "user": "alice"})).await;
    let count = async |query: &str| {
        let found = server.json(&format!("/api/v1/keys{query}")).await;
        found["keys"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 4);
    assert_eq!(count("?user=alice").await, 2);
    assert_eq!(count("?kind=access").await, 2);
    assert_eq!(count("?user=alice&kind=api").await, 1);
    let unknown = server.get("/api/v1/keys?user=nobody").await;
    assert_problem(unknown, 404, "not_found", "").await;
    let unknown = server.get("/api/v1/keys?kind=wooden").await;
    assert_problem(unknown, 400, "invalid_request", "kind").await;
}

#[tokio::test]
async fn a_disabled_key_is_refused_at_once_and_counts_again_when_enabled() {
    let server = Server::start().await;
    let made = make(&server, json!({"kind": "api"})).await;
    let (id, secret) = (
        made["id"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    let path = format!("/api/v1/keys/{id}");
    assert_eq!(status(&server, secret).await, 200);
    for (active, expected) in [(false, 401), (false, 401), (true, 200)] {
        let request = server.request(Method::PATCH, &path);
        let response = request
            .json(&json!({"active": active}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.json::<Value>().await.unwrap()["active"], active);
        assert_eq!(status(&server, secret).await, expected);
    }
    assert_eq!(
        server
            .request(Method::DELETE, &path)
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(status(&server, secret).await, 401);
    let gone = server.request(Method::DELETE, &path).send().await.unwrap();
    assert_problem(gone, 404, "not_found", "").await;
}

#[tokio::test]
async fn a_rotated_key_counts_for_its_overlap() {
    let server = Server::start().await;
    let made = make(&server, json!({"kind": "api", "operator": true})).await;
    let rotate = async |id: &Value, body: Value| {
        let path = format!("/api/v1/keys/{}/rotate", id.as_str().unwrap());
        server.post(&path, &body).await
    };
    let first = rotate(&made["id"], json!({"overlap_seconds": 600})).await;
    assert_eq!(first.status(), 201);
    assert_eq!(first.headers()["cache-control"], "no-store");
    let first: Value = first.json().await.unwrap();
    assert_eq!(first["replaces"]["id"], made["id"]);
    assert!(
        first["replaces"]["expires_at"].is_string() && first["replaces"].get("secret").is_none()
    );
    assert_eq!(
        (&first["operator"], &first["expires_at"]),
        (&json!(true), &Value::Null)
    );
    for key in [&made, &first] {
        assert_eq!(status(&server, key["secret"].as_str().unwrap()).await, 200);
    }
    let second = rotate(&first["id"], json!({})).await;
    let second: Value = second.json().await.unwrap();
    assert_eq!(
        status(&server, first["secret"].as_str().unwrap()).await,
        401
    );
    assert_eq!(
        status(&server, second["secret"].as_str().unwrap()).await,
        200
    );
    for (body, field) in [
        (json!({"overlap_seconds": 2_592_001}), "overlap_seconds"),
        (json!({"overlap_seconds": -1}), "overlap_seconds"),
        (json!({"overlap_seconds": "1h"}), "overlap_seconds"),
    ] {
        assert_problem(
            rotate(&second["id"], body).await,
            400,
            "invalid_request",
            field,
        )
        .await;
    }
}

#[tokio::test]
async fn no_key_takes_itself_away_and_no_user_lays_hands_on_the_account_s_own() {
    let server = Server::start().await;
    let everything = json!({"Version": "1",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let alice = server.user("alice", Some(&everything)).await;
    let keys = server.json("/api/v1/keys?kind=api").await;
    let keys = keys["keys"].as_array().unwrap();
    let of = |user: Value| {
        let key = keys.iter().find(|key| key["user"] == user).unwrap();
        format!("/api/v1/keys/{}", key["id"].as_str().unwrap())
    };
    let (operators, her_own) = (of(Value::Null), of(json!("alice")));
    let itself = server
        .request(Method::DELETE, &operators)
        .send()
        .await
        .unwrap();
    assert_problem(itself, 409, "conflict", "").await;
    let itself = server
        .request_by(&alice, Method::PATCH, &her_own)
        .json(&json!({"active": false}));
    assert_problem(itself.send().await.unwrap(), 409, "conflict", "").await;
    let taken = server
        .request_by(&alice, Method::DELETE, &operators)
        .send()
        .await
        .unwrap();
    assert_problem(taken, 403, "denied", "").await;
    for body in [
        json!({"kind": "api"}),
        json!({"kind": "access"}),
        json!({"kind": "api", "user": "alice", "operator": true}),
    ] {
        let request = server
            .request_by(&alice, Method::POST, "/api/v1/keys")
            .json(&body);
        assert_problem(request.send().await.unwrap(), 403, "denied", "").await;
    }
    let wrong = server
        .post("/api/v1/keys", &json!({"kind": "access", "operator": true}))
        .await;
    assert_problem(wrong, 400, "invalid_request", "operator").await;
}
