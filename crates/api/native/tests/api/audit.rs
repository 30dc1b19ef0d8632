//! The audit log: each authenticated call once, with what came of it.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::{Server, assert_problem};

async fn entries(server: &Server, query: &str) -> Vec<Value> {
    let found = server
        .json(&format!("/api/v1/audit?limit=1000&{query}"))
        .await;
    found["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_entry_says_who_called_what_from_where_and_what_came_of_it() {
    let server = Server::start().await;
    let alice = server.user("alice", None).await;
    let account = &server.credentials.account_id;
    let path = "/api/v1/buckets/media/objects/a/b";
    let denied = server
        .request_by(&alice, Method::GET, path)
        .send()
        .await
        .unwrap();
    let id = denied.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let found = entries(&server, &format!("request_id={id}")).await;
    let [entry] = &found[..] else {
        panic!("{found:?}")
    };
    let keys = server.json("/api/v1/keys?user=alice").await;
    for (member, expected) in [
        ("account", json!(account)),
        ("principal", json!(format!("acs:ram::{account}:user/alice"))),
        ("key_id", keys["keys"][0]["id"].clone()),
        ("dialect", json!("native")),
        ("action", json!("reelgate:GetObject")),
        (
            "resource",
            json!(format!("acs:reelgate:*:{account}:bucket/media/a/b")),
        ),
        ("source", json!("127.0.0.1")),
        ("allowed", json!(false)),
        ("status", json!(403)),
        ("code", json!("forbidden")),
    ] {
        assert_eq!(entry[member], expected, "{member}");
    }
    assert!(
        entry["reason"]
            .as_str()
            .unwrap()
            .contains("allowed by no statement"),
        "{entry}"
    );

    // One that may, of what is not there.
    let missing = server.get(path).await;
    let id = missing.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let found = entries(&server, &format!("request_id={id}")).await;
    assert_eq!(
        (&found[0]["allowed"], &found[0]["status"], &found[0]["code"]),
        (&json!(true), &json!(404), &json!("not_found"))
    );
    assert_eq!(found[0]["principal"], format!("acs:ram::{account}:root"));
}

#[tokio::test]
async fn a_change_of_access_is_in_the_log_when_it_is_answered() {
    let server = Server::start().await;
    let response = server
        .post("/api/v1/users", &json!({"name": "alice"}))
        .await;
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    // Looked up in the store itself: asking over the API would write what waits.
    let filter = reelgate_service::AuditFilter {
        request_id: Some(id),
        ..Default::default()
    };
    let stored = server.store.audit(filter, 10).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(
        (stored[0].record.action.as_str(), stored[0].record.status),
        ("reelgate:CreateUser", 201)
    );
}

#[tokio::test]
async fn entries_are_filtered_and_come_newest_first_page_by_page() {
    let server = Server::start().await;
    for _ in 0..5 {
        server.get("/api/v1/jobs").await;
    }
    server.get("/api/v1/presets").await;
    assert_eq!(entries(&server, "action=reelgate:ListJobs").await.len(), 5);
    assert_eq!(
        entries(&server, "action=reelgate:ListJobs&allowed=false")
            .await
            .len(),
        0
    );
    assert_eq!(
        entries(
            &server,
            "action=reelgate:ListJobs&from=2100-01-01T00:00:00Z"
        )
        .await
        .len(),
        0
    );
    assert_eq!(
        entries(&server, "action=reelgate:ListJobs&to=2100-01-01T00:00:00Z")
            .await
            .len(),
        5
    );
    let account = &server.credentials.account_id;
    let resource = format!("acs:reelgate:*:{account}:presets");
    assert_eq!(
        entries(
            &server,
            &format!("action=reelgate:ListPresets&resource={resource}")
        )
        .await
        .len(),
        1
    );
    let (mut numbers, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server
            .json(&format!(
                "/api/v1/audit?action=reelgate:ListJobs&limit=2{cursor}"
            ))
            .await;
        let entries = page["entries"].as_array().unwrap().iter();
        numbers.extend(entries.map(|entry| entry["number"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            None => break,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
    assert_eq!(numbers.len(), 5);
    assert!(numbers.is_sorted_by(|one, next| one > next), "{numbers:?}");
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("from=yesterday", "from"),
        ("allowed=maybe", "allowed"),
        ("cursor=x", "cursor"),
        ("user=a/b", "user"),
        ("user=a&principal=b", "user"),
        ("user=a&user=b", "user"),
        ("who=a", "who"),
    ] {
        let response = server.get(&format!("/api/v1/audit?{query}")).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
}

#[tokio::test]
async fn an_account_sees_its_own_calls_and_an_operator_all() {
    let server = Server::start().await;
    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    server
        .request_by(key, Method::GET, "/api/v1/presets")
        .send()
        .await
        .unwrap();
    server.get("/api/v1/presets").await;
    let own = server
        .request_by(key, Method::GET, "/api/v1/audit")
        .send()
        .await
        .unwrap();
    let own: Value = own.json().await.unwrap();
    let own = own["entries"].as_array().unwrap();
    assert!(
        !own.is_empty() && own.iter().all(|entry| entry["account"] == other["id"]),
        "{own:?}"
    );
    assert_eq!(
        entries(&server, "action=reelgate:ListPresets").await.len(),
        2
    );
    assert_eq!(
        entries(&server, "action=reelgate:ListPresets&account=other")
            .await
            .len(),
        1
    );
}

/// What it did stays done, so the log has to know of it.
#[tokio::test]
async fn a_call_whose_client_goes_away_is_in_the_log() {
    let server = Server::start().await;
    let job = server.submit().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let key = &server.credentials.api_key;
    let request = format!(
        "GET /api/v1/jobs/{job}?wait=60s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    loop {
        let found = entries(&server, "action=reelgate:GetJob").await;
        if let [entry] = &found[..] {
            assert_eq!(
                (&entry["status"], &entry["allowed"]),
                (&json!(499), &json!(true))
            );
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_entry_repeats_only_so_much_of_what_was_sent() {
    let server = Server::start().await;
    let alice = server.user("alice", None).await;
    let path = format!("/api/v1/buckets/media/objects/{}", "x".repeat(60_000));
    let refused = server
        .request_by(&alice, Method::GET, &path)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().len() < 8192);
    let found = entries(&server, "action=reelgate:GetObject").await;
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().len() < 8192);
}

#[tokio::test]
async fn a_call_that_was_throttled_is_in_the_log() {
    let server = Server::start().await;
    let path = "/api/v1/accounts/main/limits/reelgate:ListJobs";
    let limit = server
        .request(Method::PUT, path)
        .json(&json!({"limit": "1/h"}));
    assert_eq!(limit.send().await.unwrap().status(), 200);
    assert_eq!(server.get("/api/v1/jobs").await.status(), 200);
    assert_eq!(server.get("/api/v1/jobs").await.status(), 429);
    let found = entries(&server, "action=reelgate:ListJobs&allowed=false").await;
    let [entry] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (&entry["status"], &entry["code"]),
        (&json!(429), &json!("throttled"))
    );
    assert!(
        entry["reason"].as_str().unwrap().contains("too often"),
        "{entry}"
    );
}
