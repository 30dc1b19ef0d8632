//! What nobody should send: each gets a problem of its own at once, and the server goes on and keeps what it has.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{Server, assert_problem};

/// Far more than a refusal takes on a busy machine, far less than a hang.
const AT_ONCE: Duration = Duration::from_secs(30);

/// All calls that take a body, with one that they accept.
fn calls_with_bodies(server_has: &str) -> Vec<(Method, String, Value)> {
    let job = json!({
        "input": "oss://media/in.mp4",
        "outputs": [{"object": "oss://media/o.mp4", "preset": "web-360p"}],
    });
    let path = |rest: &str| format!("/api/v1{rest}");
    vec![
        (Method::POST, path("/jobs"), job),
        (
            Method::POST,
            path(&format!("/jobs/{server_has}/cancel")),
            json!({"only": "queued"}),
        ),
        (
            Method::POST,
            path(&format!("/jobs/{server_has}/retry")),
            json!({}),
        ),
        (Method::POST, path("/pipelines"), json!({"name": "p"})),
        (
            Method::PATCH,
            path("/pipelines/default"),
            json!({"name": "default"}),
        ),
        (Method::POST, path("/buckets"), json!({"name": "films"})),
        (
            Method::POST,
            path("/playlists"),
            json!({"jobs": [server_has], "object": "oss://media/m.m3u8"}),
        ),
    ]
}

async fn send(server: &Server, method: &Method, path: &str, body: Vec<u8>) -> reqwest::Response {
    let begun = Instant::now();
    let response = server
        .request(method.clone(), path)
        .body(body)
        .send()
        .await
        .unwrap();
    assert!(
        begun.elapsed() < AT_ONCE,
        "{method} {path} took {:?}",
        begun.elapsed()
    );
    response
}

/// The server still has exactly this job, queued, and takes another.
async fn assert_lives_on(server: &Server, job: &str) {
    let jobs = server.json("/api/v1/jobs").await;
    let ids: Vec<_> = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["id"])
        .collect();
    assert_eq!(ids, [job]);
    assert_eq!(server.job(job).await["state"], "queued");
    server.submit().await;
}

#[tokio::test]
async fn bodies_that_are_no_json_or_too_much_of_it_are_refused() {
    let server = Server::start().await;
    let job = server.submit().await;
    for (method, path, good) in calls_with_bodies(&job) {
        let good = good.to_string();
        let member = good.strip_suffix('}').unwrap();
        let comma = if member == "{" { "" } else { "," };
        let deep = |open: &str, close: &str| {
            let nest = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
            format!("{member}{comma}\"deep\":{nest}}}").into_bytes()
        };
        let deepest = "[".repeat(10_000).into_bytes();
        let cut = good.as_bytes()[..good.len() - 1].to_vec();
        let cases = [
            ("cut off", cut, "invalid_json"),
            (
                "something after it",
                format!("{good} x").into_bytes(),
                "invalid_json",
            ),
            ("no text", b"{\"\xff\": 1}".to_vec(), "invalid_json"),
            (
                "compressed",
                b"\x1f\x8b\x08\0\0\0\0\0".to_vec(),
                "invalid_json",
            ),
            ("nothing but brackets", deepest, "invalid_json"),
            ("another member", deep("[", "]"), "unknown_field"),
            ("another member", deep("{\"a\":", "}"), "unknown_field"),
            ("a list", b"[]".to_vec(), "invalid_request"),
        ];
        for (name, body, code) in cases {
            let response = send(&server, &method, &path, body).await;
            let problem: Value = response.json().await.unwrap();
            let found = problem["code"].as_str().unwrap();
            // The library says first that it is nested too deep.
            let is_said = found == code || (code == "unknown_field" && found == "invalid_json");
            assert!(is_said, "{method} {path}, {name}: {problem}");
            assert_eq!(problem["status"], 400, "{method} {path}, {name}");
        }
        let long = format!(
            "{member}{comma}\"long\":\"{}\"}}",
            "x".repeat(10 * 1024 * 1024)
        );
        let response = send(&server, &method, &path, long.into_bytes()).await;
        assert_problem(response, 413, "too_large", "").await;
    }
    assert_lives_on(&server, &job).await;
}

#[tokio::test]
async fn a_member_that_is_given_twice_is_refused_wherever_it_stands() {
    let server = Server::start().await;
    let outputs = [
        r#""preset": "web-360p", "preset": "web-480p""#,
        r#""preset": "web-360p", "clip": {"start_ms": 1, "start_ms": 2}"#,
        // Settings were read with the last of two values.
        r#""preset": "web-360p", "settings": {"video": {"fps": 1, "fps": 2}}"#,
        r#""preset": "web-360p", "settings": {"video": null, "video": {}}"#,
    ];
    for output in outputs {
        let body = format!(
            r#"{{"input": "oss://media/a", "outputs": [{{"object": "oss://media/o.mp4", {output}}}]}}"#
        );
        let response = send(&server, &Method::POST, "/api/v1/jobs", body.into_bytes()).await;
        let problem = crate::server::problem(response).await;
        assert_eq!(problem["code"], "invalid_request", "{output}");
        assert!(
            problem["field"].as_str().unwrap().starts_with("outputs[0]"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn keys_that_name_no_object_are_refused_in_bodies() {
    let server = Server::start().await;
    let job = server.submit().await;
    let long = "x".repeat(100_000);
    let keys = [
        "",
        "..",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "/a",
        "\\a",
        "a/",
        "a\nb",
        "a\u{0}b",
        "a\u{7f}b",
        "a\u{85}b",
        ".reelgate/uploads/x",
        &long,
    ];
    for key in keys {
        for (object, field) in [("input", "input"), ("output", "outputs[0].object")] {
            let bad = json!({"bucket": "media", "key": key});
            let good = json!("oss://media/ok.mp4");
            let (input, output) = match object {
                "input" => (&bad, &good),
                _ => (&good, &bad),
            };
            let body =
                json!({"input": input, "outputs": [{"object": output, "preset": "web-360p"}]});
            let response = server.post("/api/v1/jobs", &body).await;
            let text = response.text().await.unwrap();
            assert!(text.len() < 4096, "a refusal repeats only so much");
            let problem: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(problem["code"], "invalid_request", "{problem}");
            assert!(
                problem["field"].as_str().unwrap().starts_with(field),
                "{problem}"
            );
        }
    }
    assert_lives_on(&server, &job).await;
    // Odd, but names of files like any other.
    for key in [
        "-i", "--help", "50%.mp4", "%2e%2e", "a\\b", "a b", "...", "é😀", "$(x)", "*",
    ] {
        let object = json!({"bucket": "media", "key": key});
        let body = json!({"input": object, "outputs": [{"object": object, "preset": "web-360p"}]});
        let response = server.post("/api/v1/jobs", &body).await;
        assert_eq!(response.status(), 201, "{key}");
    }
}

/// Sends exactly these bytes and reads to the end; status and body.
async fn raw(server: &Server, head: &[u8], body: &[u8]) -> (u16, String) {
    let exchange = async {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let key = &server.credentials.api_key;
        let rest = format!(
            " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        // The server may have refused before it has read everything.
        let _ = stream
            .write_all(&[head, rest.as_bytes(), body].concat())
            .await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = tokio::time::timeout(AT_ONCE, exchange).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}

#[tokio::test]
async fn keys_that_name_no_object_are_refused_in_paths() {
    let server = Server::start().await;
    let long = format!("{:0>2000}", 1);
    let keys = [
        "..",
        "%2e%2e",
        "%2E%2E/%2e%2e/etc/passwd",
        "a/../b",
        "a/%2e%2e/b",
        "a%2F..%2Fb",
        "a//b",
        "%2Fetc/passwd",
        "%5Ca",
        "a%00b",
        "a%0Ab",
        "a/",
        ".reelgate/x",
        "%2ereelgate/x",
        "%FF",
        "a%C3",
        &long,
    ];
    for key in keys {
        for method in ["GET", "PUT", "HEAD", "DELETE"] {
            let head = format!("{method} /api/v1/buckets/media/objects/{key}");
            let (status, body) = raw(&server, head.as_bytes(), b"").await;
            assert_eq!(status, 400, "{method} {key}: {body}");
            if method != "HEAD" {
                let problem: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(problem["code"], "invalid_request", "{method} {key}");
            }
        }
    }
    let files = walk(server.dir.path());
    assert!(
        files.iter().all(|name| !name.contains("passwd")),
        "{files:?}"
    );
    for key in ["-i", "50%25.mp4", "%zz", "a%5Cb", "..."] {
        let head = format!("PUT /api/v1/buckets/media/objects/{key}");
        assert_eq!(raw(&server, head.as_bytes(), b"x").await.0, 201, "{key}");
    }
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        names.push(path.display().to_string());
        if path.is_dir() {
            names.extend(walk(&path));
        }
    }
    names
}

/// These never reach a route: the HTTP library finds them, and words are asked for by the start of the head.
#[tokio::test]
async fn what_is_no_http_of_reasonable_size_is_refused_before_any_route() {
    let server = Server::start().await;
    let job = server.submit().await;
    let long = "x".repeat(100_000);
    let longer = "x".repeat(300 * 1024);
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let cases = [
        (format!("GET /api/v1/jobs?x={long}"), 414),
        (
            format!("GET /api/v1/jobs HTTP/1.1\r\nX-Long: {longer}\r\nX: "),
            431,
        ),
        (format!("GET /api/v1/jobs HTTP/1.1\r\n{many}X: "), 431),
        ("GET /api/v1/jobs HTTP/1.1\r\nX Y: 1\r\nX: ".to_owned(), 400),
        (
            "GET /api/v1/jobs HTTP/1.1\r\nTransfer-Encoding: x\r\nX: ".to_owned(),
            400,
        ),
        (
            "GET /api/v1/jobs HTTP/1.1\r\nContent-Length: -1\r\nX: ".to_owned(),
            400,
        ),
        ("GET /api/v1/jobs HTTP/9\r\nX: ".to_owned(), 400),
    ];
    for (head, expected) in cases {
        let (status, body) = raw(&server, head.as_bytes(), b"").await;
        let begin: String = head.chars().take(60).collect();
        assert_eq!(status, expected, "{begin:?}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        let code = match status {
            414 => "address_too_long",
            431 => "head_too_large",
            _ => "malformed_request",
        };
        assert_eq!(problem["code"], code, "{begin:?}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"].as_str().unwrap().len(), 36);
    }
    assert_lives_on(&server, &job).await;
}

#[tokio::test]
async fn impossible_sizes_are_refused_by_field() {
    let server = Server::start().await;
    let numbers = [
        "0",
        "-1",
        "1e9",
        "4097",
        "1.5",
        "\"640\"",
        "\"NaN\"",
        "true",
        "[]",
        "{}",
        "18446744073709551616",
    ];
    let fields = [
        ("video", "width"),
        ("video", "height"),
        ("video", "fps"),
        ("audio", "kbps"),
        ("audio", "sample_rate"),
        ("audio", "channels"),
        ("container", "segment_seconds"),
    ];
    for (part, name) in fields {
        for number in numbers {
            // What is no size may well be a rate.
            if name == "fps" && number == "1.5" {
                continue;
            }
            let body = format!(
                r#"{{"input": "oss://media/a", "outputs": [{{"object": "oss://media/o.m3u8",
                    "preset": "hls-360p", "settings": {{"{part}": {{"{name}": {number}}}}}}}]}}"#
            );
            let response = send(&server, &Method::POST, "/api/v1/jobs", body.into_bytes()).await;
            let problem = crate::server::problem(response).await;
            let found = (
                problem["code"].as_str(),
                problem["field"].as_str().unwrap_or_default(),
            );
            assert_eq!(
                found.0,
                Some("invalid_request"),
                "{part}.{name} {number}: {problem}"
            );
            assert!(
                found.1.starts_with(&format!("outputs[0].settings.{part}")),
                "{number}: {problem}"
            );
        }
        for number in ["NaN", "Infinity", "-", "1e400", "0x10"] {
            let body = format!(
                r#"{{"input": "oss://media/a", "outputs": [{{"object": "oss://media/o.m3u8",
                    "preset": "hls-360p", "settings": {{"{part}": {{"{name}": {number}}}}}}}]}}"#
            );
            let response = send(&server, &Method::POST, "/api/v1/jobs", body.into_bytes()).await;
            assert_problem(response, 400, "invalid_json", "").await;
        }
    }
}

#[tokio::test]
async fn what_is_not_made_here_is_refused_by_name() {
    let server = Server::start().await;
    let cases = [
        (
            json!({"video": {"codec": "theora"}}),
            "invalid_request",
            "outputs[0].settings.video.codec",
        ),
        (
            json!({"audio": {"codec": "dts"}}),
            "invalid_request",
            "outputs[0].settings.audio.codec",
        ),
        (
            json!({"container": {"format": "avi"}}),
            "invalid_request",
            "outputs[0].settings.container",
        ),
        (
            json!({"video": {"codec": "h265"}}),
            "invalid_request",
            "outputs[0].settings.video.profile",
        ),
        (
            json!({"audio": {"codec": "flac"}}),
            "invalid_request",
            "outputs[0].settings.audio.codec",
        ),
        (
            json!({"video": {"preset": "placebo"}}),
            "invalid_request",
            "outputs[0].settings.video.preset",
        ),
        (
            json!({"video": {"rate": {"mode": "vbr"}}}),
            "invalid_request",
            "outputs[0].settings.video.rate",
        ),
    ];
    for (settings, code, field) in cases {
        let body = json!({"input": "oss://media/a", "outputs": [
            {"object": "oss://media/o.mp4", "preset": "web-360p", "settings": settings}]});
        let response = server.post("/api/v1/jobs", &body).await;
        let problem = crate::server::problem(response).await;
        assert_eq!(problem["code"], code, "{problem}");
        assert!(
            problem["field"].as_str().unwrap().starts_with(field),
            "{problem}"
        );
    }
    for name in ["nowhere", "NOT-A-BUCKET", ".."] {
        let body = json!({"input": {"bucket": name, "key": "a"}, "outputs": [
            {"object": "oss://media/o.mp4", "preset": "web-360p"}]});
        let status = server.post("/api/v1/jobs", &body).await.status();
        assert_eq!(status, if name == "nowhere" { 404 } else { 400 }, "{name}");
    }
}

#[tokio::test]
async fn queries_that_say_a_thing_twice_or_in_no_text_are_refused() {
    let server = Server::start().await;
    for (query, field) in [
        ("limit=1&limit=2", "limit"),
        (
            "created_from=2026-01-02T00:00:00Z&created_from=2026-01-02T00:00:00Z",
            "created_from",
        ),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e1", "limit"),
        ("state=lost", "state"),
        ("cursor=..", "cursor"),
        ("colour=red", "colour"),
        // It was read as a text with a replacement character in it.
        ("pipeline=%FF", ""),
        ("%C3=1", ""),
    ] {
        let response = server.get(&format!("/api/v1/jobs?{query}")).await;
        assert_problem(response, 400, "invalid_request", field).await;
    }
}

#[tokio::test]
async fn every_route_refuses_the_methods_it_does_not_have() {
    let server = Server::start().await;
    let job = server.submit().await;
    let routes = [
        ("/jobs", "GET,HEAD,POST"),
        (&format!("/jobs/{job}"), "GET,HEAD,DELETE"),
        (&format!("/jobs/{job}/cancel"), "POST"),
        (&format!("/jobs/{job}/retry"), "POST"),
        (&format!("/jobs/{job}/history"), "GET,HEAD"),
        (&format!("/jobs/{job}/log"), "GET,HEAD"),
        ("/pipelines", "GET,HEAD,POST"),
        ("/pipelines/default", "GET,HEAD,PATCH,DELETE"),
        ("/buckets", "GET,HEAD,POST"),
        ("/buckets/media/objects", "GET,HEAD"),
        ("/buckets/media/objects/a", "GET,HEAD,PUT,DELETE"),
        ("/buckets/media/links/a", "POST"),
        ("/playlists", "POST"),
        ("/presets", "GET,HEAD"),
    ];
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
    ];
    for (route, allowed) in routes {
        let allowed: Vec<_> = allowed.split(',').collect();
        for method in methods
            .into_iter()
            .filter(|method| !allowed.contains(method))
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let request = server.request(method.clone(), &format!("/api/v1{route}"));
            let response = request.send().await.unwrap();
            let listed = response.headers()["allow"].to_str().unwrap().to_owned();
            let mut listed: Vec<_> = listed.split(',').map(str::trim).collect();
            let mut expected = allowed.clone();
            listed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(listed, expected, "{method} {route}");
            if method == Method::HEAD {
                assert_eq!(response.status(), 405);
            } else {
                assert_problem(response, 405, "method_not_allowed", "").await;
            }
        }
    }
    assert_lives_on(&server, &job).await;
}

#[tokio::test]
async fn content_types_change_nothing_and_keys_of_any_shape_are_not_valid() {
    let server = Server::start().await;
    let body = json!({"name": "p"}).to_string();
    for content_type in [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "\u{e9}",
    ] {
        let request = server
            .request(Method::POST, "/api/v1/pipelines")
            .header("content-type", content_type);
        let response = request.body(body.clone()).send().await.unwrap();
        assert_eq!(response.status(), 201, "{content_type}");
    }
    let long = format!("Bearer {}", "x".repeat(100_000));
    for key in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer \u{e9}",
        "Basic eDp5",
        "Bearer x y",
        &long,
    ] {
        let request = server
            .anonymous(Method::GET, "/api/v1/jobs")
            .header("authorization", key);
        assert_problem(request.send().await.unwrap(), 401, "unauthenticated", "").await;
    }
}

#[tokio::test]
async fn links_and_pipes_in_a_bucket_are_answered_at_once() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::os::unix::fs::symlink;

    let server = Server::start().await;
    let buckets = server.json("/api/v1/buckets").await;
    let bucket = std::path::Path::new(buckets["buckets"][0]["path"].as_str().unwrap());
    let secret = server.dir.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    symlink(&secret, bucket.join("out")).unwrap();
    symlink(server.dir.path(), bucket.join("folder")).unwrap();
    symlink("gone", bucket.join("dangling")).unwrap();
    symlink("circle", bucket.join("circle")).unwrap();
    mknodat(
        CWD,
        bucket.join("pipe"),
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();
    let objects = "/api/v1/buckets/media/objects";
    for (key, status, code) in [
        ("out", 403, "denied"),
        ("folder/secret", 403, "denied"),
        ("dangling", 404, "not_found"),
        ("circle", 404, "not_found"),
        ("pipe", 404, "not_found"),
    ] {
        for method in [Method::GET, Method::DELETE] {
            let response = send(&server, &method, &format!("{objects}/{key}"), vec![]).await;
            assert_problem(response, status, code, "").await;
        }
    }
    let listed = server.json(objects).await;
    assert_eq!(listed["objects"], json!([]));
    assert_eq!(std::fs::read(&secret).unwrap(), b"secret");
}
