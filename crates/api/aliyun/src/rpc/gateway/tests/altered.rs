//! Signed requests of which one part was changed on the way: each is refused with its code, in both signature versions and
//! with permanent and temporary keys. What stays as it was is served, so that no refusal has another reason.

use http::header::AUTHORIZATION;

use super::*;
use crate::rpc::signature::v3::sha256_hex;
use crate::world::requests::STS;

const MISMATCH: &str = "400 SignatureDoesNotMatch";
const INCOMPLETE: &str = "400 IncompleteSignature";

fn allow(action: &str) -> Value {
    json!([{"Effect": "Allow", "Action": action, "Resource": "*"}])
}

/// A user's key, and two sessions of it.
async fn keys(world: &World) -> [Key; 3] {
    let user = world.user("ada", allow("*")).await;
    let role = world.role("all", allow("*")).await;
    let session = async || {
        let request = V1::new(world, &user, STS, "AssumeRole").json();
        let request = request.set("RoleArn", &role).set("RoleSessionName", "ada");
        let answer = request.signed().send(world).await;
        let credentials = &answer.json()["Credentials"];
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        Key {
            id: text("AccessKeyId"),
            secret: text("AccessKeySecret"),
            token: Some(text("SecurityToken")),
        }
    };
    let sessions = [session().await, session().await];
    let [first, second] = sessions;
    [user, first, second]
}

fn search_v1(world: &World, key: &Key) -> V1 {
    let request = V1::new(world, key, MTS, "SearchPipeline").json();
    request.set("PageSize", "10").set("RegionId", "cn-hangzhou")
}

fn search_v3(world: &World, key: &Key) -> V3 {
    V3::new(
        world,
        key,
        MTS,
        "SearchPipeline",
        "PageSize=10&PageNumber=1",
    )
    .header("accept", "application/json")
    .header("user-agent", "sdk-test/1.0")
    .header("x-acs-credentials-provider", "static_ak")
}

#[tokio::test]
async fn no_parameter_of_a_v1_request_can_be_changed() {
    let world = World::new().await;
    let [user, first, second] = keys(&world).await;
    for key in [&user, &first] {
        let set = |name: &'static str, value: &str| -> (String, V1) {
            let request = search_v1(&world, key).signed();
            (format!("{name}={value}"), request.set(name, value))
        };
        let without = |name: &'static str| -> (String, V1) {
            let request = search_v1(&world, key).signed();
            (format!("no {name}"), request.without(name))
        };
        let mut cases = vec![
            (set("Action", "SearchTemplate"), MISMATCH),
            (
                set("Action", "searchPipeline"),
                "404 InvalidAction.NotFound",
            ),
            (without("Action"), "400 MissingAction"),
            (set("Version", STS), "404 InvalidAction.NotFound"),
            (set("Version", "2014-06-19"), "400 InvalidVersion"),
            (without("Version"), "400 MissingVersion"),
            (set("Format", "XML"), MISMATCH),
            (without("Format"), MISMATCH),
            (set("SignatureMethod", "HMAC-SHA256"), MISMATCH),
            (
                set("SignatureMethod", "HMAC-MD5"),
                "400 InvalidSignatureMethod",
            ),
            (
                set("SignatureVersion", "1.1"),
                "400 InvalidSignatureVersion",
            ),
            (set("SignatureNonce", "n"), MISMATCH),
            (set("SignatureNonce", ""), "400 MissingSignatureNonce"),
            (without("SignatureNonce"), "400 MissingSignatureNonce"),
            (set("Timestamp", "2026-01-02T03:04:06Z"), MISMATCH),
            (
                set("Timestamp", "2026-01-02T03:04:05.0Z"),
                "400 InvalidTimeStamp.Format",
            ),
            (set("AccessKeyId", KEY), MISMATCH),
            (
                set("AccessKeyId", "nobody"),
                "404 InvalidAccessKeyId.NotFound",
            ),
            (set("Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="), MISMATCH),
            (set("Signature", ""), MISMATCH),
            (set("Signature", "%"), INCOMPLETE),
            (without("Signature"), "400 MissingSignature"),
            (set("PageSize", "11"), MISMATCH),
            (set("PageSize", "10 "), MISMATCH),
            (set("PageSize", ""), MISMATCH),
            (without("PageSize"), MISMATCH),
            (without("RegionId"), MISMATCH),
            (set("pageSize", "10"), MISMATCH),
            (set("State", "All"), MISMATCH),
            (set("", ""), MISMATCH),
        ];
        if key.token.is_some() {
            let token = second.token.as_deref().unwrap();
            cases.retain(|((what, _), _)| !what.starts_with("AccessKeyId"));
            cases.extend([
                (
                    set("AccessKeyId", KEY),
                    "400 InvalidSecurityToken.MismatchWithAccessKey",
                ),
                (
                    set("SecurityToken", "x"),
                    "400 InvalidSecurityToken.Malformed",
                ),
                (
                    set("SecurityToken", token),
                    "400 InvalidSecurityToken.MismatchWithAccessKey",
                ),
                (without("SecurityToken"), "400 MissingSecurityToken"),
            ]);
        } else {
            let expected = "400 InvalidSecurityToken.MismatchWithAccessKey";
            cases.push((set("SecurityToken", "x"), expected));
        }
        for ((what, request), expected) in cases {
            let answer = request.send(&world).await.summary();
            assert_eq!(answer, expected, "{what} of {}", key.id);
        }
        let post = search_v1(&world, key).signed().post();
        assert_eq!(post.send(&world).await.summary(), MISMATCH);
        let whole = search_v1(&world, key).signed();
        assert_eq!(whole.send(&world).await.summary(), "200");
    }
}

#[tokio::test]
async fn no_part_of_a_v3_request_can_be_changed() {
    let world = World::new().await;
    let [user, first, second] = keys(&world).await;
    for key in [&user, &first] {
        let signed = || search_v3(&world, key).signed();
        let set = |name: &'static str, value: &str| -> (String, V3) {
            (format!("{name}: {value}"), signed().header(name, value))
        };
        let without =
            |name: &'static str| -> (String, V3) { (format!("no {name}"), signed().without(name)) };
        let query = |query: &str| -> (String, V3) {
            let query = query.to_owned();
            (query.clone(), V3 { query, ..signed() })
        };
        let authorization = |from: &str, to: &str| -> (String, V3) {
            let request = signed();
            let text = request.headers[AUTHORIZATION].to_str().unwrap().to_owned();
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            (
                format!("{from} -> {to}"),
                request.header("authorization", &changed),
            )
        };
        let other_body = sha256_hex(b"PageSize=10");
        let mut cases = vec![
            (set("x-acs-action", "SearchTemplate"), MISMATCH),
            (set("x-acs-action", "Search"), "404 InvalidAction.NotFound"),
            (without("x-acs-action"), "400 MissingAction"),
            (set("x-acs-version", STS), "404 InvalidAction.NotFound"),
            (set("x-acs-version", "1"), "400 InvalidVersion"),
            (without("x-acs-version"), "400 MissingVersion"),
            (set("x-acs-date", "2026-01-02T03:04:06Z"), MISMATCH),
            (
                set("x-acs-date", "2026-01-02T02:04:05Z"),
                "400 InvalidTimeStamp.Expired",
            ),
            (set("x-acs-date", "now"), "400 InvalidTimeStamp.Format"),
            (without("x-acs-date"), INCOMPLETE),
            (set("x-acs-signature-nonce", "n"), MISMATCH),
            (set("x-acs-signature-nonce", ""), INCOMPLETE),
            (without("x-acs-signature-nonce"), INCOMPLETE),
            (set("x-acs-content-sha256", &other_body), MISMATCH),
            (without("x-acs-content-sha256"), INCOMPLETE),
            (set("host", "mts.example.com:8081"), MISMATCH),
            (set("accept", "application/json, */*"), MISMATCH),
            (without("accept"), INCOMPLETE),
            (set("user-agent", "proxy"), MISMATCH),
            (set("x-acs-credentials-provider", "static_sts"), MISMATCH),
            (query("PageSize=11&PageNumber=1"), MISMATCH),
            (query("PageSize=10"), MISMATCH),
            (query("PageSize=10&PageNumber=1&State=All"), MISMATCH),
            (
                query("PageSize=10&PageNumber=1&PageNumber=1"),
                "400 InvalidParameter",
            ),
            (query("pageSize=10&PageNumber=1"), MISMATCH),
            (query(""), MISMATCH),
            (authorization("Signature=", "Signature=00"), MISMATCH),
            (authorization("Signature=", "Signature=0"), INCOMPLETE),
            (authorization("Signature=", "Signature=x"), INCOMPLETE),
            (authorization("Signature=", "Signatures="), INCOMPLETE),
            (
                authorization("SignedHeaders=accept;", "SignedHeaders="),
                MISMATCH,
            ),
            (authorization("user-agent;", ""), MISMATCH),
            (
                authorization("host;user-agent", "user-agent;host"),
                MISMATCH,
            ),
            (authorization(";host;", ";"), INCOMPLETE),
            (authorization("host;", "host;host;"), INCOMPLETE),
            (authorization("host;", "host;x-acs-none;"), INCOMPLETE),
            (
                authorization("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"),
                "400 InvalidSignatureMethod",
            ),
            (
                authorization("Credential=", "Credential=x,Credential="),
                INCOMPLETE,
            ),
            (
                authorization(&format!("Credential={}", key.id), "Credential=nobody"),
                "404 InvalidAccessKeyId.NotFound",
            ),
        ];
        if key.token.is_some() {
            let token = second.token.as_deref().unwrap();
            // A permanent key is not found by a token, nor a temporary one without its own.
            cases.retain(|((what, _), _)| !what.ends_with("Credential=nobody"));
            cases.extend([
                (
                    set("x-acs-security-token", "x"),
                    "400 InvalidSecurityToken.Malformed",
                ),
                (
                    set("x-acs-security-token", token),
                    "400 InvalidSecurityToken.MismatchWithAccessKey",
                ),
                (without("x-acs-security-token"), INCOMPLETE),
                (authorization("x-acs-security-token;", ""), INCOMPLETE),
            ]);
        } else {
            // It is not signed: nobody can slip it in.
            cases.push((set("x-acs-security-token", "x"), INCOMPLETE));
        }
        for ((what, request), expected) in cases {
            let answer = request.send(&world).await.summary();
            assert_eq!(answer, expected, "{what} of {}", key.id);
        }
        let mut with_body = signed();
        with_body.body = b"PageSize=10".to_vec();
        assert_eq!(with_body.send(&world).await.summary(), MISMATCH);
        let get = V3 {
            method: Method::GET,
            ..signed()
        };
        assert_eq!(get.send(&world).await.summary(), MISMATCH);
        assert_eq!(signed().send(&world).await.summary(), "200");
    }
}

#[tokio::test]
async fn a_header_that_comes_twice_or_is_no_text_is_refused() {
    let world = World::new().await;
    for name in [
        "host",
        "x-acs-action",
        "x-acs-date",
        "x-acs-signature-nonce",
        "accept",
        "authorization",
    ] {
        let mut twice = search_v3(&world, &world.root()).signed();
        let value = twice.headers[name].clone();
        twice.headers.append(name, value);
        let answer = twice.send(&world).await;
        assert_eq!(answer.member("Code"), "IncompleteSignature", "{name}");
    }
    for name in ["user-agent", "x-acs-signature-nonce", "accept"] {
        let mut odd = search_v3(&world, &world.root()).signed();
        let value = HeaderValue::from_bytes(b"\xff\xfe").unwrap();
        odd.headers.insert(name, value);
        let answer = odd.send(&world).await;
        assert_eq!(answer.summary(), INCOMPLETE, "{name}");
    }
}

#[tokio::test]
async fn a_signature_in_capitals_is_another_one() {
    let world = World::new().await;
    let request = search_v3(&world, &world.root()).signed();
    let text = request.headers[AUTHORIZATION].to_str().unwrap();
    let (before, signature) = text.split_once("Signature=").unwrap();
    let capitals = format!("{before}Signature={}", signature.to_uppercase());
    let answer = request.header("authorization", &capitals);
    assert_eq!(answer.send(&world).await.summary(), MISMATCH);
}

#[tokio::test]
async fn a_form_is_as_safe_as_a_query() {
    let world = World::new().await;
    let root = world.root();
    let form = || {
        let request = V3::new(&world, &root, MTS, "SearchPipeline", "");
        request.form("PageSize=10").signed()
    };
    let mut other = form();
    other.body = b"PageSize=11".to_vec();
    assert_eq!(other.send(&world).await.summary(), MISMATCH);
    let mut rehashed = form().header("x-acs-content-sha256", &sha256_hex(b"PageSize=11"));
    rehashed.body = b"PageSize=11".to_vec();
    assert_eq!(rehashed.send(&world).await.summary(), MISMATCH);
    let as_text = form().header("content-type", "text/plain");
    assert_eq!(as_text.send(&world).await.summary(), MISMATCH);
    // Nobody can make a body parameters by a header that is not signed.
    let mut untyped = V3::new(&world, &root, MTS, "SearchPipeline", "");
    untyped.body = b"PageSize=10".to_vec();
    let untyped = untyped.header("x-acs-content-sha256", &sha256_hex(b"PageSize=10"));
    let untyped = untyped.signed();
    let typed = untyped.clone();
    let typed = typed.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(typed.send(&world).await.summary(), INCOMPLETE);
    assert_eq!(untyped.send(&world).await.summary(), "200");
    assert_eq!(form().send(&world).await.summary(), "200");

    // In V1 the form's value takes the place of the query's, in the signature as in the call.
    let signed = search_v1(&world, &root).post().signed();
    let added = signed.clone().set("Extra", "1");
    let added = world.send(added.split(|name| name == "Extra")).await;
    assert_eq!(added.summary(), MISMATCH);
    let in_form = world.send(signed.split(|name| name == "PageSize")).await;
    assert_eq!(in_form.summary(), "200");
}

#[tokio::test]
async fn odd_parameters_are_refused_before_anything_is_looked_up() {
    let world = World::new().await;
    let signed = search_v1(&world, &world.root()).signed();
    let text = |more: &str| {
        let request = signed.split(|_| false);
        let query = request.uri().query().unwrap().to_owned();
        bare(Method::GET, &format!("{query}{more}"))
    };
    let flood = (0..5000).map(|n| format!("&k{n}=")).collect::<String>();
    for (more, what) in [
        ("&PageSize=10", "a repeated parameter"),
        ("&Action=SearchTemplate", "a repeated action"),
        ("&Signature=x", "a repeated signature"),
        ("&%50ageSize=10", "a parameter that is spelt in two ways"),
        ("&State=%FF", "a value that is no UTF-8"),
        ("&%C3=1", "a name that is no UTF-8"),
        ("&State=%2", "a broken escape"),
        ("&State=%zz", "an escape of other letters"),
        (&flood, "too many parameters"),
    ] {
        let answer = world.send(text(more)).await.summary();
        assert_eq!(answer, "400 InvalidParameter", "{what}");
    }
    // Clients that have no token may send an empty one.
    let key = Key {
        token: Some(String::new()),
        ..world.root()
    };
    assert_eq!(search_v1(&world, &key).summary(&world).await, "200");
    assert_eq!(search_v3(&world, &key).summary(&world).await, "200");
    let long = "x".repeat(60_000);
    let answer = world.send(text(&format!("&State={long}"))).await;
    assert_eq!(answer.summary(), MISMATCH);
    let answer = search_v1(&world, &world.root()).set("State", &long);
    let answer = answer.signed().send(&world).await;
    assert_eq!(answer.summary(), "400 InvalidParameter.InvalidState");
    assert!(answer.body.len() < 1000, "the answer repeats what was sent");
}
