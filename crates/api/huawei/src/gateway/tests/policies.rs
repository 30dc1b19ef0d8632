//! What users may do, by their policies.

use reelgate_domain::access::{Grantee, LimitRule, UserName};
use reelgate_service::{AssumeRole, CallContext};

use super::*;

const PASSWORD: &str = "correct horse battery staple";

/// A user with this policy and a key, and the key.
async fn user(world: &World, name: &str, policy: Option<Value>) -> (String, String) {
    let (service, operator) = (&world.service, world.operator());
    let user: UserName = name.parse().unwrap();
    let password = Some(reelgate_service::Secret::new(PASSWORD));
    service
        .create_user(&operator, None, user.clone(), password)
        .await
        .unwrap();
    if let Some(statement) = policy {
        let document = json!({"Version": "1", "Statement": [statement]}).to_string();
        let policy = name.parse().unwrap();
        service
            .put_policy(&operator, None, policy, &document)
            .await
            .unwrap();
        let grantee = Grantee::User(user.clone());
        service
            .attach_policy(&operator, None, &grantee, name)
            .await
            .unwrap();
    }
    let key = service
        .create_access_key(&operator, None, Some(user))
        .await
        .unwrap();
    (key.view.id.clone(), key.secret.expose().to_owned())
}

fn statement(effect: &str, action: &str) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": "*"})
}

fn list(world: &World, (key, secret): &(String, String)) -> Call {
    world.plain("GET", "/v3/projects").key(key, secret)
}

fn temporary(world: &World, (key, secret): &(String, String)) -> Call {
    let body = json!({"auth": {"identity": {"methods": ["token"]}}});
    let call = world.plain("POST", "/v3.0/OS-CREDENTIAL/securitytokens");
    call.json(&body).key(key, secret)
}

#[tokio::test]
async fn projects_are_listed_by_whom_a_policy_lets() {
    let world = World::new().await;
    let allowed = user(
        &world,
        "ada",
        Some(statement("Allow", "iam:KeystoneListProjects")),
    )
    .await;
    let product = user(&world, "bea", Some(statement("Allow", "iam:*"))).await;
    let nothing = user(&world, "cec", None).await;
    let other = user(&world, "dee", Some(statement("Allow", "mts:*"))).await;
    for key in [&allowed, &product] {
        assert_eq!(world.send(list(&world, key)).await.status, 200);
    }
    for key in [&nothing, &other] {
        let answer = world.send(list(&world, key)).await;
        assert_eq!(answer.summary(), "403 APIGW.0302");
        let account = &world.made.account_id;
        let expected = format!(
            "The IAM user is not authorized to access the API. iam:KeystoneListProjects on \
             acs:iam:*:{account}:* is allowed by no statement of the policies in force."
        );
        assert_eq!(answer.message(), expected);
    }
    let records = world.audited().await;
    let last = records.last().unwrap();
    assert_eq!(
        last.0,
        format!("acs:ram::{}:user/dee", world.made.account_id)
    );
    assert_eq!(
        (last.1.as_str(), last.2),
        ("iam:KeystoneListProjects", false)
    );
    assert!(last.4.contains("allowed by no statement"), "{}", last.4);
}

#[tokio::test]
async fn a_policy_may_depend_on_the_address() {
    let world = World::new().await;
    let from = |network: &str| {
        json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*",
            "Condition": {"IpAddress": {"acs:SourceIp": network}}})
    };
    let here = user(&world, "ada", Some(from("192.0.2.0/24"))).await;
    let there = user(&world, "bea", Some(from("198.51.100.0/24"))).await;
    assert_eq!(world.send(list(&world, &here)).await.status, 200);
    assert_eq!(world.send(list(&world, &there)).await.status, 403);
}

#[tokio::test]
async fn temporary_keys_need_no_permission_but_can_be_denied() {
    let world = World::new().await;
    let nothing = user(&world, "ada", None).await;
    let denied = user(&world, "bea", Some(statement("Deny", "iam:Create*"))).await;
    assert_eq!(world.send(temporary(&world, &nothing)).await.status, 201);
    let answer = world.send(temporary(&world, &denied)).await;
    assert_eq!(answer.summary(), "403 APIGW.0302");
    assert!(
        answer.message().contains("is denied by"),
        "{}",
        answer.message()
    );
}

#[tokio::test]
async fn a_temporary_key_may_do_what_its_user_may() {
    let world = World::new().await;
    let allowed = user(&world, "ada", Some(statement("Allow", "iam:Keystone*"))).await;
    let nothing = user(&world, "bea", None).await;
    for (key, expected) in [(&allowed, 200), (&nothing, 403)] {
        let made = world.send(temporary(&world, key)).await.body["credential"].clone();
        let [access, secret, token] =
            ["access", "secret", "securitytoken"].map(|name| made[name].as_str().unwrap());
        let call = world
            .plain("GET", "/v3/projects")
            .header("x-security-token", token);
        assert_eq!(world.send(call.key(access, secret)).await.status, expected);
    }
}

#[tokio::test]
async fn tokens_of_others_are_ended_by_whom_a_policy_lets() {
    let world = World::new().await;
    let allowed = user(
        &world,
        "ada",
        Some(statement("Allow", "iam:KeystoneRevokeToken")),
    )
    .await;
    let nothing = user(&world, "bea", None).await;
    let token = world.token(&world.token_request()).await;
    let revoke = |(key, secret): &(String, String)| {
        let call = world.plain("DELETE", "/v3/auth/tokens");
        call.header("x-subject-token", &token).key(key, secret)
    };
    let answer = world.send(revoke(&nothing)).await;
    assert_eq!(answer.summary(), "403 APIGW.0302");
    assert_eq!(world.send(revoke(&allowed)).await.status, 204);
    assert_eq!(
        world.send(revoke(&allowed)).await.summary(),
        "404 iam Not Found"
    );
}

#[tokio::test]
async fn a_user_ends_and_looks_at_its_own_token_without_a_policy() {
    let world = World::new().await;
    user(&world, "ada", None).await;
    let mut request = world.token_request();
    request["auth"]["identity"]["password"]["user"]["name"] = "ada".into();
    request["auth"]["identity"]["password"]["user"]["password"] = PASSWORD.into();
    let token = world.token(&request).await;
    let call = |method| {
        let call = world.plain(method, "/v3/auth/tokens");
        call.header("x-auth-token", &token)
            .header("x-subject-token", &token)
    };
    let answer = world.send(call("GET")).await;
    assert_eq!(answer.body["token"]["user"]["name"], "ada");
    assert_eq!(world.send(call("DELETE")).await.status, 204);
    let answer = world.send(call("GET")).await;
    assert_eq!(answer.summary(), "401 APIGW.0301");
    assert!(answer.message().ends_with("decrypt token fail"));
}

#[tokio::test]
async fn tokens_can_be_denied_and_limited_and_nobody_sees_what_was_made() {
    let world = World::new().await;
    user(
        &world,
        "ada",
        Some(statement("Deny", "iam:KeystoneCreateUserTokenByPassword")),
    )
    .await;
    let mut request = world.token_request();
    request["auth"]["identity"]["password"]["user"]["name"] = "ada".into();
    request["auth"]["identity"]["password"]["user"]["password"] = PASSWORD.into();
    let call = || world.plain("POST", "/v3/auth/tokens");
    let answer = world.send(call().json(&request)).await;
    assert_eq!(answer.summary(), "403 APIGW.0302");
    assert!(!answer.headers.contains_key("x-subject-token"));

    let rule = LimitRule::Limit("1/h".parse().unwrap());
    let action = "iam:KeystoneCreateUserTokenByPassword";
    let (operator, account) = (world.operator(), world.account());
    world
        .service
        .set_limit(&operator, account, action, Some(rule))
        .await
        .unwrap();
    assert_eq!(
        world.send(call().json(&world.token_request())).await.status,
        201
    );
    let answer = world.send(call().json(&world.token_request())).await;
    assert_eq!(answer.summary(), "429 APIGW.0308");
    assert!(!answer.headers.contains_key("x-subject-token"));
    let allowed: Vec<_> = world
        .audited()
        .await
        .iter()
        .map(|record| record.2)
        .collect();
    assert_eq!(allowed, [false, true, false]);
}

/// What needs no permission is still nothing that a session may do whose policy leaves it out.
#[tokio::test]
async fn a_session_policy_leaves_out_what_it_does_not_name() {
    let world = World::new().await;
    let (service, operator) = (&world.service, world.operator());
    let root = format!("acs:ram::{}:root", world.made.account_id);
    let trust = json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [root]}},
    ]});
    let role = "lister".parse().unwrap();
    service
        .put_role(&operator, None, role, &trust.to_string(), None)
        .await
        .unwrap();
    let role = Grantee::Role("lister".parse().unwrap());
    let everything = reelgate_service::ADMINISTRATOR;
    service
        .attach_policy(&operator, None, &role, everything)
        .await
        .unwrap();
    let left =
        json!({"Version": "1", "Statement": [statement("Allow", "iam:KeystoneListProjects")]});
    let ask = AssumeRole {
        role_arn: format!("acs:ram::{}:role/lister", world.made.account_id),
        session_name: "evening".to_owned(),
        duration: None,
        policy: Some(left.to_string()),
    };
    let context = CallContext::default();
    let caller = Caller::root(world.account());
    let session = service.assume_role(&caller, ask, &context).await.unwrap();
    let (access, secret) = (session.key.access, session.key.secret.expose().to_owned());
    let key = (access, secret);
    let token = session.key.security_token.expose();
    let signed = |call: Call| call.header("x-security-token", token);
    let answer = world.send(signed(list(&world, &key))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = world.send(signed(temporary(&world, &key))).await;
    assert_eq!(answer.summary(), "403 APIGW.0302");
}
