//! The product behind the gateway, over the real service and a real store: temporary keys from the asking to their end.

use serde_json::{Value, json};

use super::operations::PRODUCT;
use crate::world::requests::{MTS, STS, V1, V3};
use crate::world::{ACCOUNT, Answer, Key, World};

const ANYTHING: &str = "*";

fn allow(action: &str, resource: &str) -> Value {
    json!([{"Effect": "Allow", "Action": action, "Resource": resource}])
}

fn assume(world: &World, key: &Key, role: &str) -> V1 {
    let request = V1::new(world, key, STS, "AssumeRole").json().post();
    request.set("RoleArn", role).set("RoleSessionName", "alice")
}

fn key_of(answer: &Answer) -> Key {
    assert_eq!(answer.summary(), "200", "{}", answer.body);
    let credentials = &answer.json()["Credentials"];
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    Key {
        id: text("AccessKeyId"),
        secret: text("AccessKeySecret"),
        token: Some(text("SecurityToken")),
    }
}

async fn session(world: &World, key: &Key, role: &str) -> Key {
    key_of(&assume(world, key, role).signed().send(world).await)
}

async fn search(world: &World, key: &Key) -> String {
    let first = V1::new(world, key, MTS, "SearchPipeline").json();
    let first = first.summary(world).await;
    let third = V3::new(world, key, MTS, "SearchPipeline", "");
    let third = third.summary(world).await;
    assert_eq!(first, third);
    first
}

#[tokio::test]
async fn a_role_that_is_assumed_is_recorded_before_it_is_answered() {
    let world = World::new().await;
    let user = world.user("ada", allow("sts:AssumeRole", ANYTHING)).await;
    let role = world.role("reader", allow("mts:Search*", ANYTHING)).await;
    session(&world, &user, &role).await;
    let [record] = &world.stored().await[..] else {
        panic!("there is not one record");
    };
    assert_eq!(
        (record.action.as_str(), record.status),
        ("sts:AssumeRole", 200)
    );
}

#[tokio::test]
async fn a_user_assumes_a_role_that_trusts_it() {
    let world = World::new().await;
    let user = world.user("ada", allow("sts:AssumeRole", ANYTHING)).await;
    assert_eq!(search(&world, &user).await, "403 Forbidden.RAM");
    let role = world.role("reader", allow("mts:Search*", ANYTHING)).await;
    let answer = assume(&world, &user, &role).signed().send(&world).await;
    let key = key_of(&answer);
    assert!(key.id.starts_with("STS."), "{}", key.id);
    let body = answer.json();
    let assumed = &body["AssumedRoleUser"];
    assert_eq!(assumed["Arn"], format!("{role}/alice"));
    let id = assumed["AssumedRoleId"].as_str().unwrap();
    assert!(id.ends_with(":alice"), "{id}");
    assert_eq!(body["Credentials"]["Expiration"], "2026-01-02T04:04:05Z");

    assert_eq!(search(&world, &key).await, "200");
    let add = V1::new(&world, &key, MTS, "AddPipeline").set("Name", "x");
    let refused = add.json().signed().send(&world).await;
    assert_eq!(refused.summary(), "403 Forbidden.RAM");
    let detail = &refused.json()["AccessDeniedDetail"];
    assert_eq!(detail["AuthPrincipalType"], "AssumedRoleUser");
    assert_eq!(detail["AuthPrincipalDisplayName"], "reader:alice");

    world.pass(3599);
    assert_eq!(search(&world, &key).await, "200");
    world.pass(1);
    let expired = search(&world, &key).await;
    assert_eq!(expired, "400 InvalidSecurityToken.Expired");
}

#[tokio::test]
async fn the_keys_of_a_session_need_their_own_token() {
    let world = World::new().await;
    let user = world.user("ada", allow("sts:AssumeRole", ANYTHING)).await;
    let role = world.role("reader", allow("*", ANYTHING)).await;
    let first = session(&world, &user, &role).await;
    let second = session(&world, &user, &role).await;
    let with = |token: Option<&str>| Key {
        token: token.map(str::to_owned),
        ..first.clone()
    };
    let token = first.token.clone().unwrap();
    let cases = [
        (None, "400 MissingSecurityToken"),
        (Some("nonsense"), "400 InvalidSecurityToken.Malformed"),
        (
            Some(&token[..token.len() - 2]),
            "400 InvalidSecurityToken.Malformed",
        ),
        (
            second.token.as_deref(),
            "400 InvalidSecurityToken.MismatchWithAccessKey",
        ),
        (Some(&*token), "200"),
        // What is right once does not make the wrong ones right later.
        (None, "400 MissingSecurityToken"),
        (
            second.token.as_deref(),
            "400 InvalidSecurityToken.MismatchWithAccessKey",
        ),
    ];
    for (token, expected) in cases {
        assert_eq!(search(&world, &with(token)).await, expected);
    }
    let lent = Key {
        token: Some(token),
        ..user
    };
    let refused = search(&world, &lent).await;
    assert_eq!(refused, "400 InvalidSecurityToken.MismatchWithAccessKey");
}

#[tokio::test]
async fn a_session_policy_leaves_less_of_the_role() {
    let world = World::new().await;
    let user = world.user("ada", allow("sts:AssumeRole", ANYTHING)).await;
    let role = world.role("all", allow("mts:*", ANYTHING)).await;
    let policy = json!({"Version": "1", "Statement": allow("mts:Query*", ANYTHING)});
    let request = assume(&world, &user, &role).set("Policy", &policy.to_string());
    let key = key_of(&request.signed().send(&world).await);
    let asked = V1::new(&world, &key, MTS, "SearchPipeline").json().signed();
    let refused = asked.send(&world).await;
    assert_eq!(refused.summary(), "403 Forbidden.RAM");
    let detail = &refused.json()["AccessDeniedDetail"];
    assert_eq!(detail["PolicyType"], "SessionPolicy");
    let query = V1::new(&world, &key, MTS, "QueryPipelineList")
        .json()
        .set("PipelineIds", &world.made.pipeline_id);
    assert_eq!(query.summary(&world).await, "200");
}

#[tokio::test]
async fn a_replay_never_answers_keys_again() {
    let world = World::new().await;
    let user = world.user("ada", allow("sts:AssumeRole", ANYTHING)).await;
    let role = world.role("reader", allow("*", ANYTHING)).await;
    let request = assume(&world, &user, &role).signed();
    key_of(&request.send(&world).await);
    let again = request.send(&world).await;
    assert_eq!(again.summary(), "400 SignatureNonceUsed");
    let world = world.restarted();
    let again = request.send(&world).await;
    assert_eq!(again.summary(), "400 SignatureNonceUsed");
}

#[tokio::test]
async fn a_session_goes_on_after_a_restart_and_ends_with_its_role() {
    let world = World::new().await;
    let user = world.user("ada", allow("sts:AssumeRole", ANYTHING)).await;
    let role = world.role("reader", allow("*", ANYTHING)).await;
    let key = session(&world, &user, &role).await;
    let world = world.restarted();
    assert_eq!(search(&world, &key).await, "200");
    let name = "reader".parse().unwrap();
    let (service, caller) = (&world.service, &world.caller());
    service.delete_role(caller, None, &name).await.unwrap();
    let gone = search(&world, &key).await;
    assert_eq!(gone, "404 InvalidAccessKeyId.NotFound");
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let world = World::new().await;
    let user = world.user("ada", allow("sts:AssumeRole", ANYTHING)).await;
    let role = world.role("reader", allow("*", ANYTHING)).await;
    let long = format!("\"{}\"", "x".repeat(2048));
    let row = PRODUCT.find("AssumeRole").unwrap().served().unwrap();
    let set: [(&str, &str, &str); 16] = [
        ("RoleArn", "", "400 InvalidParameter.RoleArn"),
        ("RoleArn", "reader", "400 InvalidParameter.RoleArn"),
        (
            "RoleArn",
            "acs:ram::1234567890123456:user/ada",
            "400 InvalidParameter.RoleArn",
        ),
        (
            "RoleArn",
            "acs:ram::1234567890123456:role/none",
            "404 EntityNotExist.Role",
        ),
        // Whether another account has such a role is not told.
        (
            "RoleArn",
            "acs:ram::1234567890123457:role/none",
            "403 NoPermission",
        ),
        (
            "RoleSessionName",
            "",
            "400 InvalidParameter.RoleSessionName",
        ),
        (
            "RoleSessionName",
            "a",
            "400 InvalidParameter.RoleSessionName",
        ),
        (
            "RoleSessionName",
            "a b",
            "400 InvalidParameter.RoleSessionName",
        ),
        (
            "DurationSeconds",
            "899",
            "400 InvalidParameter.DurationSeconds",
        ),
        (
            "DurationSeconds",
            "3601",
            "400 InvalidParameter.DurationSeconds",
        ),
        (
            "DurationSeconds",
            "1h",
            "400 InvalidParameter.DurationSeconds",
        ),
        (
            "DurationSeconds",
            "-900",
            "400 InvalidParameter.DurationSeconds",
        ),
        ("Policy", "{}", "400 InvalidParameter.PolicyGrammar"),
        ("Policy", &long, "400 InvalidParameter.PolicySize"),
        ("ExternalId", "x", "400 InvalidParameter.ExternalId"),
        ("SourceIdentity", "x", "400 InvalidParameter.SourceIdentity"),
    ];
    for (name, value, expected) in set {
        let request = assume(&world, &user, &role).set(name, value);
        let answer = request.summary(&world).await;
        assert_eq!(answer, expected, "{name}={value}");
        let code = answer.split(' ').nth(1).unwrap_or_default();
        assert!(row.errors.contains(&code), "the row lacks {code}");
    }
    for name in ["RoleArn", "RoleSessionName"] {
        let request = assume(&world, &user, &role).without(name);
        assert_eq!(request.summary(&world).await, format!("400 Missing{name}"));
    }
    for action in ["AssumeRoleWithSAML", "AssumeRoleWithOIDC"] {
        let request = V1::new(&world, &user, STS, action);
        let refused = request.summary(&world).await;
        assert_eq!(refused, "400 UnsupportedOperation");
    }
}

#[tokio::test]
async fn who_may_not_assume_a_role_is_told_one_thing() {
    let world = World::new().await;
    let trusting_nobody = json!({"Version": "1", "Statement": [{
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"RAM": [format!("acs:ram::{ACCOUNT}:user/somebody")]},
    }]});
    let closed = world.role_with("closed", &trusting_nobody, allow("*", ANYTHING));
    let closed = closed.await;
    let open = world.role("open", allow("*", ANYTHING)).await;
    let only_closed = world.user("ada", allow("sts:AssumeRole", &closed)).await;
    let neither = world.user("bob", allow("mts:*", ANYTHING)).await;
    let refused = "No permission perform sts:AssumeRole on this Role. Maybe you are not authorized \
                   to perform sts:AssumeRole or the specified role does not trust you.";
    for (key, role) in [(&only_closed, &closed), (&only_closed, &open)] {
        let answer = assume(&world, key, role).signed().send(&world).await;
        assert_eq!(answer.summary(), "403 NoPermission");
        assert_eq!(answer.member("Message"), refused);
    }
    let answer = assume(&world, &neither, &open).signed().send(&world).await;
    assert_eq!(answer.summary(), "403 NoPermission");
    let message = "You are not authorized to do this action. Resource: * Action: sts:AssumeRole";
    assert_eq!(answer.member("Message"), message);
    // An account itself needs no policy, but it has to be trusted as everybody else.
    let root = assume(&world, &world.root(), &closed).signed();
    let answer = root.send(&world).await;
    assert_eq!(answer.summary(), "403 NoPermission");
    assert_eq!(answer.member("Message"), refused);
    let root = assume(&world, &world.root(), &open).signed();
    assert_eq!(root.send(&world).await.status, 200);

    // The audit is told which it was.
    let records = world.audited().await;
    let refusals = records.iter().filter(|record| !record.allowed);
    assert!(refusals.clone().all(|record| record.status == 403));
    let reasons: Vec<_> = refusals
        .rev()
        .map(|record| record.reason.as_deref().unwrap_or_default().to_owned())
        .collect();
    let expected = [
        format!("{closed} trusts nobody like acs:ram::{ACCOUNT}:user/ada"),
        format!("sts:AssumeRole on {open} is allowed by no statement of the policies in force"),
        "sts:AssumeRole on any resource is allowed by no statement of the policies in force"
            .to_owned(),
        format!("{closed} trusts nobody like acs:ram::{ACCOUNT}:root"),
    ];
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn everybody_may_ask_who_they_are() {
    let world = World::new().await;
    let who = async |key: &Key| {
        let request = V3::new(&world, key, STS, "GetCallerIdentity", "").signed();
        let answer = request.send(&world).await;
        assert_eq!(answer.summary(), "200");
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("RequestId");
        body
    };
    let expected = json!({
        "IdentityType": "Account",
        "AccountId": ACCOUNT,
        "PrincipalId": ACCOUNT,
        "UserId": ACCOUNT,
        "Arn": format!("acs:ram::{ACCOUNT}:root"),
    });
    assert_eq!(who(&world.root()).await, expected);

    let denied = json!([
        {"Effect": "Deny", "Action": "sts:GetCallerIdentity", "Resource": "*"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
    ]);
    let user = world.user("ada", denied).await;
    let said = who(&user).await;
    assert_eq!(said["IdentityType"], "RAMUser");
    assert_eq!(said["Arn"], format!("acs:ram::{ACCOUNT}:user/ada"));
    assert_eq!(said["UserId"].as_str().unwrap().len(), 32);
    assert_eq!(said["PrincipalId"], said["UserId"]);

    let role = world.role("reader", allow("mts:*", ANYTHING)).await;
    let said = who(&session(&world, &user, &role).await).await;
    assert_eq!(said["IdentityType"], "AssumedRoleUser");
    let arn = format!("acs:ram::{ACCOUNT}:assumed-role/reader/alice");
    assert_eq!(said["Arn"], arn);
    let role_id = said["RoleId"].as_str().unwrap();
    assert_eq!(said["PrincipalId"], format!("{role_id}:alice"));
}

#[tokio::test]
async fn the_audit_names_the_role_and_later_the_session() {
    let world = World::new().await;
    let user = world.user("ada", allow("sts:AssumeRole", ANYTHING)).await;
    let role = world.role("reader", allow("mts:*", ANYTHING)).await;
    let answer = assume(&world, &user, &role).signed().send(&world).await;
    let key = key_of(&answer);
    V1::new(&world, &key, MTS, "SearchPipeline")
        .summary(&world)
        .await;
    let records = world.audited().await;
    let [used, made] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!(made.action, "sts:AssumeRole");
    assert_eq!(made.resource, Some(role));
    assert_eq!(made.principal, format!("acs:ram::{ACCOUNT}:user/ada"));
    let session = format!("acs:ram::{ACCOUNT}:assumed-role/reader/alice");
    assert_eq!(used.principal, session);
    assert_eq!(used.key_id, Some(key.id));
    let all = format!("{records:?}");
    assert!(!all.contains(&key.secret) && !all.contains(key.token.as_deref().unwrap()));
}
