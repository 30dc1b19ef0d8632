//! Access and trust policies, and requests to them: three lines with an action, a resource and the value of a key, then
//! the document.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use reelgate_domain::policy::{
    Context, Decision, MAX_POLICY_CHARS, MAX_SESSION_POLICY_CHARS, MAX_STATEMENTS, Policy,
    PolicyError, PolicySet, Principal, Request, TrustPolicy, decide_all, may_use_all,
};
use reelgate_domain::{AccountId, Timestamp};
use reelgate_fuzz::lines;

fuzz_target!(|data: &[u8]| {
    let parts: [&[u8]; 4] = lines(data);
    let [action, resource, value, document] = parts.map(std::str::from_utf8);
    let (Ok(action), Ok(resource), Ok(value), Ok(document)) = (action, resource, value, document)
    else {
        return;
    };
    let context = Context {
        now: Timestamp::from_millis(1_767_225_600_000),
        source: value.parse().ok(),
        secure: value.len().is_multiple_of(2),
        keys: &[("a:Key", value), ("a:Other", "other")],
    };
    match TrustPolicy::parse(document) {
        Ok(policy) => check_trust(&policy, document, value, &context),
        Err(error) => check_error(&error),
    }
    let policy = match Policy::parse(document) {
        Ok(policy) => policy,
        Err(error) => {
            check_error(&error);
            assert!(Policy::parse_session(document).is_err());
            return;
        }
    };
    let chars = document.chars().count();
    assert!(chars <= MAX_POLICY_CHARS);
    assert_eq!(
        Policy::parse_session(document).is_ok(),
        chars <= MAX_SESSION_POLICY_CHARS
    );
    assert_eq!(policy.text(), document);
    check_decisions(
        policy,
        &Request {
            action,
            resource,
            context: &context,
        },
    );
});

/// Checks what has to hold between the decisions on one request.
fn check_decisions(policy: Policy, request: &Request<'_>) {
    let policy = Arc::new(policy);
    let deny_all = r#"{"Version":"1","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let deny_all = Policy::parse(deny_all).expect("this is a policy");
    let set = PolicySet::new([("p".into(), policy.clone())]);
    let decision = set.decide(request);
    if let Decision::Allowed(by) | Decision::Denied(by) = &decision {
        assert!(by.statement < MAX_STATEMENTS && *by.policy == *"p");
    }
    let may = set.may_use(request.action, request.context);
    assert!(
        may || !decision.is_allowed(),
        "what may not be used is allowed"
    );
    let both = [&set, &PolicySet::default()];
    assert!(!decide_all(&both, request).decision.is_allowed());
    assert!(!may_use_all(&both, request.action, request.context));
    assert_eq!(decide_all(&[&set, &set], request).decision, decision);
    let denied = PolicySet::new([("p".into(), policy), ("d".into(), Arc::new(deny_all))]);
    assert!(matches!(denied.decide(request), Decision::Denied(_)));
    assert!(!denied.may_use(request.action, request.context));
}

fn check_trust(policy: &TrustPolicy, document: &str, name: &str, context: &Context<'_>) {
    assert_eq!(policy.text(), document);
    assert!(
        Policy::parse(document).is_err(),
        "no document is both kinds of policy"
    );
    let account = AccountId::from_random(0);
    for principal in [
        Principal::Root(account),
        Principal::User(account, name),
        Principal::Role(account, name),
    ] {
        if let Decision::Allowed(by) | Decision::Denied(by) = policy.decides(&principal, context) {
            assert!(by.statement < MAX_STATEMENTS);
        }
    }
}

/// An error fits a log line, whatever the document.
fn check_error(error: &PolicyError) {
    let message = error.to_string();
    assert!(message.len() < 1_200, "{}", message.len());
    assert!(!message.chars().any(char::is_control), "{message:?}");
}
