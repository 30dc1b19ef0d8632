//! Assuming roles: who may, what a session may do, and when it ends.

use std::time::Duration;

use reelgate_domain::access::RoleName;

use super::*;
use crate::access::{AssumeRefusal, AssumeRole, Session};

fn trusting(principal: &str) -> String {
    policy(&format!(
        r#"{{"Effect":"Allow","Principal":{{"RAM":["{principal}"]}},"Action":"sts:AssumeRole"}}"#
    ))
}

fn role(name: &str) -> RoleName {
    RoleName::new(name).unwrap()
}

impl House {
    /// A role of the first account that may do this.
    async fn role(&self, name: &str, trust: &str, statements: &str) -> String {
        let (service, root) = (&self.service, self.root());
        service
            .put_role(root, None, role(name), trust, None)
            .await
            .unwrap();
        self.put_policy(name, statements).await;
        let grantee = Grantee::Role(role(name));
        service
            .attach_policy(root, None, &grantee, name)
            .await
            .unwrap();
        format!("acs:ram::{}:role/{name}", self.account)
    }

    async fn assume(&self, caller: &Caller, role_arn: &str) -> Result<Session, AssumeRefusal> {
        self.assume_with(caller, role_arn, |_| {}).await
    }

    async fn assume_with(
        &self,
        caller: &Caller,
        role_arn: &str,
        set: impl FnOnce(&mut AssumeRole),
    ) -> Result<Session, AssumeRefusal> {
        let mut ask = AssumeRole {
            role_arn: role_arn.to_owned(),
            session_name: "night-shift".to_owned(),
            duration: None,
            policy: None,
        };
        set(&mut ask);
        self.service
            .assume_role(caller, ask, &CallContext::default())
            .await
    }

    fn own_root(&self) -> String {
        format!("acs:ram::{}:root", self.account)
    }
}

#[tokio::test]
async fn a_session_may_do_what_its_role_may_and_no_more() {
    let house = House::new().await;
    let arn = house
        .role("queue", &trusting(&house.own_root()), &allow("mts:*"))
        .await;
    let ada = house.user("ada", &allow("sts:AssumeRole")).await;
    let ada = house.caller(&ada).await;
    let made = house.assume(&ada, &arn).await.unwrap();
    assert_eq!(made.assumed_arn, format!("{arn}/night-shift"));
    assert!(made.key.access.starts_with("STS.") && made.key.access.len() == 28);
    let session = house.session(&made.key).await.unwrap();
    let named = format!("acs:ram::{}:assumed-role/queue/night-shift", house.account);
    assert_eq!(session.principal.arn(), named);
    assert!(house.may(&session, "mts:CancelJob") && !house.may(&ada, "mts:CancelJob"));
    assert!(!house.may(&session, "sts:AssumeRole"));
}

#[tokio::test]
async fn a_session_policy_only_takes_away() {
    let house = House::new().await;
    let arn = house
        .role("queue", &trusting(&house.own_root()), &allow("mts:*"))
        .await;
    let statements = format!("{},{}", allow("mts:Query*"), allow("ice:*"));
    let made = house.assume_with(house.root(), &arn, |ask| {
        ask.policy = Some(policy(&statements));
    });
    let session = house.session(&made.await.unwrap().key).await.unwrap();
    assert!(house.may(&session, "mts:QueryJobList"));
    assert!(!house.may(&session, "mts:CancelJob") && !house.may(&session, "ice:CancelDNAJob"));
    let context = CallContext::default();
    let denied = |action| {
        house
            .service
            .authorise(&session.principal, action, "*", &context)
    };
    assert!(denied("mts:CancelJob").unwrap_err().by_session);
    assert!(!denied("ice:CancelDNAJob").unwrap_err().by_session);
    let may_use = |action| house.service.may_use(&session.principal, action, &context);
    assert!(may_use("mts:QueryJobList").is_ok());
    assert!(may_use("mts:CancelJob").unwrap_err().by_session);
    assert!(!may_use("ice:CancelDNAJob").unwrap_err().by_session);
}

/// A denial with a slip in its condition was taken, and never applied.
#[tokio::test]
async fn a_session_policy_that_asks_for_what_no_call_carries_is_refused() {
    let house = House::new().await;
    let arn = house
        .role("queue", &trusting(&house.own_root()), &allow("mts:*"))
        .await;
    let denial = r#"{"Effect":"Deny","Action":"mts:CancelJob","Resource":"*",
        "Condition":{"StringEquals":{"mts:Pipelin":"night"}}}"#;
    let made = house.assume_with(house.root(), &arn, |ask| {
        ask.policy = Some(policy(&format!("{},{denial}", allow("mts:*"))));
    });
    let refused = made.await.unwrap_err();
    assert!(
        matches!(refused, AssumeRefusal::InvalidPolicy(_)),
        "{refused}"
    );
    assert!(refused.to_string().contains("mts:pipelin"), "{refused}");
}

#[tokio::test]
async fn the_trust_policy_and_the_callers_own_policies_have_to_agree() {
    let house = House::new().await;
    let only_bea = format!("acs:ram::{}:user/bea", house.account);
    let arn = house
        .role("queue", &trusting(&only_bea), &allow("mts:*"))
        .await;
    let may = house.user("ada", &allow("sts:AssumeRole")).await;
    let may_and_trusted = house.user("bea", &allow("sts:AssumeRole")).await;
    let ada = house.caller(&may).await;
    let bea = house.caller(&may_and_trusted).await;
    assert!(matches!(
        house.assume(&ada, &arn).await,
        Err(AssumeRefusal::NotTrusted(..))
    ));
    assert!(house.assume(&bea, &arn).await.is_ok());
    // The account itself needs no policy, but trust.
    let root = house.assume(house.root(), &arn).await;
    assert!(matches!(root, Err(AssumeRefusal::NotTrusted(..))));
    house
        .put_policy("bea", &allow("sts:GetCallerIdentity"))
        .await;
    let bea = house.caller(&may_and_trusted).await;
    assert!(matches!(
        house.assume(&bea, &arn).await,
        Err(AssumeRefusal::Denied(_))
    ));
    let missing = arn.replace("queue", "none");
    let denied = house.assume(&bea, &missing).await;
    assert!(matches!(denied, Err(AssumeRefusal::Denied(_))));
    let missing = house.assume(house.root(), &missing).await;
    assert!(matches!(missing, Err(AssumeRefusal::RoleMissing(_))));
}

#[tokio::test]
async fn a_role_can_be_assumed_from_another_account_and_by_another_role_that_it_trusts() {
    let house = House::new().await;
    let other = AccountId::from_random(7);
    let there = Caller::root(other);
    let arn = house
        .role(
            "guests",
            &trusting(&format!("acs:ram::{other}:root")),
            &allow("*"),
        )
        .await;
    let made = house.assume(&there, &arn).await.unwrap();
    let session = house.session(&made.key).await.unwrap();
    assert_eq!(session.account, house.account);

    let trusting_role = trusting(&arn);
    let next = house.role("deeper", &trusting_role, &allow("*")).await;
    assert!(house.assume(&session, &next).await.is_ok());
    assert!(matches!(
        house.assume(&there, &next).await,
        Err(AssumeRefusal::NotTrusted(..))
    ));
    // Strangers are not told which roles there are.
    let none = house.assume(&there, &arn.replace("guests", "none")).await;
    assert!(matches!(none, Err(AssumeRefusal::NotTrusted(..))));
}

#[tokio::test]
async fn what_is_asked_for_is_checked() {
    let house = House::new().await;
    let (root, own) = (house.root(), house.own_root());
    let arn = house.role("queue", &trusting(&own), &allow("*")).await;
    for bad in [
        "",
        "queue",
        "acs:ram::1:role/queue",
        "acs:ram::+000000000000001:role/queue",
    ] {
        let refused = house.assume(root, bad).await;
        assert!(
            matches!(refused, Err(AssumeRefusal::InvalidRoleArn)),
            "{bad}"
        );
    }
    for bad in ["", "a", "a b", "ä1", &"x".repeat(65)] {
        let refused = house.assume_with(root, &arn, |ask| bad.clone_into(&mut ask.session_name));
        assert!(
            matches!(refused.await, Err(AssumeRefusal::InvalidSessionName)),
            "{bad}"
        );
    }
    let lasting = async |seconds| {
        let duration = Some(Duration::from_secs(seconds));
        let made = house
            .assume_with(root, &arn, |ask| ask.duration = duration)
            .await;
        made.map(|made| made.key.expires_at.since(house.clock.now()).as_secs())
    };
    assert_eq!(lasting(900).await.unwrap(), 900);
    assert_eq!(lasting(3600).await.unwrap(), 3600);
    for seconds in [0, 899, 3601] {
        let refused = lasting(seconds).await;
        assert!(
            matches!(refused, Err(AssumeRefusal::InvalidDuration { .. })),
            "{seconds}"
        );
    }
    house
        .service
        .put_role(root, None, role("queue"), &trusting(&own), Some(7200))
        .await
        .unwrap();
    assert_eq!(lasting(7200).await.unwrap(), 7200);

    let padded = |length: usize| {
        let document = policy(&allow("*"));
        format!("{document}{}", " ".repeat(length - document.len()))
    };
    let with = async |policy: String| {
        house
            .assume_with(root, &arn, |ask| ask.policy = Some(policy))
            .await
    };
    assert!(with(padded(2048)).await.is_ok());
    assert!(matches!(
        with(padded(2049)).await,
        Err(AssumeRefusal::InvalidPolicy(_))
    ));
    assert!(matches!(
        with("{".to_owned()).await,
        Err(AssumeRefusal::InvalidPolicy(_))
    ));
}

#[tokio::test]
async fn the_longest_token_still_fits_where_it_has_to_travel() {
    let house = House::new().await;
    let arn = house
        .role("queue", &trusting(&house.own_root()), &allow("*"))
        .await;
    // The worst that 2,048 characters of a policy can become.
    let resource = format!("acs:oss:*:*:{}", "\u{10ffff}".repeat(900));
    let statement =
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":["{resource}","{resource}"]}}"#);
    let document = policy(&statement);
    assert!((1900..2048).contains(&document.chars().count()));
    let made = house.assume_with(house.root(), &arn, |ask| ask.policy = Some(document));
    let made = made.await.unwrap();
    assert!(made.key.security_token.expose().len() < 12_000);
    house.session(&made.key).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_with_its_time_and_with_its_role() {
    let house = House::new().await;
    let arn = house
        .role("queue", &trusting(&house.own_root()), &allow("mts:*"))
        .await;
    let made = house.assume(house.root(), &arn).await.unwrap();
    house.session(&made.key).await.unwrap();
    let (service, root) = (&house.service, house.root());
    let grantee = Grantee::Role(role("queue"));
    service
        .detach_policy(root, None, &grantee, "queue")
        .await
        .unwrap();
    assert!(!house.may(&house.session(&made.key).await.unwrap(), "mts:CancelJob"));
    service
        .delete_role(root, None, &role("queue"))
        .await
        .unwrap();
    assert!(matches!(
        house.session(&made.key).await,
        Err(CredentialError::Unknown)
    ));
    // Another role of the same name is another role.
    house
        .role("queue", &trusting(&house.own_root()), &allow("mts:*"))
        .await;
    assert!(matches!(
        house.session(&made.key).await,
        Err(CredentialError::Unknown)
    ));

    let made = house.assume(root, &arn).await.unwrap();
    house.clock.advance(Duration::from_secs(3599));
    house.session(&made.key).await.unwrap();
    house.clock.advance(Duration::from_secs(1));
    for _ in ["while it is known", "when it is looked up"] {
        assert!(matches!(
            house.session(&made.key).await,
            Err(CredentialError::TokenExpired)
        ));
        house.clock.advance(hours(1));
    }
}

#[tokio::test]
async fn tokens_that_are_missing_malformed_or_another_keys_are_told_apart() {
    let house = House::new().await;
    let arn = house
        .role("queue", &trusting(&house.own_root()), &allow("*"))
        .await;
    let one = house.assume(house.root(), &arn).await.unwrap().key;
    let other = house.assume(house.root(), &arn).await.unwrap().key;
    let long = "x".repeat(100_000);
    // The same before and after the right token was seen.
    for _ in 0..2 {
        let with = async |key: &str, token: Option<&str>| {
            house
                .service
                .credential(key, token)
                .await
                .map(drop)
                .unwrap_err()
        };
        let (key, token) = (&*one.access, one.security_token.expose());
        assert!(matches!(
            with(key, None).await,
            CredentialError::TokenMissing
        ));
        let changed = format!("{}A", &token[..token.len() - 1]);
        let changed = if changed == token {
            token.to_lowercase()
        } else {
            changed
        };
        for bad in ["", "x", "é", &changed, &token[1..], &long] {
            let refused = with(key, Some(bad)).await;
            assert!(
                matches!(refused, CredentialError::TokenMalformed),
                "{bad}: {refused}"
            );
        }
        let theirs = with(key, Some(other.security_token.expose())).await;
        assert!(matches!(theirs, CredentialError::TokenMismatch), "{theirs}");
        let permanent = with(&house.made.access_key_id, Some(token)).await;
        assert!(
            matches!(permanent, CredentialError::TokenMismatch),
            "{permanent}"
        );
        house.session(&one).await.unwrap();
    }
}
