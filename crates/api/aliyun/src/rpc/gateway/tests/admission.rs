//! What proven calls are refused for: limits, replays, policies; and what the audit says of them. Over the real products.

use std::net::SocketAddr;

use axum::body::Body;
use http::Request;
use reelgate_api_kit::serve::Transport;
use reelgate_domain::access::LimitRule;

use super::*;
use crate::world::ACCOUNT;

fn search(world: &World, key: &Key) -> V1 {
    V1::new(world, key, MTS, "SearchPipeline").json()
}

fn add(world: &World, key: &Key) -> V1 {
    let request = V1::new(world, key, MTS, "AddPipeline").json();
    request.set("Name", "new")
}

/// The request as one that came from an address, with or without TLS.
fn from(address: &str, secure: bool, request: V1) -> Request<Body> {
    let mut request = request.signed().split(|_| false);
    let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
    request.extensions_mut().insert(Transport { peer, secure });
    request
}

fn allow(action: &str) -> Value {
    json!([{"Effect": "Allow", "Action": action, "Resource": "*"}])
}

#[tokio::test]
async fn calls_over_the_limit_are_told_when_to_come_again_and_leave_no_nonce() {
    let world = World::new().await;
    let root = world.root();
    for _ in 0..100 {
        assert_eq!(search(&world, &root).summary(&world).await, "200");
    }
    let request = search(&world, &root).signed();
    let refused = request.send(&world).await;
    assert_eq!(refused.summary(), "400 Throttling.User");
    let message = "Request was denied due to user flow control.";
    assert_eq!(refused.member("Message"), message);
    let wait_ms = refused.headers["x-acs-retry-after"].to_str().unwrap();
    assert_eq!(wait_ms, "10");

    // Neither another action nor another account waits.
    let other = V1::new(&world, &root, MTS, "SearchTemplate").json();
    assert_eq!(other.summary(&world).await, "200");
    let made = world.account("other").await;
    let other = Key::new(&made.access_key_id, &made.access_key_secret);
    assert_eq!(search(&world, &other).summary(&world).await, "200");

    world.pass(1);
    let later = request.send(&world).await;
    assert_eq!(
        later.summary(),
        "200",
        "the refused call had used its nonce"
    );
}

/// A flood of refused calls filled the audit, and left no room for the records of others.
#[tokio::test]
async fn of_calls_over_the_limit_a_few_are_in_the_audit() {
    let world = World::new().await;
    let root = world.root();
    for number in 0..150 {
        let expected = match number {
            0..100 => "200",
            _ => "400 Throttling.User",
        };
        assert_eq!(search(&world, &root).summary(&world).await, expected);
    }
    let records = world.audited().await;
    let refused = records.iter().filter(|record| record.status == 400);
    assert_eq!((refused.count(), records.len()), (10, 110));
}

#[tokio::test]
async fn users_share_the_limit_of_their_account_and_an_operator_sets_another() {
    let world = World::new().await;
    let user = world.user("ada", allow("*")).await;
    let account = world.account_id();
    let rule = LimitRule::Limit("2/min".parse().unwrap());
    let (service, caller) = (&world.service, &world.caller());
    let action = "mts:SearchPipeline";
    let set = service.set_limit(caller, account, action, Some(rule)).await;
    set.unwrap();
    assert_eq!(search(&world, &user).summary(&world).await, "200");
    assert_eq!(search(&world, &world.root()).summary(&world).await, "200");
    let refused = search(&world, &user).summary(&world).await;
    assert_eq!(refused, "400 Throttling.User");
    let rule = Some(LimitRule::Unlimited);
    let set = service.set_limit(caller, account, action, rule).await;
    set.unwrap();
    for _ in 0..200 {
        assert_eq!(search(&world, &user).summary(&world).await, "200");
    }
}

#[tokio::test]
async fn after_too_many_wrong_signatures_the_next_is_told_to_wait_and_good_ones_pass() {
    let world = World::new().await;
    let wrong = Key::new(KEY, "wrong");
    let here = "192.0.2.1";
    for _ in 0..1000 {
        let request = from(here, false, search(&world, &wrong));
        let refused = world.send(request).await.summary();
        assert_eq!(refused, "400 SignatureDoesNotMatch");
    }
    let request = from(here, false, search(&world, &wrong));
    let refused = world.send(request).await;
    assert_eq!(refused.summary(), "400 Throttling");
    assert!(refused.headers.contains_key("x-acs-retry-after"));

    // Strangers behind the same address keep nobody out.
    let good = from(here, false, search(&world, &world.root()));
    assert_eq!(world.send(good).await.summary(), "200");
    for (source, pass) in [("192.0.2.2", 0), (here, 1)] {
        world.pass(pass);
        let wrong = from(source, false, search(&world, &wrong));
        assert_eq!(
            world.send(wrong).await.summary(),
            "400 SignatureDoesNotMatch"
        );
    }
}

#[tokio::test]
async fn a_read_is_served_once() {
    let world = World::new().await;
    let request = search(&world, &world.root()).signed();
    assert_eq!(request.send(&world).await.summary(), "200");
    for _ in 0..2 {
        let again = request.send(&world).await.summary();
        assert_eq!(again, "400 SignatureNonceUsed");
        world.pass(60);
    }
    let nonce = "the same";
    for key in [world.root(), world.user("ada", allow("*")).await] {
        let request = search(&world, &key).set("SignatureNonce", nonce);
        assert_eq!(request.summary(&world).await, "200");
    }
    // Who cannot sign uses nobody's nonce up.
    let foreign = search(&world, &Key::new(KEY, "wrong")).set("SignatureNonce", "mine");
    let refused = foreign.summary(&world).await;
    assert_eq!(refused, "400 SignatureDoesNotMatch");
    let own = search(&world, &world.root()).set("SignatureNonce", "mine");
    assert_eq!(own.summary(&world).await, "200");
}

#[tokio::test]
async fn a_write_acts_once_also_after_a_restart() {
    let world = World::new().await;
    let first = add(&world, &world.root()).signed();
    let third = V3::new(&world, &world.root(), MTS, "AddPipeline", "Name=third").signed();
    assert_eq!(first.send(&world).await.summary(), "200");
    assert_eq!(third.send(&world).await.summary(), "200");
    let count = async |world: &World| {
        let found = search(world, &world.root()).signed().send(world).await;
        found.json()["TotalCount"].clone()
    };
    let before = count(&world).await;
    assert_eq!(first.send(&world).await.summary(), "400 SignatureNonceUsed");
    let world = world.restarted();
    world.pass(14 * 60);
    for replay in [first.send(&world).await, third.send(&world).await] {
        assert_eq!(replay.summary(), "400 SignatureNonceUsed");
    }
    assert_eq!(count(&world).await, before);
    world.pass(2 * 60);
    let late = first.send(&world).await.summary();
    assert_eq!(late, "400 InvalidTimeStamp.Expired");
}

/// A restored store does not know of the calls that were made after its backup.
#[tokio::test]
async fn a_write_does_not_act_again_on_a_store_that_was_restored() {
    let world = World::new().await;
    let (before, after) = (
        add(&world, &world.root()).signed(),
        add(&world, &world.root()).signed(),
    );
    assert_eq!(before.send(&world).await.summary(), "200");
    let (_place, backup) = world.backup().await;
    world.pass(60);
    assert_eq!(after.send(&world).await.summary(), "200");
    let world = world.restored(&backup).await;
    for replay in [&before, &after] {
        let refused = replay.send(&world).await.summary();
        assert_eq!(refused, "400 InvalidTimeStamp.Expired");
    }
    world.pass(1);
    let new = add(&world, &world.root()).summary(&world).await;
    assert_eq!(new, "200");
}

#[tokio::test]
async fn what_no_policy_allows_is_refused_with_what_was_asked() {
    let world = World::new().await;
    let user = world.user("ada", allow("mts:SearchPipeline")).await;
    assert_eq!(search(&world, &user).summary(&world).await, "200");
    let answer = add(&world, &user).signed().send(&world).await;
    assert_eq!(answer.summary(), "403 Forbidden.RAM");
    let resource = format!("acs:mts:*:{ACCOUNT}:*");
    let expected = json!({
        "AuthAction": "mts:AddPipeline",
        "AuthResource": resource,
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalDisplayName": "ada",
        "AuthPrincipalOwnerId": ACCOUNT,
        "NoPermissionType": "ImplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
        "Reason": format!(
            "mts:AddPipeline on {resource} is allowed by no statement of the policies in force"
        ),
    });
    assert_eq!(answer.json()["AccessDeniedDetail"], expected);
    let in_xml = V1::new(&world, &user, MTS, "AddPipeline").signed();
    let in_xml = in_xml.send(&world).await;
    let member = "<AccessDeniedDetail><AuthAction>mts:AddPipeline</AuthAction>";
    assert!(in_xml.body.contains(member), "{}", in_xml.body);

    let denied = json!([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "mts:Add*", "Resource": "*"},
    ]);
    let user = world.user("bob", denied).await;
    let answer = add(&world, &user).signed().send(&world).await;
    let detail = &answer.json()["AccessDeniedDetail"];
    assert_eq!(detail["NoPermissionType"], "ExplicitDeny");
    assert!(detail["Reason"].as_str().unwrap().contains("bob"));
}

#[tokio::test]
async fn conditions_see_where_a_call_comes_from() {
    let world = World::new().await;
    let statements = json!([{
        "Effect": "Allow", "Action": "mts:*", "Resource": "*",
        "Condition": {
            "IpAddress": {"acs:SourceIp": "192.0.2.0/24"},
            "Bool": {"acs:SecureTransport": "true"},
        },
    }]);
    let user = world.user("ada", statements).await;
    for (address, secure, expected) in [
        ("192.0.2.7", true, "200"),
        ("192.0.2.7", false, "403 Forbidden.RAM"),
        ("198.51.100.7", true, "403 Forbidden.RAM"),
    ] {
        let request = from(address, secure, search(&world, &user));
        assert_eq!(world.send(request).await.summary(), expected, "{address}");
    }
    let unknown = search(&world, &user).summary(&world).await;
    assert_eq!(unknown, "403 Forbidden.RAM");
}

#[tokio::test]
async fn a_key_that_is_switched_off_is_refused_at_once() {
    let world = World::new().await;
    let user = world.user("ada", allow("*")).await;
    assert_eq!(search(&world, &user).summary(&world).await, "200");
    let (service, caller) = (&world.service, &world.caller());
    let off = service.set_key_active(caller, None, &user.id, false).await;
    off.unwrap();
    let refused = search(&world, &user).summary(&world).await;
    assert_eq!(refused, "400 InvalidAccessKeyId.Inactive");
}

#[tokio::test]
async fn the_audit_has_each_proven_call_and_why_it_was_refused() {
    let world = World::new().await;
    let user = world.user("ada", allow("mts:Search*")).await;
    let pipeline = world.made.pipeline_id.clone();
    let root = world.root();
    let query = V1::new(&world, &root, MTS, "QueryPipelineList").set("PipelineIds", &pipeline);
    let request = from("192.0.2.7", true, query.json());
    let answer = world.send(request).await;
    let id = answer.member("RequestId");
    add(&world, &user).summary(&world).await;
    let replayed = search(&world, &user).signed();
    replayed.send(&world).await;
    replayed.send(&world).await;
    V1::new(&world, &root, MTS, "CancelJob")
        .summary(&world)
        .await;
    search(&world, &Key::new(KEY, "wrong"))
        .summary(&world)
        .await;
    search(&world, &Key::new("unknown", "x"))
        .summary(&world)
        .await;

    let records = world.audited().await;
    let told: Vec<_> = records
        .iter()
        .rev()
        .map(|record| {
            let code = record.code.as_deref().unwrap_or("-");
            let reason = record.reason.as_deref().unwrap_or("-");
            format!(
                "{} {} {} {code}: {reason}",
                record.action, record.allowed, record.status
            )
        })
        .collect();
    let denied = format!(
        "mts:AddPipeline false 403 Forbidden.RAM: mts:AddPipeline on acs:mts:*:{ACCOUNT}:* is \
         allowed by no statement of the policies in force"
    );
    let expected = [
        "mts:QueryPipelineList true 200 -: -",
        &denied,
        "mts:SearchPipeline true 200 -: -",
        "mts:SearchPipeline false 400 SignatureNonceUsed: Specified signature nonce was used \
         already.",
        "mts:CancelJob true 400 MissingJobId: -",
        "mts:SearchPipeline false 400 SignatureDoesNotMatch: Specified signature is not matched \
         with our calculation.",
    ];
    assert_eq!(told, expected);

    let first = records.last().unwrap();
    assert_eq!(first.principal, format!("acs:ram::{ACCOUNT}:root"));
    assert_eq!(first.key_id.as_deref(), Some(KEY));
    assert_eq!(first.dialect, "aliyun");
    let resource = format!("acs:mts:*:{ACCOUNT}:pipeline/{pipeline}");
    assert_eq!(first.resource, Some(resource));
    assert_eq!(first.source, Some("192.0.2.7".parse().unwrap()));
    assert_eq!(first.request_id, id);
    assert_eq!(records[4].principal, format!("acs:ram::{ACCOUNT}:user/ada"));
}

#[tokio::test]
async fn a_call_is_in_the_audit_although_its_caller_has_left() {
    let world = world().await;
    let request = v1(&world).set("Action", "Wait").signed();
    tokio::select! {
        answer = request.send(&world) => panic!("{answer:?}"),
        () = WAITING.notified() => {}
    }
    let records = world.audited().await;
    let [record] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!(record.action, "mts:Wait");
    assert!(record.allowed);
    assert_eq!((record.status, &record.code), (499, &None));
}

#[tokio::test]
async fn guesses_do_not_flood_the_audit() {
    let world = World::new().await;
    for _ in 0..50 {
        search(&world, &Key::new(KEY, "wrong"))
            .summary(&world)
            .await;
    }
    assert_eq!(world.audited().await.len(), 10);
}
