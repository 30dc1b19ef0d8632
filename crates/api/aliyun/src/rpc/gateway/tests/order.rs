//! Every error of the protocol, in the order of checks: each request also fails a later stage.

use axum::body::Body;

use super::*;

#[tokio::test]
async fn stage_parse_refuses_what_cannot_be_read() {
    let world = world().await;
    for (query, expected) in [
        ("Format=JSON&JobId=%4", "400 InvalidParameter"),
        ("Format=JSON&JobId=%FF", "400 InvalidParameter"),
        ("Format=JSON&JobId=1&JobId=1", "400 InvalidParameter"),
        ("Format=YAML&Version=wrong", "400 InvalidParameter.Format"),
        ("Format=", "400 InvalidParameter.Format"),
    ] {
        let answer = world.send(bare(Method::GET, query)).await;
        assert_eq!(answer.summary(), expected, "{query}");
        let is_json = answer.content_type.contains("json");
        assert_eq!(is_json, query.contains("JSON"), "{query}");
    }
    let odd = v3(&world, "Format=YAML").summary(&world).await;
    assert_eq!(odd, "400 InvalidParameter.Format");
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let put = V1 {
            method,
            ..v1(&world).set("Version", "wrong")
        };
        assert_eq!(put.summary(&world).await, "400 UnsupportedHTTPMethod");
    }
}

#[tokio::test]
async fn bodies_have_a_size_limit() {
    let world = world().await;
    let mut large = bare(Method::POST, "Format=JSON");
    *large.body_mut() = Body::from(vec![b'a'; MAX_BODY_BYTES + 1]);
    let answer = world.send(large).await;
    assert_eq!(answer.summary(), "413 RequestEntityTooLarge");
}

#[tokio::test]
async fn only_forms_are_read_as_parameters() {
    let world = world().await;
    let mut json = bare(Method::POST, "");
    let headers = json.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *json.body_mut() = Body::from("Version=2014-06-18&Format=JSON");
    let answer = world.send(json).await;
    assert_eq!(answer.summary(), "400 MissingVersion");
    assert_eq!(answer.content_type, "text/xml;charset=utf-8");
}

#[tokio::test]
async fn stage_product_and_action_come_before_credentials() {
    let world = world().await;
    let stranger = || v1(&world).set("AccessKeyId", "unknown");
    let nothing = stranger().without("Version").without("Action");
    for (request, expected) in [
        (nothing, "400 MissingVersion"),
        (
            stranger().set("Version", "2011-11-11"),
            "400 InvalidVersion",
        ),
        (stranger().without("Action"), "400 MissingAction"),
        (
            stranger().set("Action", "cancelJob"),
            "404 InvalidAction.NotFound",
        ),
        (
            stranger().set("Action", "PlayInfo"),
            "400 UnsupportedOperation",
        ),
    ] {
        assert_eq!(request.summary(&world).await, expected);
    }

    let stranger = || {
        let key = Key::new("unknown", "secret");
        V3::new(&world, &key, MTS, "CancelJob", "JobId=1")
    };
    for (request, expected) in [
        (stranger().without("x-acs-version"), "400 MissingVersion"),
        (
            stranger().header("x-acs-version", "2011-11-11"),
            "400 InvalidVersion",
        ),
        (stranger().without("x-acs-action"), "400 MissingAction"),
        (
            stranger().header("x-acs-action", "Nothing"),
            "404 InvalidAction.NotFound",
        ),
    ] {
        assert_eq!(request.summary(&world).await, expected);
    }
    let refused = stranger().header("x-acs-action", "PlayInfo").signed();
    assert_eq!(
        refused.send(&world).await.member("Message"),
        "playback is not part of Reelgate"
    );
}

#[tokio::test]
async fn v3_takes_action_and_version_from_the_signed_headers_only() {
    let world = world().await;
    let both = v3(&world, "JobId=1&Action=Break&Version=2011-11-11");
    assert_eq!(both.summary(&world).await, "200");
}

#[tokio::test]
async fn stage_credential_wants_complete_claims_first() {
    let world = world().await;
    let unsigned = || {
        v1(&world)
            .set("AccessKeyId", "unknown")
            .set("Timestamp", "stale")
    };
    let answer = unsigned().send(&world).await;
    assert_eq!(answer.summary(), "400 MissingSignature");
    for name in [
        "AccessKeyId",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Timestamp",
    ] {
        let answer = unsigned().set("Signature", "AA==").without(name);
        let answer = answer.send(&world).await;
        assert_eq!(answer.summary(), format!("400 Missing{name}"));
    }
    let odd = unsigned()
        .set("Signature", "AA==")
        .set("SignatureMethod", "HMAC-MD5");
    let odd = odd.send(&world).await;
    assert_eq!(odd.summary(), "400 InvalidSignatureMethod");

    let unknown = V3 {
        key: Key::new("unknown", "secret"),
        ..v3(&world, "").without("x-acs-signature-nonce")
    };
    let incomplete = unknown.summary(&world).await;
    assert_eq!(incomplete, "400 IncompleteSignature");
    let odd = v3(&world, "").header("authorization", "ACS3-HMAC-SM3 Credential=unknown");
    let odd = odd.send(&world).await;
    assert_eq!(odd.summary(), "400 InvalidSignatureMethod");
}

#[tokio::test]
async fn stage_credential_comes_before_the_timestamp() {
    let world = world().await;
    let (service, caller) = (&world.service, &world.caller());
    let key = service.create_access_key(caller, None, None).await.unwrap();
    let disabled = key.view.id.as_str();
    let off = service.set_key_active(caller, None, disabled, false).await;
    off.unwrap();
    const STALE: &str = "2015-05-14T09:03:45Z";
    let cases = [
        ("unknown", None, "404 InvalidAccessKeyId.NotFound"),
        (disabled, None, "400 InvalidAccessKeyId.Inactive"),
        (
            KEY,
            Some("t"),
            "400 InvalidSecurityToken.MismatchWithAccessKey",
        ),
        ("STS.unknown", None, "400 MissingSecurityToken"),
        (
            "STS.unknown",
            Some("t"),
            "400 InvalidSecurityToken.Malformed",
        ),
        (KEY, None, "400 InvalidTimeStamp.Expired"),
    ];
    for (id, token, expected) in cases {
        let key = Key {
            token: token.map(str::to_owned),
            ..Key::new(id, "wrong")
        };
        let first = V1::new(&world, &key, MTS, "CancelJob").set("Timestamp", STALE);
        assert_eq!(first.summary(&world).await, expected, "{id}");
        let third = V3::new(&world, &key, MTS, "CancelJob", "").header("x-acs-date", STALE);
        assert_eq!(third.summary(&world).await, expected, "{id}");
    }
}

#[tokio::test]
async fn stage_timestamp_comes_before_the_signature() {
    let world = world().await;
    let wrong = Key::new(KEY, "wrong");
    for (time, expected) in [
        ("yesterday", "400 InvalidTimeStamp.Format"),
        ("2026-01-02T03:19:06Z", "400 InvalidTimeStamp.Expired"),
        ("2026-01-02T02:49:04Z", "400 InvalidTimeStamp.Expired"),
        ("2026-01-02T02:49:05Z", "400 SignatureDoesNotMatch"),
    ] {
        let first = V1::new(&world, &wrong, MTS, "CancelJob").set("Timestamp", time);
        assert_eq!(first.summary(&world).await, expected, "{time}");
        let third = V3::new(&world, &wrong, MTS, "CancelJob", "").header("x-acs-date", time);
        assert_eq!(third.summary(&world).await, expected, "{time}");
    }
    let old = v1(&world).set("Timestamp", "2026-01-02T02:49:05Z");
    assert_eq!(old.summary(&world).await, "200");
}

#[tokio::test]
async fn stage_signature_comes_before_parameters() {
    let world = world().await;
    let wrong = Key::new(KEY, "wrong");
    let first = V1::new(&world, &wrong, MTS, "CancelJob")
        .json()
        .set("SignatureNonce", "n1")
        .signed();
    let answer = first.send(&world).await;
    assert_eq!(answer.summary(), "400 SignatureDoesNotMatch");
    let expected = "GET&%2F&AccessKeyId%3DAKIDEXAMPLE0001%26Action%3DCancelJob%26Format%3DJSON\
                    %26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3Dn1%26SignatureVersion%3D1.0\
                    %26Timestamp%3D2026-01-02T03%253A04%253A05Z%26Version%3D2014-06-18";
    assert_eq!(answer.member("Message").split(':').nth(1), Some(expected));

    let unusable = v1(&world).set("Signature", "no base64").send(&world).await;
    assert_eq!(unusable.summary(), "400 IncompleteSignature");

    let third = V3::new(&world, &wrong, MTS, "CancelJob", "");
    let refused = third.summary(&world).await;
    assert_eq!(refused, "400 SignatureDoesNotMatch");
}

#[tokio::test]
async fn parameters_come_last() {
    let world = world().await;
    let first = v1(&world).without("JobId").summary(&world).await;
    assert_eq!(first, "400 MissingJobId");
    let third = v3(&world, "").summary(&world).await;
    assert_eq!(third, "400 MissingJobId");
}
