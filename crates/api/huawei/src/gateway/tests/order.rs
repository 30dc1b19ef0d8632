//! Who is let in, what the others are told, and which of two faults is told first.

use super::*;

const UNSERVED: &str = "404 APIGW.0101";
const REFUSED: &str = "401 APIGW.0301";
const WHO: &str = "Incorrect IAM authentication information: ";

#[tokio::test]
async fn a_good_signature_gets_to_a_door_behind_which_nothing_is_yet() {
    let world = World::new().await;
    let derived = Call {
        is_derived: true,
        ..world.request()
    };
    let project = world.made.project_id.clone();
    let objects = format!("/v1.0-ext/{project}/nothing");
    let underscore = world
        .request()
        .without("x-project-id")
        .header("x-project_id", &project);
    for call in [
        world.request(),
        derived,
        world.request().without("x-project-id"),
        underscore,
        world.request().path(&objects),
        world.request().query("b=%2A&a=+%20&a=%c3%a9"),
        world.request().json(&json!({"name": "caf\u{e9}"})),
        world.request().path("/v3/unknown"),
        world.request().path("/v3/"),
        world.request().path("/v1/"),
    ] {
        let answer = world.send(call).await;
        assert_eq!(answer.summary(), UNSERVED);
        let message = "The API does not exist or has not been published in the environment.";
        assert_eq!(answer.message(), message);
        assert_eq!(
            answer.headers["content-type"],
            "application/json;charset=UTF-8"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_told() {
    let world = World::new().await;
    let (key, secret) = (&world.made.access_key_id, &world.made.access_key_secret);
    let check = async |call: Call, expected: &str| {
        let answer = world.send(call).await;
        assert_eq!(answer.summary(), REFUSED);
        assert_eq!(answer.message(), format!("{WHO}{expected}"));
    };
    let unsigned = Call {
        is_signed: false,
        ..world.request()
    };
    check(unsigned.clone(), "x-auth-token not found").await;
    check(
        world.request().key("AKUNKNOWN", secret),
        "ak AKUNKNOWN not exist",
    )
    .await;
    check(
        unsigned
            .clone()
            .header("authorization", "SDK-HMAC-SM3 Access=a"),
        "the algorithm SDK-HMAC-SM3 is not supported",
    )
    .await;
    check(
        unsigned.header("authorization", "SDK-HMAC-SHA256 Access=a"),
        "the header Authorization does not have SignedHeaders once",
    )
    .await;
    check(
        world.request().header("x-sdk-date", "20260115T081459Z"),
        "calc aksk signature fail:signature expired, signature time:20260115T081459Z,\
         server time:20260115T083000Z",
    )
    .await;
    check(
        world.request().header("x-sdk-date", "20260115T084501Z"),
        "calc aksk signature fail:signature expired, signature time:20260115T084501Z,\
         server time:20260115T083000Z",
    )
    .await;
    check(
        world.request().header("x-security-token", "x"),
        "decrypt token fail",
    )
    .await;
    check(
        world.request().key("HST12345678901234567", "x"),
        "x-security-token not found, ak HST12345678901234567 is a temporary one",
    )
    .await;
    let wrong = world.request().key(key, "SKwrong");
    let project = &world.made.project_id;
    check(
        wrong,
        &format!(
            "verify aksk signature fail, canonicalRequest:GET|/v1/{project}/nothing/|\
             task_id=1&task_id=2|content-type:application/json|host:{HOST}|x-project-id:{project}|\
             x-sdk-date:20260115T083000Z||content-type;host;x-project-id;x-sdk-date|\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
    )
    .await;
}

/// Every part of the signed material, altered alone after it was signed.
#[tokio::test]
async fn no_part_of_what_is_signed_can_be_changed() {
    let world = World::new().await;
    let good = world.request().json(&json!({"a": 1}));
    let authorization = good.authorization();
    let signed = Call {
        is_signed: false,
        ..good.header("authorization", &authorization)
    };
    assert_eq!(world.send(signed.clone()).await.summary(), UNSERVED);
    let project = &world.made.project_id;
    let cases = [
        (
            "method",
            Call {
                method: "POST",
                ..signed.clone()
            },
        ),
        (
            "path",
            signed.clone().path(&format!("/v1/{project}/thumbnails")),
        ),
        (
            "version",
            signed.clone().path(&format!("/v1.0-ext/{project}/nothing")),
        ),
        ("value", signed.clone().query("task_id=1&task_id=3")),
        (
            "order of values",
            signed.clone().query("task_id=2&task_id=1"),
        ),
        ("one more", signed.clone().query("task_id=1&task_id=2&a=")),
        ("one less", signed.clone().query("task_id=1")),
        ("host", signed.clone().header("host", "127.0.0.1:18087")),
        (
            "content type",
            signed
                .clone()
                .header("content-type", "application/json;charset=UTF-8"),
        ),
        (
            "project",
            signed
                .clone()
                .header("x-project-id", "0123456789abcdef0123456789abcdef"),
        ),
        (
            "date",
            signed.clone().header("x-sdk-date", "20260115T083001Z"),
        ),
        (
            "a header that is gone",
            signed.clone().without("x-project-id"),
        ),
        ("body", signed.clone().json(&json!({"a": 2}))),
        (
            "no body",
            Call {
                body: vec![],
                ..signed.clone()
            },
        ),
        (
            "declared hash",
            signed
                .clone()
                .header("x-sdk-content-sha256", "UNSIGNED-PAYLOAD"),
        ),
        (
            "key",
            signed.clone().header(
                "authorization",
                &authorization.replace("Access=RGAK", "Access=RGAJ"),
            ),
        ),
        (
            "signed headers",
            signed
                .clone()
                .header("authorization", &authorization.replace("content-type;", "")),
        ),
    ];
    for (name, call) in cases {
        assert_eq!(world.send(call).await.summary(), REFUSED, "{name}");
    }
}

#[tokio::test]
async fn earlier_checks_win() {
    let world = World::new().await;
    let other = "/v1/0123456789abcdef0123456789abcdef/x";
    let key = world.made.access_key_id.clone();
    let late = world.request().header("x-sdk-date", "20260115T000000Z");
    for (call, expected) in [
        // An unknown key before its time, the time before the signature, the signature before the project.
        (late.clone().key("AKUNKNOWN", "x"), "not exist"),
        (late.key(&key, "x"), "signature expired"),
        (
            world.request().path(other).key(&key, "x"),
            "verify aksk signature fail",
        ),
        (world.request().path(other), "Tenant ID verification failed"),
        // A token counts before a signature.
        (
            world.request().header("x-auth-token", "none"),
            "decrypt token fail",
        ),
    ] {
        let answer = world.send(call).await;
        assert_eq!(answer.status, 401);
        assert!(answer.message().contains(expected), "{}", answer.message());
    }
}

#[tokio::test]
async fn a_key_that_is_switched_off_or_deleted_signs_nothing() {
    let world = World::new().await;
    let operator = world.operator();
    let new = world
        .service
        .create_access_key(&operator, None, None)
        .await
        .unwrap();
    let (id, secret) = (new.view.id.clone(), new.secret.expose().to_owned());
    let call = || world.request().key(&id, &secret);
    assert_eq!(world.send(call()).await.summary(), UNSERVED);
    world
        .service
        .set_key_active(&operator, None, &id, false)
        .await
        .unwrap();
    let answer = world.send(call()).await;
    assert_eq!(answer.summary(), REFUSED);
    assert_eq!(answer.message(), format!("{WHO}ak {id} is disabled"));
    world
        .service
        .set_key_active(&operator, None, &id, true)
        .await
        .unwrap();
    assert_eq!(world.send(call()).await.summary(), UNSERVED);
}

#[tokio::test]
async fn requests_that_cannot_be_read_are_malformed() {
    let world = World::new().await;
    for (path, query) in [("/v1/%zz", ""), ("/v1/%ff", ""), ("/v1/a/b", "a=%4")] {
        let call = world.request().path(path).query(query);
        // It cannot be signed either.
        let call = Call {
            is_signed: false,
            ..call.header("authorization", &world.request().authorization())
        };
        assert_eq!(
            world.send(call).await.summary(),
            "400 APIGW.0201",
            "{path}?{query}"
        );
    }
    let unsigned = Call {
        is_signed: false,
        ..world.request()
    };
    let mut twice = unsigned.clone();
    twice
        .headers
        .append("x-auth-token", HeaderValue::from_static("a"));
    twice
        .headers
        .append("x-auth-token", HeaderValue::from_static("b"));
    assert_eq!(world.send(twice).await.summary(), "400 APIGW.0201");
    let mut binary = unsigned;
    let value = HeaderValue::from_bytes(b"\xff").unwrap();
    binary.headers.insert("x-auth-token", value);
    assert_eq!(world.send(binary).await.summary(), "400 APIGW.0201");
}

#[tokio::test]
async fn calls_are_recorded_with_who_made_them() {
    let world = World::new().await;
    world.send(world.request()).await;
    world
        .send(
            world
                .request()
                .path("/v1/0123456789abcdef0123456789abcdef/x"),
        )
        .await;
    world
        .send(world.request().key(&world.made.access_key_id, "x"))
        .await;
    world.send(world.request().key("AKUNKNOWN", "x")).await;
    let root = format!("acs:ram::{}:root", world.made.account_id);
    let row = |allowed, status: &str, reason: &str| {
        let action = "mpc:Unserved".to_owned();
        (
            root.clone(),
            action,
            allowed,
            status.to_owned(),
            reason.to_owned(),
        )
    };
    let expected = [
        row(true, UNSERVED, ""),
        row(
            false,
            "401 MPC.10208",
            "Tenant ID verification failed, please check.",
        ),
        row(false, REFUSED, &format!("{WHO}verify aksk signature fail")),
    ];
    assert_eq!(world.audited().await, expected);
}
