//! Addresses by which anybody can read an object: they open what they are signed for, until they end, and nothing else.

use std::io;
use std::sync::{Arc, Mutex};

use reelgate_domain::{AccountId, ObjectRef};
use reelgate_service::Caller;
use reqwest::{Client, Method, Response};

use crate::server::Server;

/// A server with a playlist, its segment, a file beside them and one elsewhere.
async fn server() -> (Server, Caller) {
    let server = Server::start().await;
    for key in ["a/a.m3u8", "a/a-1.ts", "a/b c.mp4", "b/b.mp4"] {
        let path = format!("/api/v1/buckets/media/objects/{}", key.replace(' ', "%20"));
        let put = server.request(Method::PUT, &path).body(key);
        assert_eq!(put.send().await.unwrap().status(), 201);
    }
    let account: AccountId = server.credentials.account_id.parse().unwrap();
    (server, Caller::root(account))
}

async fn address(server: &Server, caller: &Caller, key: &str, seconds: u64) -> String {
    let object = ObjectRef {
        bucket: "media".parse().unwrap(),
        key: key.parse().unwrap(),
    };
    let public = format!("http://{}", server.address());
    server.service.set_public_url(&public);
    server
        .service
        .share_object(caller, &object, seconds)
        .await
        .unwrap()
}

async fn get(url: &str) -> Response {
    Client::new().get(url).send().await.unwrap()
}

#[tokio::test]
async fn an_address_opens_its_object_with_ranges_to_pages_of_any_origin() {
    let (server, caller) = server().await;
    let url = address(&server, &caller, "a/b c.mp4", 60).await;
    let whole = get(&url).await;
    assert_eq!(whole.headers()["access-control-allow-origin"], "*");
    assert_eq!(whole.headers()["content-type"], "video/mp4");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.text().await.unwrap(), "a/b c.mp4");
    let part = Client::new()
        .get(&url)
        .header("range", "bytes=2-4")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.text().await.unwrap(), "b c");
    let head = Client::new().head(&url).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"9".parse().unwrap())
    );
    let preflight = Client::new()
        .request(Method::OPTIONS, &url)
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 204);
    assert_eq!(
        preflight.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .split(',')
            .next(),
        Some("range")
    );
}

#[tokio::test]
async fn an_address_of_a_playlist_opens_what_lies_beside_it_and_no_more() {
    let (server, caller) = server().await;
    let url = address(&server, &caller, "a/a.m3u8", 60).await;
    assert_eq!(get(&url).await.status(), 200);
    assert_eq!(
        get(&url.replace("a/a.m3u8", "a/a-1.ts")).await.status(),
        200
    );
    for elsewhere in ["b/b.mp4", "a/c/a-1.ts", "a-1.ts"] {
        let found = get(&url.replace("a/a.m3u8", elsewhere)).await;
        assert_eq!(found.status(), 403, "{elsewhere}");
        assert_eq!(found.headers()["access-control-allow-origin"], "*");
    }
    assert_eq!(
        get(&url.replace("a/a.m3u8", "a/none.ts")).await.status(),
        404
    );
}

#[tokio::test]
async fn what_was_changed_or_has_ended_opens_nothing() {
    let (server, caller) = server().await;
    let url = address(&server, &caller, "a/b c.mp4", 60).await;
    let (start, rest) = url.split_once("/shared/").unwrap();
    let (address_part, key) = rest.split_once('/').unwrap();
    let parts: Vec<_> = address_part.split('.').collect();
    let later = (parts[1].parse::<i64>().unwrap() + 1).to_string();
    let changed = [
        format!("{}.{later}.{}.{}", parts[0], parts[2], parts[3]),
        format!("{}.{}.f.{}", parts[0], parts[1], parts[3]),
        format!("{}.{}.{}.{}", parts[0], parts[1], parts[2], "A".repeat(43)),
        format!("1111111111111111.{}.{}.{}", parts[1], parts[2], parts[3]),
        "nonsense".to_owned(),
    ];
    for changed in changed {
        let found = get(&format!("{start}/shared/{changed}/{key}")).await;
        assert_eq!(found.status(), 403, "{changed}");
    }
    let other_key = get(&url.replace("b%20c.mp4", "a-1.ts")).await;
    assert_eq!(other_key.status(), 403);
    let ended = address(&server, &caller, "b/b.mp4", 0).await;
    assert_eq!(get(&ended).await.status(), 403);
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_address_is_not_in_the_log() {
    let log = Log::default();
    let lines = log.clone();
    let lines = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || lines.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(lines);
    // With one subscriber alone a place that logs is judged by the thread that comes there first, which may be another
    // test's, without any.
    let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let _second = tracing::Dispatch::new(all.with_writer(io::sink).finish());
    let (server, caller) = server().await;
    let url = address(&server, &caller, "a/a.m3u8", 60).await;
    let (_, rest) = url.split_once("/shared/").unwrap();
    let (address, _) = rest.split_once('/').unwrap();
    assert_eq!(get(&url.replace("a.m3u8", "none.ts")).await.status(), 404);
    let wrong = url.replace("/media/", "/other/");
    assert_eq!(get(&wrong).await.status(), 403);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let path = "GET /api/v1/buckets/media/shared/… answers 404";
    assert!(text.contains(path), "{text}");
    // The client logs whom it asks.
    for line in text.lines().filter(|line| line.contains("reelgate_")) {
        assert!(!line.contains(address), "{line}");
    }
}
