//! Policy documents that are none: each is refused with the place in it that is wrong, and nothing changes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_access::send;
use crate::server::{Server, assert_problem, problem};

#[tokio::test]
async fn policies_that_are_none_are_refused_with_the_place_and_change_nothing() {
    let server = Server::start().await;
    let good = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "*"}]});
    let stored = send(
        &server,
        &Method::PUT,
        "/policies/p",
        good.to_string().into_bytes(),
    )
    .await;
    assert_eq!(stored.status(), 201);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        document.to_string().into_bytes()
    };
    let statements = json!(vec![good["Statement"][0].clone(); 101]);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), ""),
        ("a list", b"[]".to_vec(), ""),
        ("a text", b"\"Allow\"".to_vec(), ""),
        ("cut off", good.to_string().as_bytes()[..20].to_vec(), ""),
        ("more after it", format!("{good} {good}").into_bytes(), ""),
        (
            "deep",
            format!(
                "{{\"Statement\":{}{}}}",
                "[".repeat(50_000),
                "]".repeat(50_000)
            )
            .into_bytes(),
            "",
        ),
        ("deep objects", "{\"a\":".repeat(1000).into_bytes(), ""),
        (
            "too long",
            with(&|it| it["Statement"][0]["Resource"] = json!(vec!["acs:a:*:*:x".repeat(20); 40])),
            "",
        ),
        (
            "too many statements",
            with(&|it| it["Statement"] = statements.clone()),
            "",
        ),
        (
            "no version",
            with(&|it| drop(it.as_object_mut().unwrap().remove("Version"))),
            "Version",
        ),
        (
            "another version",
            with(&|it| it["Version"] = json!("2")),
            "Version",
        ),
        (
            "another member",
            with(&|it| it["Statement"][0]["Efect"] = json!("Deny")),
            "Statement[0]",
        ),
        (
            "another effect",
            with(&|it| it["Statement"][0]["Effect"] = json!("Maybe")),
            "Statement[0].Effect",
        ),
        (
            "no action",
            with(&|it| it["Statement"][0]["Action"] = json!([])),
            "Statement[0].Action",
        ),
        (
            "both actions",
            with(&|it| it["Statement"][0]["NotAction"] = json!("a:C")),
            "Statement[0]",
        ),
        (
            "a number",
            with(&|it| it["Statement"][0]["Resource"] = json!(7)),
            "Statement[0].Resource",
        ),
        (
            "no ARN",
            with(&|it| it["Statement"][0]["Resource"] = json!("media/*")),
            "Statement[0].Resource",
        ),
        (
            "a variable",
            with(&|it| it["Statement"][0]["Resource"] = json!("acs:a:*:*:${x}")),
            "Statement[0].Resource",
        ),
        (
            "another operator",
            with(&|it| {
                it["Statement"][0]["Condition"] = json!({"StringIs": {"acs:SourceIp": "x"}});
            }),
            "Statement[0].Condition",
        ),
        (
            "no network",
            with(&|it| {
                it["Statement"][0]["Condition"] =
                    json!({"IpAddress": {"acs:SourceIp": "10.0.0.0/33"}});
            }),
            "Statement[0].Condition",
        ),
        (
            "an unknown key",
            with(&|it| {
                it["Statement"][0]["Condition"] = json!({"StringEquals": {"mts:Colour": "red"}});
            }),
            "mts:colour",
        ),
        (
            "a member twice",
            good.to_string()
                .replace("\"Effect\"", "\"Effect\":\"Deny\",\"Effect\"")
                .into_bytes(),
            "Statement[0]",
        ),
    ];
    for (name, body, place) in cases {
        let response = send(&server, &Method::PUT, "/policies/p", body.clone()).await;
        let text = response.text().await.unwrap();
        assert!(text.len() < 4096, "a refusal repeats only so much");
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&found["status"], &found["code"]),
            (&json!(400), &json!("invalid_request")),
            "{name}: {found}"
        );
        assert!(
            found["detail"].as_str().unwrap().contains(place),
            "{name}: {found}"
        );
        // Trust policies are refused alike; those that are no JSON already as a part of the body.
        if let Ok(trust) = serde_json::from_slice::<Value>(&body) {
            let body = json!({"trust": trust}).to_string().into_bytes();
            let found = problem(send(&server, &Method::PUT, "/roles/r", body).await).await;
            let code = found["code"].as_str().unwrap();
            assert!(
                ["invalid_request", "invalid_json"].contains(&code),
                "{name}: {found}"
            );
        }
    }
    let not_text = send(
        &server,
        &Method::PUT,
        "/policies/p",
        b"{\"Version\": \"\xff\"}".to_vec(),
    )
    .await;
    assert_problem(not_text, 400, "invalid_json", "").await;
    let huge = send(
        &server,
        &Method::PUT,
        "/policies/p",
        vec![b' '; 2 * 1024 * 1024],
    )
    .await;
    assert_problem(huge, 413, "too_large", "").await;
    assert_eq!(server.json("/api/v1/policies/p").await["document"], good);
    assert_eq!(server.json("/api/v1/roles").await, json!({"roles": []}));
}
