//! The operations that policies name, and the error centre.

use reelgate_api_native::routes;
use serde_json::json;

use crate::server::{Server, assert_problem};

#[tokio::test]
async fn every_operation_is_listed_as_policies_name_it() {
    let server = Server::start().await;
    let all = server.json("/api/v1/operations").await;
    let [product] = &all["products"].as_array().unwrap()[..] else {
        panic!("{all}");
    };
    let listed: Vec<_> = product["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| operation["action"].as_str().unwrap())
        .collect();
    let mut actions: Vec<_> = routes::all()
        .iter()
        .map(|route| route.policy_action())
        .collect();
    actions.sort();
    assert_eq!(listed, actions);
    let get = product["operations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|operation| operation["action"] == "reelgate:GetObject");
    assert_eq!(
        get.unwrap()["resources"],
        json!([{"name": "Object",
        "arn": "acs:reelgate:*:{accountId}:bucket/{bucket}/{key}", "required": true}])
    );
    for name in ["Reelgate", "reelgate"] {
        assert_eq!(
            server
                .json(&format!("/api/v1/operations?product={name}"))
                .await,
            all
        );
    }
    let unknown = server.get("/api/v1/operations?product=mpc").await;
    assert_problem(unknown, 404, "not_found", "").await;
}

#[tokio::test]
async fn the_error_centre_has_every_code_and_says_what_to_do() {
    let server = Server::start().await;
    let all = server.json("/api/v1/errors").await;
    let product = routes::product();
    let codes: Vec<_> = all["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap())
        .collect();
    let expected: Vec<_> = product
        .shared_errors
        .iter()
        .chain(product.errors)
        .map(|error| error.code)
        .collect();
    assert_eq!(codes, expected);
    let one = server.json("/api/v1/errors/throttled").await;
    let [error] = &one["errors"].as_array().unwrap()[..] else {
        panic!("{one}");
    };
    assert_eq!(
        (&error["status"], &error["dialect"], &error["product"]),
        (&json!(429), &json!("native"), &json!(null))
    );
    assert!(error["advice"].as_str().unwrap().contains("Retry-After"));
    assert_eq!(
        server.json("/api/v1/errors/not_found").await["errors"][0]["product"],
        "Reelgate"
    );
    assert_problem(
        server.get("/api/v1/errors/no_such_code").await,
        404,
        "not_found",
        "",
    )
    .await;
}
