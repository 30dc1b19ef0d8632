//! Buckets: create, list, and the directories they lie in.

use serde_json::{Value, json};

use reelgate_s3server::S3Server;
use reqwest::Method;

use crate::server::{Server, assert_problem};

#[tokio::test]
async fn a_bucket_is_created_and_listed() {
    let server = Server::start().await;
    let response = server
        .post("/api/v1/buckets", &json!({"name": "clips"}))
        .await;
    assert_eq!(response.status(), 201);
    assert_eq!(
        response.headers()["location"],
        "/api/v1/buckets/clips/objects"
    );
    let made: Value = response.json().await.unwrap();
    let listed = server.json("/api/v1/buckets").await;
    assert_eq!(listed["buckets"][1]["name"], "media");
    assert_eq!(listed["buckets"][0], made);
}

#[tokio::test]
async fn an_operator_chooses_the_directory() {
    let server = Server::start().await;
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("there.txt"), "before").unwrap();
    let path = elsewhere.path().to_str().unwrap().to_owned();
    let body = json!({"name": "mapped", "path": path});
    let response = server.post("/api/v1/buckets", &body).await;
    assert_eq!(response.json::<Value>().await.unwrap()["path"], *path);
    let object = server.get("/api/v1/buckets/mapped/objects/there.txt").await;
    assert_eq!(object.text().await.unwrap(), "before");
}

#[tokio::test]
async fn buckets_refuse_what_makes_no_sense() {
    let server = Server::start().await;
    let own = server.dir.path().to_str().unwrap();
    for (body, status, code, field) in [
        (json!({"name": "media"}), 409, "conflict", ""),
        (json!({"name": "NO"}), 400, "invalid_request", "name"),
        (json!({}), 400, "invalid_request", "name"),
        (
            json!({"name": "abc", "region": "x"}),
            400,
            "unknown_field",
            "region",
        ),
        (
            json!({"name": "abc", "path": "relative"}),
            400,
            "invalid_request",
            "path",
        ),
        (json!({"name": "abc", "path": own}), 403, "denied", ""),
    ] {
        let response = server.post("/api/v1/buckets", &body).await;
        assert_problem(response, status, code, field).await;
    }
    let response = server.get("/api/v1/buckets?x=1").await;
    assert_problem(response, 400, "invalid_request", "x").await;
}

/// The body for a bucket on this store.
fn on_s3(store: &S3Server, name: &str) -> Value {
    json!({"name": name, "s3": {
        "endpoint": store.endpoint(),
        "bucket": "films",
        "prefix": "shelf",
        "access_key_id": reelgate_s3server::ACCESS_KEY_ID,
        "secret_access_key": reelgate_s3server::SECRET,
    }})
}

#[tokio::test]
async fn a_bucket_on_an_object_store_works_like_any_and_keeps_its_secret() {
    let store = S3Server::start(&["films"]).await.unwrap();
    let server = Server::start().await;
    let response = server.post("/api/v1/buckets", &on_s3(&store, "far")).await;
    assert_eq!(response.status(), 201);
    let text = response.text().await.unwrap();
    assert!(!text.contains(reelgate_s3server::SECRET), "{text}");
    let made: Value = serde_json::from_str(&text).unwrap();
    let place = json!({
        "endpoint": store.endpoint(),
        "bucket": "films",
        "prefix": "shelf/",
        "region": "us-east-1",
        "style": "path",
        "access_key_id": reelgate_s3server::ACCESS_KEY_ID,
    });
    assert_eq!((&made["s3"], &made["path"]), (&place, &Value::Null));
    assert_eq!(server.json("/api/v1/buckets").await["buckets"][0], made);

    let path = "/api/v1/buckets/far/objects/a/in.txt";
    for (content, status) in [("content", 201), ("new content", 200)] {
        let request = server.request(Method::PUT, path).body(content);
        assert_eq!(request.send().await.unwrap().status(), status);
    }
    assert!(store.root().join("films/shelf/a/in.txt").exists());
    let read = server.get(path).await;
    let etag = read.headers()["etag"].clone();
    assert_eq!(read.headers()["content-type"], "text/plain");
    assert_eq!(read.text().await.unwrap(), "new content");
    let with = async |name: &'static str, value: &str| {
        let request = server.request(Method::GET, path).header(name, value);
        request.send().await.unwrap()
    };
    let part = with("range", "bytes=4-").await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 4-10/11");
    assert_eq!(part.text().await.unwrap(), "content");
    assert_eq!(
        with("if-none-match", etag.to_str().unwrap()).await.status(),
        304
    );
    assert_eq!(with("range", "bytes=99-").await.status(), 416);
    let listed = server.json("/api/v1/buckets/far/objects").await;
    assert_eq!(listed["objects"][0]["key"], "a/in.txt");

    let link = server
        .post(
            "/api/v1/buckets/far/links/a/in.txt",
            &json!({"seconds": 60}),
        )
        .await;
    let link: Value = link.json().await.unwrap();
    let url = link["url"].as_str().unwrap();
    assert!(
        url.starts_with(&store.endpoint()) && url.contains("X-Amz-Expires=60"),
        "{url}"
    );
    let deleted = server.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    assert_problem(server.get(path).await, 404, "not_found", "").await;
}

#[tokio::test]
async fn a_place_on_an_object_store_that_cannot_be_used_is_refused_with_the_cause() {
    let store = S3Server::start(&["films"]).await.unwrap();
    let server = Server::start().await;
    let check = async |change: &dyn Fn(&mut Value), field: &str, cause: &str| {
        let mut body = on_s3(&store, "far");
        change(&mut body);
        let response = server.post("/api/v1/buckets", &body).await;
        let status = response.status();
        let problem: Value = response.json().await.unwrap();
        assert_eq!(
            (status.as_u16(), &problem["field"]),
            (400, &json!(field)),
            "{problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(cause), "{detail}");
        assert!(!detail.contains(reelgate_s3server::SECRET), "{detail}");
    };
    let set = |name: &'static str, value: &'static str| {
        move |body: &mut Value| body["s3"][name] = value.into()
    };
    check(
        &set("secret_access_key", "wrong"),
        "s3",
        "SignatureDoesNotMatch",
    )
    .await;
    check(&set("bucket", "nothing-there"), "s3", "NoSuchBucket").await;
    check(
        &set("endpoint", "s3.example.com"),
        "s3.endpoint",
        "https://",
    )
    .await;
    check(
        &set("endpoint", "http://127.0.0.1:1"),
        "s3",
        "does not answer",
    )
    .await;
    check(
        &set("style", "virtual"),
        "s3.style",
        "needs an endpoint with a name",
    )
    .await;
    let oss = "https://s3.oss-cn-beijing.aliyuncs.com";
    let both = move |body: &mut Value| {
        body["s3"]["endpoint"] = oss.into();
        body["s3"]["style"] = "path".into();
    };
    check(&both, "s3.style", "SecondLevelDomainForbidden").await;
    check(
        &|body: &mut Value| body["path"] = "/srv/x".into(),
        "s3",
        "not in both",
    )
    .await;
    assert_eq!(
        server.json("/api/v1/buckets").await["buckets"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let missing = server
        .post("/api/v1/buckets/media/links/in.mp4", &json!({}))
        .await;
    assert_problem(missing, 404, "not_found", "").await;
}

#[tokio::test]
async fn an_object_store_that_goes_away_is_unavailable() {
    let store = S3Server::start(&["films"]).await.unwrap();
    let server = Server::start().await;
    server.post("/api/v1/buckets", &on_s3(&store, "far")).await;
    drop(store);
    let response = server.get("/api/v1/buckets/far/objects").await;
    assert_problem(response, 503, "unavailable", "").await;
}
