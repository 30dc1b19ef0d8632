//! Limits that hold before anybody is known, and those on calls and failures.

use reelgate_domain::access::LimitRule;

use super::*;
use crate::gateway::received::{MAX_BODY_BYTES, MAX_URI_BYTES};

#[tokio::test]
async fn sizes_are_limited_before_anything_is_asked() {
    let world = World::new().await;
    let unsigned = Call {
        is_signed: false,
        ..world.request()
    };
    let body = |bytes| Call {
        body: vec![b'x'; bytes],
        ..unsigned.clone()
    };
    assert_eq!(
        world.send(body(MAX_BODY_BYTES)).await.summary(),
        "401 APIGW.0301"
    );
    let answer = world.send(body(MAX_BODY_BYTES + 1)).await;
    assert_eq!(answer.summary(), "413 APIGW.0201");
    assert_eq!(answer.message(), "Request entity too large.");
    let uri = |bytes: usize| {
        let query = "x".repeat(bytes - unsigned.path.len() - 1);
        unsigned.clone().query(&query)
    };
    assert_eq!(
        world.send(uri(MAX_URI_BYTES)).await.summary(),
        "401 APIGW.0301"
    );
    let answer = world.send(uri(MAX_URI_BYTES + 1)).await;
    assert_eq!(answer.summary(), "414 APIGW.0201");
    assert_eq!(answer.message(), "Request URI too large.");
}

#[tokio::test]
async fn an_account_that_calls_too_often_is_told_when_to_come_back() {
    let world = World::new().await;
    let rule = LimitRule::Limit("2/min".parse().unwrap());
    let action = "iam:KeystoneListProjects";
    let (operator, account) = (world.operator(), world.account());
    world
        .service
        .set_limit(&operator, account, action, Some(rule))
        .await
        .unwrap();
    let call = || Call {
        is_signed: true,
        ..world.plain("GET", "/v3/projects")
    };
    for _ in 0..2 {
        assert_eq!(world.send(call()).await.status, 200);
    }
    let answer = world.send(call()).await;
    assert_eq!(answer.summary(), "429 APIGW.0308");
    assert_eq!(
        answer.message(),
        "The throttling threshold has been reached."
    );
    assert_eq!(answer.headers["retry-after"], "30");
    // What is wrong is not counted, and other calls go on.
    assert_eq!(world.send(world.request()).await.status, 404);
    world.advance(Duration::from_secs(30));
    assert_eq!(world.send(call()).await.status, 200);
    assert_eq!(world.send(call()).await.status, 429);
}

#[tokio::test]
async fn whoever_guesses_at_a_key_has_to_wait() {
    let world = World::new().await;
    let key = world.made.access_key_id.clone();
    let wrong = || world.request().key(&key, "x");
    let mut refused = 0;
    while world.send(wrong()).await.status == 401 {
        refused += 1;
        assert!(refused <= 1000, "a thousand failures a minute are enough");
    }
    assert_eq!(refused, 1000);
    assert_eq!(world.send(wrong()).await.summary(), "429 APIGW.0308");
    // Its owner at the same address is not kept out.
    assert_eq!(world.send(world.request()).await.status, 404);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.send(wrong()).await.status, 401);
    // Of so many guesses in two seconds a few are recorded.
    assert_eq!(world.audited().await.len(), 10 + 1 + 1);
}

#[tokio::test]
async fn a_flood_of_refused_calls_fills_no_audit() {
    let world = World::new().await;
    let rule = LimitRule::Limit("1/h".parse().unwrap());
    let action = "iam:KeystoneListProjects";
    let (operator, account) = (world.operator(), world.account());
    world
        .service
        .set_limit(&operator, account, action, Some(rule))
        .await
        .unwrap();
    let call = || Call {
        is_signed: true,
        ..world.plain("GET", "/v3/projects")
    };
    assert_eq!(world.send(call()).await.status, 200);
    for _ in 0..50 {
        assert_eq!(world.send(call()).await.status, 429);
    }
    let records = world.audited().await;
    let refused = records.iter().filter(|record| record.3 == "429 APIGW.0308");
    let many = refused.count();
    assert!((1..50).contains(&many), "{many}");
}
