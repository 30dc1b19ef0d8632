//! Every error of the protocol, in the order of checks: each request also fails a later stage.

use super::*;

#[tokio::test]
async fn stage_parse_refuses_what_cannot_be_read() {
    for (query, expected) in [
        ("Format=JSON&JobId=%4", "400 InvalidParameter"),
        ("Format=JSON&JobId=%FF", "400 InvalidParameter"),
        ("Format=JSON&JobId=1&JobId=1", "400 InvalidParameter"),
        ("Format=YAML&Version=wrong", "400 InvalidParameter.Format"),
        ("Format=", "400 InvalidParameter.Format"),
    ] {
        let answer = send(request(Method::GET, query)).await;
        assert_eq!(answer.summary(), expected, "{query}");
        assert_eq!(
            answer.content_type.contains("json"),
            query.contains("JSON"),
            "{query}"
        );
    }
    v3("Format=YAML").check("400 InvalidParameter.Format").await;
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let put = V1 { method, ..v1() };
        put.set("Version", "wrong")
            .check("400 UnsupportedHTTPMethod")
            .await;
    }
}

#[tokio::test]
async fn bodies_have_a_size_limit() {
    let mut large = request(Method::POST, "Format=JSON");
    *large.body_mut() = Body::from(vec![b'a'; MAX_BODY_BYTES + 1]);
    assert_eq!(send(large).await.summary(), "413 RequestEntityTooLarge");
}

#[tokio::test]
async fn only_forms_are_read_as_parameters() {
    let mut json = request(Method::POST, "");
    json.headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *json.body_mut() = Body::from("Version=2014-06-18&Format=JSON");
    let answer = send(json).await;
    assert_eq!(answer.summary(), "400 MissingVersion");
    assert_eq!(answer.content_type, "text/xml;charset=utf-8");
}

#[tokio::test]
async fn stage_product_and_action_come_before_credentials() {
    let stranger = || v1().set("AccessKeyId", "unknown");
    stranger()
        .without("Version")
        .without("Action")
        .check("400 MissingVersion")
        .await;
    stranger()
        .set("Version", "2011-11-11")
        .check("400 InvalidVersion")
        .await;
    stranger()
        .without("Action")
        .check("400 MissingAction")
        .await;
    stranger()
        .set("Action", "cancelJob")
        .check("404 InvalidAction.NotFound")
        .await;
    stranger()
        .set("Action", "PlayInfo")
        .check("400 UnsupportedOperation")
        .await;

    let stranger = || V3 {
        key_id: "unknown",
        ..v3("JobId=1")
    };
    stranger()
        .without("x-acs-version")
        .check("400 MissingVersion")
        .await;
    stranger()
        .header("x-acs-version", "2011-11-11")
        .check("400 InvalidVersion")
        .await;
    stranger()
        .without("x-acs-action")
        .check("400 MissingAction")
        .await;
    stranger()
        .header("x-acs-action", "Nothing")
        .check("404 InvalidAction.NotFound")
        .await;
    let refused = stranger()
        .header("x-acs-action", "PlayInfo")
        .signed()
        .send()
        .await;
    assert_eq!(
        refused.member("Message"),
        "playback is not part of Reelgate"
    );
}

#[tokio::test]
async fn v3_takes_action_and_version_from_the_signed_headers_only() {
    let both = v3("JobId=1&Action=Break&Version=2011-11-11")
        .signed()
        .send()
        .await;
    assert_eq!(both.summary(), "200");
}

#[tokio::test]
async fn stage_credential_wants_complete_claims_first() {
    let unsigned = || v1().set("AccessKeyId", "unknown").set("Timestamp", "stale");
    assert_eq!(unsigned().send().await.summary(), "400 MissingSignature");
    for name in [
        "AccessKeyId",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Timestamp",
    ] {
        let answer = unsigned()
            .set("Signature", "AA==")
            .without(name)
            .send()
            .await;
        assert_eq!(answer.summary(), format!("400 Missing{name}"));
    }
    let odd = unsigned()
        .set("Signature", "AA==")
        .set("SignatureMethod", "HMAC-MD5");
    assert_eq!(odd.send().await.summary(), "400 InvalidSignatureMethod");

    let unknown = V3 {
        key_id: "unknown",
        ..v3("")
    };
    unknown
        .without("x-acs-signature-nonce")
        .check("400 IncompleteSignature")
        .await;
    let odd = v3("")
        .header("authorization", "ACS3-HMAC-SM3 Credential=unknown")
        .send()
        .await;
    assert_eq!(odd.summary(), "400 InvalidSignatureMethod");
}

#[tokio::test]
async fn stage_credential_comes_before_the_timestamp() {
    let stale = |key| {
        v1().set("AccessKeyId", key)
            .set("Timestamp", "2015-05-14T09:03:45Z")
    };
    stale("unknown")
        .check("404 InvalidAccessKeyId.NotFound")
        .await;
    stale("disabled")
        .check("400 InvalidAccessKeyId.Inactive")
        .await;
    stale("broken").check("503 ServiceUnavailable").await;
    stale(KEY)
        .set("SecurityToken", "t")
        .check("400 InvalidSecurityToken.Malformed")
        .await;

    let stale = |key_id| V3 {
        key_id,
        ..v3("").header("x-acs-date", "2015-05-14T09:03:45Z")
    };
    stale("unknown")
        .check("404 InvalidAccessKeyId.NotFound")
        .await;
    stale("disabled")
        .check("400 InvalidAccessKeyId.Inactive")
        .await;
    stale(KEY)
        .header("x-acs-security-token", "t")
        .check("400 InvalidSecurityToken.Malformed")
        .await;
}

#[tokio::test]
async fn stage_timestamp_comes_before_the_signature() {
    let wrong = || V1 {
        secret: "wrong",
        ..v1()
    };
    wrong()
        .set("Timestamp", "yesterday")
        .check("400 InvalidTimeStamp.Format")
        .await;
    wrong()
        .set("Timestamp", "2026-01-02T03:19:06Z")
        .check("400 InvalidTimeStamp.Expired")
        .await;
    wrong()
        .set("Timestamp", "2026-01-02T02:49:04Z")
        .check("400 InvalidTimeStamp.Expired")
        .await;
    v1().set("Timestamp", "2026-01-02T02:49:05Z")
        .check("200")
        .await;

    let wrong = || V3 {
        secret: "wrong",
        ..v3("")
    };
    wrong()
        .header("x-acs-date", "yesterday")
        .check("400 InvalidTimeStamp.Format")
        .await;
    let late = wrong().header("x-acs-date", "2026-01-02T03:19:06Z");
    late.check("400 InvalidTimeStamp.Expired").await;
}

#[tokio::test]
async fn stage_signature_comes_before_parameters() {
    let wrong = V1 {
        secret: "wrong",
        ..v1()
    }
    .without("JobId")
    .set("Format", "JSON")
    .signed();
    let answer = wrong.send().await;
    assert_eq!(answer.summary(), "400 SignatureDoesNotMatch");
    let expected = "GET&%2F&AccessKeyId%3DAKIDEXAMPLE0001%26Action%3DCancelJob%26Format%3DJSON\
                    %26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3Dn1%26SignatureVersion%3D1.0\
                    %26Timestamp%3D2026-01-02T03%253A04%253A05Z%26Version%3D2014-06-18";
    assert_eq!(answer.member("Message").split(':').nth(1), Some(expected));

    let unusable = v1().set("Signature", "no base64").send().await;
    assert_eq!(unusable.summary(), "400 IncompleteSignature");

    V3 {
        secret: "wrong",
        ..v3("")
    }
    .check("400 SignatureDoesNotMatch")
    .await;
    let other_body = V3 {
        body: "JobId=2",
        ..v3("").form("JobId=1").signed()
    };
    assert_eq!(
        other_body.send().await.summary(),
        "400 SignatureDoesNotMatch"
    );
}

#[tokio::test]
async fn v1_signatures_cover_the_method() {
    let signed_for_get = v1().signed();
    let post = V1 {
        method: Method::POST,
        ..signed_for_get
    };
    assert_eq!(post.send().await.summary(), "400 SignatureDoesNotMatch");
}

#[tokio::test]
async fn parameters_come_last() {
    v1().without("JobId").check("400 MissingJobId").await;
    v3("").check("400 MissingJobId").await;
}

#[tokio::test]
async fn failures_of_ours_hide_their_cause() {
    for action in ["Break", "AnswerNothing"] {
        let answer = v3("").header("x-acs-action", action).signed().send().await;
        assert_eq!(answer.summary(), "500 InternalError");
        assert!(!answer.body.contains("fire"));
    }
}
