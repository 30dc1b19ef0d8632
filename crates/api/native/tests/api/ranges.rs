//! Ranges and conditions on objects.

use reqwest::{Method, Response};

use crate::server::{Server, assert_problem};

const PATH: &str = "/api/v1/buckets/media/objects/digits.txt";

/// A server with an object that holds the ten digits.
async fn digits() -> Server {
    let server = Server::start().await;
    let request = server.request(Method::PUT, PATH).body("0123456789");
    assert_eq!(request.send().await.unwrap().status(), 201);
    server
}

async fn get(server: &Server, headers: &[(&str, &str)]) -> Response {
    let mut request = server.request(Method::GET, PATH);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_range_is_a_part_with_its_place() {
    let server = digits().await;
    for (range, place, content) in [
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=8-99", "bytes 8-9/10", "89"),
        ("bytes=-99", "bytes 0-9/10", "0123456789"),
    ] {
        let part = get(&server, &[("range", range)]).await;
        assert_eq!(part.status(), 206, "{range}");
        assert_eq!(part.headers()["content-range"], place);
        assert_eq!(part.headers()["content-length"], content.len().to_string());
        assert_eq!(part.text().await.unwrap(), content);
    }
}

#[tokio::test]
async fn a_range_outside_the_object_is_told_its_size() {
    let server = digits().await;
    for range in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
        let refused = get(&server, &[("range", range)]).await;
        assert_eq!(refused.headers()["content-range"], "bytes */10");
        assert_problem(refused, 416, "range_not_satisfiable", "").await;
    }
}

#[tokio::test]
async fn what_is_no_single_range_gets_the_whole() {
    let server = digits().await;
    for range in ["bytes=0-1,3-4", "bytes=4-2", "chars=0-1", "nonsense"] {
        let whole = get(&server, &[("range", range)]).await;
        assert_eq!(whole.status(), 200, "{range}");
        assert_eq!(whole.text().await.unwrap(), "0123456789");
    }
}

#[tokio::test]
async fn conditions_are_judged_by_tag_and_date() {
    let server = digits().await;
    let known = get(&server, &[]).await;
    let etag = known.headers()["etag"].to_str().unwrap().to_owned();
    let date = known.headers()["last-modified"]
        .to_str()
        .unwrap()
        .to_owned();
    let past = "Thu, 01 Jan 1970 00:00:00 GMT";
    let weak = format!("W/{etag}");
    let list = format!("\"x\", {etag}");
    for (name, value, status) in [
        ("if-none-match", &*etag, 304),
        ("if-none-match", &*weak, 304),
        ("if-none-match", &*list, 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"x\"", 200),
        ("if-modified-since", &*date, 304),
        ("if-modified-since", past, 200),
    ] {
        let answer = get(&server, &[(name, value)]).await;
        assert_eq!(answer.status(), status, "{name}: {value}");
        assert_eq!(answer.headers()["etag"], etag);
        let head = server.request(Method::HEAD, PATH).header(name, value);
        assert_eq!(
            head.send().await.unwrap().status(),
            status,
            "HEAD {name}: {value}"
        );
    }
    // The tag wins over the date.
    let both = [("if-none-match", "\"x\""), ("if-modified-since", &*date)];
    assert_eq!(get(&server, &both).await.status(), 200);

    for (condition, status) in [
        (&*etag, 206),
        (&*date, 206),
        ("\"x\"", 200),
        (past, 200),
        (&*weak, 200),
    ] {
        let answer = get(&server, &[("range", "bytes=0-1"), ("if-range", condition)]).await;
        assert_eq!(answer.status(), status, "if-range: {condition}");
    }
}
