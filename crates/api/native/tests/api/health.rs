//! The probes: open to everybody, and honest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reelgate_api_native::Check;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::Server;

#[tokio::test]
async fn a_live_server_says_ok_without_a_key() {
    let server = Server::start().await;
    let response = server
        .anonymous(Method::GET, "/livez")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "ok");
}

#[tokio::test]
async fn a_server_is_ready_when_every_check_holds() {
    let turning = Arc::new(AtomicBool::new(true));
    let turned = Arc::clone(&turning);
    let server = Server::with_checks(vec![
        Check::new("store", async || Ok(())),
        Check::new("claim_loop", move || {
            let turns = turned.load(Ordering::Relaxed);
            async move {
                turns
                    .then_some(())
                    .ok_or_else(|| "has not turned for 12 s".to_owned())
            }
        }),
    ])
    .await;
    let ready = async || {
        let response = server
            .anonymous(Method::GET, "/readyz")
            .send()
            .await
            .unwrap();
        (
            response.status().as_u16(),
            response.json::<Value>().await.unwrap(),
        )
    };
    let store = json!({"name": "store", "ok": true, "detail": null});
    let turns = json!({"name": "claim_loop", "ok": true, "detail": null});
    assert_eq!(
        ready().await,
        (200, json!({"ready": true, "checks": [store, turns]}))
    );

    turning.store(false, Ordering::Relaxed);
    let stuck = json!({"name": "claim_loop", "ok": false, "detail": "has not turned for 12 s"});
    assert_eq!(
        ready().await,
        (503, json!({"ready": false, "checks": [store, stuck]}))
    );
}

#[tokio::test]
async fn a_check_that_hangs_is_trouble() {
    let server = Server::with_checks(vec![Check::new("store", std::future::pending)]).await;
    let readiness: Value = server.get("/readyz").await.json().await.unwrap();
    assert_eq!(readiness["checks"][0]["detail"], "no answer within 2 s");
}

#[tokio::test]
async fn an_operator_reads_the_figures_of_the_server() {
    let server = Server::start().await;
    let response = server.get("/api/v1/metrics").await;
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    assert_eq!(response.text().await.unwrap(), "reelgate_test 1\n");
}
