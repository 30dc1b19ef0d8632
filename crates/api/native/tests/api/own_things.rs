//! Policies that name whose keys may be changed, and what may be attached to whom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem, problem};

fn allowing(actions: &[&str], resources: &[&str]) -> Value {
    json!({"Version": "1",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]})
}

/// The id of a user's first bearer key, of the account's own without a user.
async fn key_of(server: &Server, user: Value) -> String {
    let keys = server.json("/api/v1/keys?kind=api").await;
    let mut keys = keys["keys"].as_array().unwrap().iter();
    let found = keys.find(|key| key["user"] == user).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// What may be done to a key, and the status of doing it.
fn changes(id: &str) -> [(Method, String, Value, u16); 4] {
    let path = format!("/api/v1/keys/{id}");
    [
        (Method::PATCH, path.clone(), json!({"active": false}), 200),
        (Method::PATCH, path.clone(), json!({"active": true}), 200),
        (
            Method::POST,
            format!("{path}/rotate"),
            json!({"overlap_seconds": 60}),
            201,
        ),
        (Method::DELETE, path, Value::Null, 204),
    ]
}

const ON_KEYS: &[&str] = &["reelgate:*Key"];

#[tokio::test]
async fn whoever_may_rotate_its_own_keys_lays_hands_on_nobody_elses() {
    let server = Server::start().await;
    let account = &server.credentials.account_id;
    let own = allowing(
        &["reelgate:RotateKey"],
        &["acs:reelgate:*:*:user/build-server"],
    );
    let key = server.user("build-server", Some(&own)).await;
    server.user("build-server-2", None).await;
    let of_admin = json!({"kind": "access", "user": "admin"});
    let admins = server.post("/api/v1/keys", &of_admin).await;
    let admins: Value = admins.json().await.unwrap();
    let rotate = async |id: &str| {
        let path = format!("/api/v1/keys/{id}/rotate");
        let request = server.request_by(&key, Method::POST, &path);
        let body = json!({"overlap_seconds": 600});
        request.json(&body).send().await.unwrap()
    };
    let before = server.json("/api/v1/keys").await;
    let accounts = key_of(&server, Value::Null).await;
    let others = key_of(&server, json!("build-server-2")).await;
    for (id, what) in [
        (admins["id"].as_str().unwrap(), "user/admin"),
        (&others, "user/build-server-2"),
        (&accounts, "*"),
    ] {
        let refused = problem(rotate(id).await).await;
        assert_eq!(refused["code"], "forbidden", "{refused}");
        assert_eq!(refused["action"], "reelgate:RotateKey");
        let resource = format!("acs:reelgate:*:{account}:{what}");
        assert_eq!(refused["resource"], resource, "{refused}");
        // In the audit log as it was answered, with the key that was to be replaced.
        let asked = format!("{resource}, acs:reelgate:*:{account}:keys/{id}/rotate");
        let id = refused["request_id"].as_str().unwrap();
        let told = server.json(&format!("/api/v1/audit?request_id={id}")).await;
        let told = &told["entries"][0];
        assert_eq!(
            (&told["resource"], &told["allowed"], &told["status"]),
            (&json!(asked), &json!(false), &json!(403))
        );
        assert!(told["reason"].as_str().unwrap().contains(&resource));
    }
    assert_problem(rotate("rgk-none").await, 404, "not_found", "").await;
    assert_eq!(server.json("/api/v1/keys").await, before);

    let id = key_of(&server, json!("build-server")).await;
    let made = rotate(&id).await;
    assert_eq!(made.status(), 201);
    let request = made.headers()["x-request-id"].to_str().unwrap().to_owned();
    let made: Value = made.json().await.unwrap();
    assert_eq!(made["user"], "build-server");
    let told = server
        .json(&format!("/api/v1/audit?request_id={request}"))
        .await;
    let made = made["id"].as_str().unwrap();
    let own = format!("acs:reelgate:*:{account}:");
    let resource = format!("{own}user/build-server, {own}keys/{id}/rotate, {own}keys/{made}");
    assert_eq!(told["entries"][0]["resource"], resource);
    assert_eq!(told["entries"][0]["allowed"], true);
}

#[tokio::test]
async fn each_change_of_a_key_is_asked_about_on_its_owner() {
    let server = Server::start().await;
    let policy = allowing(ON_KEYS, &["acs:reelgate:*:*:user/a*"]);
    let key = server.user("keeper", Some(&policy)).await;
    for user in ["anna", "bert"] {
        server.user(user, None).await;
    }
    let call = async |(method, path, body, _): &(Method, String, Value, u16)| {
        let request = server.request_by(&key, method.clone(), path);
        request.json(body).send().await.unwrap()
    };
    for change in changes(&key_of(&server, json!("anna")).await) {
        let answer = call(&change).await;
        assert_eq!(answer.status(), change.3, "{change:?}");
    }
    let create = |user: &str, status| {
        let body = json!({"kind": "access", "user": user});
        (Method::POST, "/api/v1/keys".to_owned(), body, status)
    };
    assert_eq!(call(&create("anna", 201)).await.status(), 201);
    let before = server.json("/api/v1/keys").await;
    let mut refused: Vec<_> = changes(&key_of(&server, json!("bert")).await).into();
    refused.push(create("bert", 403));
    // Whether there is such a user is not told.
    refused.push(create("nobody", 403));
    let own = json!({"kind": "api"});
    refused.push((Method::POST, "/api/v1/keys".to_owned(), own, 403));
    for change in &refused {
        assert_problem(call(change).await, 403, "forbidden", "").await;
    }
    assert_eq!(server.json("/api/v1/keys").await, before);
}

#[tokio::test]
async fn a_denial_names_the_owner_and_the_statement() {
    let server = Server::start().await;
    let policy = json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ON_KEYS, "Resource": "acs:reelgate:*:*:user/admin"}]});
    let key = server.user("alice", Some(&policy)).await;
    let create = async |user: &str| {
        let request = server.request_by(&key, Method::POST, "/api/v1/keys");
        let body = json!({"kind": "api", "user": user});
        request.json(&body).send().await.unwrap()
    };
    assert_eq!(create("alice").await.status(), 201);
    let denied = problem(create("admin").await).await;
    assert_eq!(denied["code"], "forbidden", "{denied}");
    assert_eq!(
        (&denied["policy"], &denied["statement"]),
        (&json!("of-alice"), &json!(1))
    );
    assert!(
        denied["detail"].as_str().unwrap().contains("user/admin"),
        "{denied}"
    );
}

#[tokio::test]
async fn a_policy_says_what_may_be_attached_to_whom() {
    let server = Server::start().await;
    let attacher = allowing(
        &["reelgate:Attach*Policy", "reelgate:Detach*Policy"],
        &[
            "acs:reelgate:*:*:user/b*",
            "acs:reelgate:*:*:role/b*",
            "acs:reelgate:*:*:policy/of-*",
        ],
    );
    let key = server.user("attacher", Some(&attacher)).await;
    server.user("bert", None).await;
    server.user("carl", Some(&allowing(&["a:b"], &["*"]))).await;
    let account = &server.credentials.account_id;
    let trust = json!({"Version": "1", "Statement": [{"Effect": "Allow",
        "Action": "sts:AssumeRole", "Principal": {"RAM": [format!("acs:ram::{account}:root")]}}]});
    for role in ["builder", "cleaner"] {
        let path = format!("/api/v1/roles/{role}");
        let made = server.request(Method::PUT, &path);
        let made = made.json(&json!({"trust": trust})).send().await.unwrap();
        assert_eq!(made.status(), 201);
    }
    let admin = "AdministratorAccess";
    for method in [Method::PUT, Method::DELETE] {
        for (holder, policy, refused) in [
            ("user/bert", "of-carl", None),
            ("role/builder", "of-carl", None),
            ("user/bert", admin, Some("policy/AdministratorAccess")),
            ("role/builder", admin, Some("policy/AdministratorAccess")),
            ("user/attacher", "of-carl", Some("user/attacher")),
            ("role/cleaner", "of-carl", Some("role/cleaner")),
        ] {
            let (kind, name) = holder.split_once('/').unwrap();
            let path = format!("/api/v1/{kind}s/{name}/policies/{policy}");
            let request = server.request_by(&key, method.clone(), &path);
            let response = request.send().await.unwrap();
            let Some(refused) = refused else {
                assert_eq!(response.status(), 204, "{method} {path}");
                continue;
            };
            let found = problem(response).await;
            assert_eq!(found["code"], "forbidden", "{method} {path}: {found}");
            let resource = format!("acs:reelgate:*:{account}:{refused}");
            assert_eq!(found["resource"], resource, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn new_passwords_are_limited() {
    let server = Server::start().await;
    let mut taken = 0;
    let refused = loop {
        // Refill while these come, so it takes a few more on a slow machine.
        assert!(taken < 600, "nothing is throttled");
        let name = format!("user-{taken}");
        let made = server.post("/api/v1/users", &json!({"name": name})).await;
        if made.status() != 201 {
            break made;
        }
        taken += 1;
    };
    assert!(taken >= 60, "{taken}");
    assert!(refused.headers().contains_key("retry-after"));
    assert_problem(refused, 429, "throttled", "").await;
    assert_eq!(server.get("/api/v1/users").await.status(), 200);
}
