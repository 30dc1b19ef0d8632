//! The client against a small server that answers what the test wants.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may fail like the tests themselves"
)]

mod dna;
mod following;
mod streams;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::any;
use bytes::Bytes;
use futures_util::stream;
use reelgate_client::{
    Client, Error, JobQuery, KeyKind, KeyQuery, NewJob, NewKey, NewPipeline, PipelineChange,
    PipelineState, Secret,
};
use reelgate_domain::ObjectRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const MEGABYTE: usize = 1024 * 1024;

/// A client of a server that has this one route.
async fn client<H, T>(path: &str, handler: H) -> Client
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let routes = Router::new().route(path, any(handler));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Client::new(&address, "key").unwrap()
}

fn object() -> ObjectRef {
    ObjectRef {
        bucket: "media".parse().unwrap(),
        key: "a/b.mp4".parse().unwrap(),
    }
}

const OBJECT: &str = "/api/v1/buckets/media/objects/a/b.mp4";

#[tokio::test]
async fn an_upload_streams_with_its_length_and_tells_how_far_it_is() {
    let handler = async |request: Request| {
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.headers()["authorization"], "Bearer key");
        assert_eq!(
            request.headers()["content-length"],
            (5 * MEGABYTE).to_string()
        );
        let content = axum::body::to_bytes(request.into_body(), 10 * MEGABYTE)
            .await
            .unwrap();
        format!(
            r#"{{"key": "a/b.mp4", "bytes": {}, "etag": "\"x\""}}"#,
            content.len()
        )
    };
    let client = client(OBJECT, handler).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.mp4");
    std::fs::write(&file, vec![7; 5 * MEGABYTE]).unwrap();
    let sent = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&sent);
    let progress = move |bytes| seen.store(bytes, Ordering::Relaxed);
    let stored = client.upload(&object(), &file, progress).await.unwrap();
    assert_eq!(
        (stored.bytes, sent.load(Ordering::Relaxed)),
        (5_242_880, 5_242_880)
    );
}

#[tokio::test]
async fn a_download_appears_when_it_is_complete() {
    let client = client(OBJECT, async || vec![7_u8; 3 * MEGABYTE]).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.mp4");
    let mut last = (0, 0);
    let bytes = client
        .download(&object(), &file, |got, total| last = (got, total))
        .await;
    assert_eq!(bytes.unwrap(), 3_145_728);
    assert_eq!(last, (3_145_728, 3_145_728));
    assert_eq!(std::fs::read(&file).unwrap(), vec![7; 3 * MEGABYTE]);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_download_that_breaks_off_leaves_what_was_there() {
    let handler = async || {
        let pieces = [
            Ok(Bytes::from_static(b"half")),
            Err(std::io::Error::other("gone")),
        ];
        Body::from_stream(stream::iter(pieces))
    };
    let client = client(OBJECT, handler).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.mp4");
    std::fs::write(&file, "before").unwrap();
    let error = client
        .download(&object(), &file, |_, _| {})
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Broken { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "before");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_refusal_says_what_the_server_said() {
    let problem = r#"{"status": 409, "code": "cancel_refused", "detail": "job j has ended",
                      "request_id": "R-1", "state": "succeeded"}"#;
    let client = client("/api/v1/jobs/j/cancel", async move || {
        (axum::http::StatusCode::CONFLICT, problem)
    })
    .await;
    let error = client.cancel("j", true).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "job j has ended (409 cancel_refused, request R-1)"
    );
    assert_eq!(error.problem().unwrap().more["state"], "succeeded");
    assert!(!error.is_not_found());
    // Whatever stands in front of a server may answer in another form.
    let error = client.job("j").await.unwrap_err();
    assert_eq!(error.to_string(), "Not Found (404)");
    assert!(error.is_not_found());
}

/// A later server may tell of what this client has never heard.
#[tokio::test]
async fn a_history_is_passed_on_as_it_came() {
    let told = r#"{"events":[{"at":"2026-01-02T03:04:05.004Z","attempt":0,"event":"queued"},
        {"at":"2026-01-02T03:04:06.004Z","attempt":1,"event":"moved","to":{"host":"b"}}]}"#;
    let client = client("/api/v1/jobs/j/history", async move || told).await;
    let history = client.history("j").await.unwrap();
    assert_eq!(history.events[1].event, "moved");
    let again: serde_json::Value = serde_json::from_str(told).unwrap();
    assert_eq!(serde_json::to_value(&history).unwrap(), again);
}

#[tokio::test]
async fn what_is_asked_for_is_what_is_sent() {
    let asked = async |request: Request| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, MEGABYTE).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        (
            axum::http::StatusCode::IM_A_TEAPOT,
            format!("{} {} {body}", parts.method, parts.uri),
        )
    };
    let client = client("/{*path}", asked).await;
    let query = JobQuery {
        state: Some("queued,running".to_owned()),
        limit: Some(5),
        ..JobQuery::default()
    };
    let limit = NewPipeline {
        name: "p/q".to_owned(),
        concurrency: Some(2),
    };
    let pause = PipelineChange {
        state: Some(PipelineState::Paused),
        concurrency: Some(None),
        ..PipelineChange::default()
    };
    let long = Duration::from_secs(600);
    let films = client.in_account(Some("films"));
    let keys = KeyQuery {
        user: Some("a".to_owned()),
        kind: Some(KeyKind::Api),
    };
    let key = NewKey {
        kind: KeyKind::Access,
        user: None,
        operator: false,
    };
    for (sent, error) in [
        (
            "GET /api/v1/jobs?state=queued%2Crunning&limit=5 ",
            client.jobs(&query).await.err(),
        ),
        (
            "GET /api/v1/jobs/j?wait=60s ",
            client.job_ended("j", long).await.err(),
        ),
        (
            "POST /api/v1/jobs/j/cancel {\"only\":\"queued\"}",
            client.cancel("j", true).await.err(),
        ),
        (
            "POST /api/v1/jobs/j/cancel {}",
            client.cancel("j", false).await.err(),
        ),
        (
            "POST /api/v1/jobs/j/cancel {\"mode\":\"now\"}",
            client.cancel_now("j").await.err(),
        ),
        ("POST /api/v1/jobs/j/retry ", client.retry("j").await.err()),
        (
            "GET /api/v1/jobs/j/history ",
            client.history("j").await.err(),
        ),
        (
            "POST /api/v1/pipelines {\"name\":\"p/q\",\"concurrency\":2}",
            client.create_pipeline(&limit).await.err(),
        ),
        (
            "PATCH /api/v1/pipelines/p%2Fq {\"state\":\"paused\",\"concurrency\":null}",
            client.change_pipeline("p/q", &pause).await.err(),
        ),
        ("GET /readyz ", client.ready().await.err()),
        (
            "GET /api/v1/users/a@b ",
            client.in_account(None).user("a@b").await.err(),
        ),
        (
            "PUT /api/v1/users/a%2Fb/policies/p%20q?account=films ",
            films.attach_to_user("a/b", "p q").await.err(),
        ),
        (
            "GET /api/v1/keys?account=films&user=a&kind=api ",
            films.keys(&keys).await.err(),
        ),
        (
            "POST /api/v1/keys?account=films {\"kind\":\"access\"}",
            films.create_key(&key).await.err(),
        ),
        (
            "POST /api/v1/keys/k/rotate?account=films {\"overlap_seconds\":60}",
            films.rotate_key("k", Some(60)).await.err(),
        ),
        (
            "PUT /api/v1/policies/p?account=films { }",
            films.put_policy("p", "{ }").await.err(),
        ),
        (
            "PUT /api/v1/users/a/password {\"password\":\"hunter22\"}",
            client
                .in_account(None)
                .set_password("a", &Secret::new("hunter22"))
                .await
                .err(),
        ),
        (
            "PUT /api/v1/accounts/films/limits/mts:CancelJob {\"limit\":\"1/s\"}",
            client
                .set_limit("films", "mts:CancelJob", "1/s")
                .await
                .err(),
        ),
    ] {
        assert_eq!(error.unwrap().problem().unwrap().detail, sent);
    }
}

#[tokio::test]
async fn nobody_there_is_told_apart_from_a_refusal() {
    let nobody = Client::new("127.0.0.1:1", "key").unwrap();
    let error = nobody.buckets().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }));
    assert_eq!(error.to_string(), "no server answers at http://127.0.0.1:1");
}

/// A server that takes every submission and loses the answers to the first of them.
#[tokio::test]
async fn a_submission_whose_answer_is_lost_is_sent_again_under_its_key() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let mut keys = Vec::new();
        while keys.len() < 3 {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut call = Vec::new();
            while !call.ends_with(b"}") {
                assert_ne!(connection.read_buf(&mut call).await.unwrap(), 0);
            }
            let call = String::from_utf8(call).unwrap().to_lowercase();
            let key = call
                .lines()
                .find_map(|line| line.strip_prefix("idempotency-key: "));
            keys.push(key.unwrap().to_owned());
            if keys.len() == 3 {
                let answer = b"HTTP/1.1 507 Full\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                connection.write_all(answer).await.unwrap();
            }
        }
        keys
    });
    let job = NewJob {
        input: "oss://media/in.mp4".into(),
        outputs: Vec::new(),
        pipeline: None,
        priority: None,
        user_data: None,
    };
    let client = Client::new(&address, "key").unwrap();
    // What the server says in the end is told, and nothing is sent again after it.
    let refused = client.submit(&job).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().status, 507);
    let keys = server.await.unwrap();
    assert_eq!(keys[0].len(), 32);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}
