//! Policies, what is attached to users and roles, and what it comes to.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

fn document() -> Value {
    json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "reelgate:Get*", "Resource": "*"},
        {"Effect": "Deny", "Action": "reelgate:GetObject", "Resource": "acs:reelgate:*:*:bucket/media/x"}]})
}

async fn call(server: &Server, method: Method, path: &str) -> reqwest::Response {
    server
        .request(method, &format!("/api/v1{path}"))
        .send()
        .await
        .unwrap()
}

async fn put(server: &Server, name: &str, document: &Value) -> reqwest::Response {
    let path = format!("/api/v1/policies/{name}");
    server
        .request(Method::PUT, &path)
        .json(document)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_policy_is_created_replaced_shown_and_deleted() {
    let server = Server::start().await;
    let made = put(&server, "p", &document()).await;
    assert_eq!(
        (made.status().as_u16(), &made.headers()["location"]),
        (201, &"/api/v1/policies/p".parse().unwrap())
    );
    let made: Value = made.json().await.unwrap();
    assert_eq!(
        (&made["name"], &made["kind"], &made["document"]),
        (&json!("p"), &json!("custom"), &document())
    );
    let replaced = put(&server, "p", &document()).await;
    assert_eq!(replaced.status(), 200);
    let shown = server.json("/api/v1/policies/p").await;
    assert_eq!(
        (&shown["created_at"], &shown["document"]),
        (&made["created_at"], &document())
    );
    let listed = server.json("/api/v1/policies").await;
    let names: Vec<_> = listed["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| {
            (
                policy["name"].as_str().unwrap(),
                policy["kind"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(names, [("p", "custom"), ("AdministratorAccess", "system")]);
    assert_eq!(
        call(&server, Method::DELETE, "/policies/p").await.status(),
        204
    );
    assert_problem(
        call(&server, Method::GET, "/policies/p").await,
        404,
        "not_found",
        "",
    )
    .await;
    assert_problem(
        call(&server, Method::DELETE, "/policies/p").await,
        404,
        "not_found",
        "",
    )
    .await;
}

#[tokio::test]
async fn policies_of_the_program_are_shown_and_cannot_be_changed() {
    let server = Server::start().await;
    let path = "/policies/AdministratorAccess";
    let shown = server.json(&format!("/api/v1{path}")).await;
    assert_eq!(
        (&shown["kind"], &shown["created_at"]),
        (&json!("system"), &Value::Null)
    );
    assert_eq!(shown["document"]["Statement"][0]["Effect"], "Allow");
    assert_problem(
        put(&server, "AdministratorAccess", &document()).await,
        409,
        "conflict",
        "",
    )
    .await;
    assert_problem(
        call(&server, Method::DELETE, path).await,
        409,
        "conflict",
        "",
    )
    .await;
}

#[tokio::test]
async fn what_is_attached_is_shown_with_users_and_roles_and_keeps_the_policy() {
    let server = Server::start().await;
    server.user("alice", None).await;
    let trust = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"RAM": [format!("acs:ram::{}:root", server.credentials.account_id)]}}]});
    let body = json!({"trust": trust, "max_session_seconds": 900});
    let role = server
        .request(Method::PUT, "/api/v1/roles/r")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(role.status(), 201);
    let role: Value = role.json().await.unwrap();
    assert_eq!(
        role["arn"],
        format!("acs:ram::{}:role/r", server.credentials.account_id)
    );
    assert_eq!(
        (&role["trust"], &role["max_session_seconds"]),
        (&trust, &json!(900))
    );
    let again = server
        .request(Method::PUT, "/api/v1/roles/r")
        .json(&json!({"trust": trust}));
    let again = again.send().await.unwrap();
    assert_eq!(again.status(), 200);
    let again: Value = again.json().await.unwrap();
    assert_eq!(
        (&again["id"], &again["max_session_seconds"]),
        (&role["id"], &json!(3600))
    );

    put(&server, "p", &document()).await;
    for whom in ["/users/alice", "/roles/r"] {
        for policy in ["p", "AdministratorAccess", "p"] {
            let path = format!("{whom}/policies/{policy}");
            assert_eq!(
                call(&server, Method::PUT, &path).await.status(),
                204,
                "{path}"
            );
        }
        let mut attached = server.json(&format!("/api/v1{whom}")).await["policies"].clone();
        attached
            .as_array_mut()
            .unwrap()
            .sort_by_key(|policy| policy["name"].to_string());
        assert_eq!(
            attached,
            json!([
            {"name": "AdministratorAccess", "kind": "system"}, {"name": "p", "kind": "custom"}])
        );
        let kept = call(&server, Method::DELETE, "/policies/p").await;
        let kept = crate::server::problem(kept).await;
        assert_eq!(kept["code"], "conflict");
        assert!(
            kept["detail"].as_str().unwrap().contains("attached to"),
            "{kept}"
        );
        let detach = format!("{whom}/policies/p");
        assert_eq!(call(&server, Method::DELETE, &detach).await.status(), 204);
        assert_problem(
            call(&server, Method::DELETE, &detach).await,
            404,
            "not_found",
            "",
        )
        .await;
        let missing = format!("{whom}/policies/nothing");
        assert_problem(
            call(&server, Method::PUT, &missing).await,
            404,
            "not_found",
            "",
        )
        .await;
    }
    assert_eq!(
        call(&server, Method::DELETE, "/policies/p").await.status(),
        204
    );
    assert_problem(
        call(
            &server,
            Method::PUT,
            "/users/bob/policies/AdministratorAccess",
        )
        .await,
        404,
        "not_found",
        "",
    )
    .await;
    assert_problem(
        call(
            &server,
            Method::PUT,
            "/roles/x/policies/AdministratorAccess",
        )
        .await,
        404,
        "not_found",
        "",
    )
    .await;
    assert_eq!(server.json("/api/v1/roles").await["roles"][0]["name"], "r");
    assert_eq!(
        call(&server, Method::DELETE, "/roles/r").await.status(),
        204
    );
    assert_problem(
        call(&server, Method::GET, "/roles/r").await,
        404,
        "not_found",
        "",
    )
    .await;
}

#[tokio::test]
async fn no_more_than_twenty_policies_are_attached_to_one() {
    let server = Server::start().await;
    server.user("alice", None).await;
    for number in 0..=20 {
        put(&server, &format!("p{number}"), &document()).await;
        let path = format!("/users/alice/policies/p{number}");
        let response = call(&server, Method::PUT, &path).await;
        match number {
            20 => assert_problem(response, 409, "conflict", "").await,
            _ => assert_eq!(response.status(), 204),
        }
    }
}

#[tokio::test]
async fn a_check_says_which_statement_decides() {
    let server = Server::start().await;
    server.user("alice", Some(&document())).await;
    let check = async |action: &str, resource: &str| {
        let body = json!({"user": "alice", "action": action, "resource": resource});
        let response = server.post("/api/v1/policy-check", &body).await;
        assert_eq!(response.status(), 200);
        response.json::<Value>().await.unwrap()
    };
    for (action, resource, allowed, statement) in [
        ("reelgate:GetJob", "acs:reelgate:*:1:*", true, json!(0)),
        (
            "reelgate:GetObject",
            "acs:reelgate:*:1:bucket/media/y",
            true,
            json!(0),
        ),
        (
            "reelgate:GetObject",
            "acs:reelgate:*:1:bucket/media/x",
            false,
            json!(1),
        ),
        (
            "reelgate:PutObject",
            "acs:reelgate:*:1:bucket/media/y",
            false,
            Value::Null,
        ),
    ] {
        let verdict = check(action, resource).await;
        assert_eq!(
            (&verdict["allowed"], &verdict["statement"]),
            (&json!(allowed), &statement),
            "{verdict}"
        );
        let policy = if statement.is_null() {
            Value::Null
        } else {
            json!("of-alice")
        };
        assert_eq!(verdict["policy"], policy);
        assert!(
            verdict["reason"].as_str().unwrap().contains(action),
            "{verdict}"
        );
    }
}

/// What a check is not told it takes from the call that asks.
#[tokio::test]
async fn a_check_asks_about_another_address_or_this_one() {
    let server = Server::start().await;
    let policy = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}, "Bool": {"acs:SecureTransport": "true"}}}]});
    server.user("alice", Some(&policy)).await;
    for (more, allowed) in [
        (json!({}), false),
        (json!({"source_ip": "10.1.2.3"}), false),
        (json!({"secure": true}), false),
        (json!({"source_ip": "10.1.2.3", "secure": true}), true),
        (
            json!({"source_ip": "::ffff:10.1.2.3", "secure": true}),
            true,
        ),
        (json!({"source_ip": "11.1.2.3", "secure": true}), false),
    ] {
        let mut body = json!({"user": "alice", "action": "a:B", "resource": "*"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let response = server.post("/api/v1/policy-check", &body).await;
        assert_eq!(
            response.json::<Value>().await.unwrap()["allowed"],
            allowed,
            "{more}"
        );
    }
}

#[tokio::test]
async fn users_are_created_shown_and_deleted_and_their_passwords_are_nowhere() {
    let server = Server::start().await;
    let body = json!({"name": "bob@example.org", "password": "a long enough one"});
    let made = server.post("/api/v1/users", &body).await;
    assert_eq!(
        (
            made.status().as_u16(),
            made.headers()["cache-control"].to_str().unwrap()
        ),
        (201, "no-store")
    );
    let made = made.text().await.unwrap();
    assert!(
        made.contains("\"has_password\":true") && !made.contains("long enough"),
        "{made}"
    );
    assert_problem(
        server.post("/api/v1/users", &body).await,
        409,
        "conflict",
        "",
    )
    .await;
    let path = "/api/v1/users/bob@example.org";
    assert_eq!(server.json(path).await["policies"], json!([]));
    let set = async |password: Value| {
        let request = server.request(Method::PUT, &format!("{path}/password"));
        request
            .json(&json!({"password": password}))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(set(json!("another long one")).await.status(), 204);
    for wrong in [
        json!("short"),
        json!("x".repeat(129)),
        json!("with a\u{0} in it"),
        json!(12_345_678),
        json!(null),
        json!(["a"]),
    ] {
        let response = set(wrong.clone()).await;
        let problem = crate::server::problem(response).await;
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&json!("invalid_request"), &json!("password")),
            "{problem}"
        );
        let said = problem.to_string();
        assert!(
            !said.contains("with a") && !said.contains("12345678"),
            "{said}"
        );
    }
    let users = server.json("/api/v1/users").await;
    let names: Vec<_> = users["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["admin", "bob@example.org"]);
    assert_eq!(
        call(&server, Method::DELETE, "/users/bob@example.org")
            .await
            .status(),
        204
    );
    assert_problem(server.get(path).await, 404, "not_found", "").await;
}
