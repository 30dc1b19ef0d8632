//! Trust policies: whom they trust, and which are refused.

use super::super::{MAX_TRUST_POLICY_CHARS, Principal, TrustPolicy};
use super::{PLAIN, short};
use crate::AccountId;

const OURS: u64 = 1_234_567_890_123_456;
const THEIRS: u64 = 6_543_210_987_654_321;

fn account(number: u64) -> AccountId {
    AccountId::new(number).unwrap()
}

fn statement(effect: &str, principal: &str, more: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": "sts:AssumeRole"{more}}}"#
    )
}

fn document(statements: &[String]) -> String {
    let statements = statements.join(", ");
    format!(r#"{{"Version": "1", "Statement": [{statements}]}}"#)
}

#[track_caller]
fn trusting(statements: &[String]) -> TrustPolicy {
    let text = document(statements);
    let policy = TrustPolicy::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(policy.text(), text);
    policy
}

#[test]
fn principals_are_trusted_by_account_by_name_or_all() {
    let ann = Principal::User(account(OURS), "ann");
    let role = Principal::Role(account(OURS), "ann");
    let root = Principal::Root(account(OURS));
    let stranger = Principal::User(account(THEIRS), "ann");
    let cases: &[(&str, &[Principal<'_>], &[Principal<'_>])] = &[
        (
            "acs:ram::1234567890123456:root",
            &[ann, role, root],
            &[stranger],
        ),
        (
            "acs:ram::1234567890123456:user/ann",
            &[ann],
            &[role, root, stranger],
        ),
        (
            "acs:ram::1234567890123456:role/ann",
            &[role],
            &[ann, root, stranger],
        ),
        ("acs:ram::1234567890123456:user/Ann", &[], &[ann]),
        ("*", &[ann, role, root, stranger], &[]),
    ];
    for (trusted, yes, no) in cases {
        for value in [format!(r#""{trusted}""#), format!(r#"["{trusted}"]"#)] {
            let policy = trusting(&[statement("Allow", &format!(r#"{{"RAM": {value}}}"#), "")]);
            for principal in *yes {
                assert!(
                    policy.decides(principal, &PLAIN).is_allowed(),
                    "{trusted} {principal}"
                );
            }
            for principal in *no {
                assert!(
                    !policy.decides(principal, &PLAIN).is_allowed(),
                    "{trusted} {principal}"
                );
            }
        }
    }
}

#[test]
fn a_principal_is_written_as_a_policy_names_it() {
    for principal in [
        Principal::User(account(OURS), "ann"),
        Principal::Role(account(THEIRS), "encoder"),
        Principal::Root(account(OURS)),
    ] {
        let ram = format!(r#"{{"RAM": "{principal}"}}"#);
        let policy = trusting(&[statement("Allow", &ram, "")]);
        assert!(
            policy.decides(&principal, &PLAIN).is_allowed(),
            "{principal}"
        );
    }
}

#[test]
fn a_denial_wins_and_conditions_have_to_hold() {
    let all = r#"{"RAM": ["*"]}"#;
    let bob = r#"{"RAM": ["acs:ram::1234567890123456:user/bob"]}"#;
    let secure = r#", "Condition": {"Bool": {"acs:SecureTransport": "true"}}"#;
    let allow = statement("Allow", all, secure);
    let deny = statement("Deny", bob, "");
    let (ann, bob) = (
        Principal::User(account(OURS), "ann"),
        Principal::User(account(OURS), "bob"),
    );
    let encrypted = super::super::Context {
        secure: true,
        ..PLAIN
    };
    for (statements, allowed, denied) in
        [([allow.clone(), deny.clone()], 0, 1), ([deny, allow], 1, 0)]
    {
        let policy = trusting(&statements);
        let decides = |principal, context| short(&policy.decides(principal, context));
        assert_eq!(
            decides(&ann, &encrypted),
            format!("allow the trust policy[{allowed}]")
        );
        assert_eq!(
            decides(&bob, &encrypted),
            format!("deny the trust policy[{denied}]")
        );
        assert_eq!(decides(&ann, &PLAIN), "-");
    }
}

#[test]
fn other_trust_policies_are_refused_with_the_reason() {
    let of = |principal: &str| document(&[statement("Allow", principal, "")]);
    let ram = r#"{"RAM": "*"}"#;
    let with = |more: &str| document(&[statement("Allow", ram, more)]);
    let action = |action: &str| of(ram).replace("\"sts:AssumeRole\"", action);
    let cases = [
        (of("\"*\""), "Statement[0].Principal", "found a string"),
        (of("{}"), "Statement[0].Principal", "is empty"),
        (
            of(r#"{"Service": ["mts.aliyuncs.com"]}"#),
            "Statement[0].Principal.Service",
            "a cloud service",
        ),
        (
            of(r#"{"RAM": "*", "Service": "x"}"#),
            "Statement[0].Principal.Service",
            "not supported",
        ),
        (
            of(r#"{"Federated": "x"}"#),
            "Statement[0].Principal.Federated",
            "an identity provider",
        ),
        (
            of(r#"{"AWS": "*"}"#),
            "Statement[0].Principal",
            r#"unknown member "AWS""#,
        ),
        (
            of(r#"{"RAM": []}"#),
            "Statement[0].Principal.RAM",
            "is empty",
        ),
        (
            of(r#"{"RAM": "*", "RAM": "*"}"#),
            "Statement[0].Principal",
            "RAM stands here twice",
        ),
        (
            of(r#"{"RAM": ["*", 7]}"#),
            "Statement[0].Principal.RAM[1]",
            "found a number",
        ),
        (
            action("\"sts:*\""),
            "Statement[0].Action",
            "\"sts:AssumeRole\", the only action",
        ),
        (
            action("\"mts:CancelJob\""),
            "Statement[0].Action",
            "the only action",
        ),
        (action("[]"), "Statement[0].Action", "is empty"),
        (
            action(r#"["sts:AssumeRole", "*"]"#),
            "Statement[0].Action[1]",
            "the only action",
        ),
        (
            with(r#", "Resource": "*""#),
            "Statement[0]",
            r#"unknown member "Resource""#,
        ),
        (
            with(r#", "NotAction": "*""#),
            "Statement[0]",
            r#"unknown member "NotAction""#,
        ),
        (
            with(r#", "Condition": {}"#),
            "Statement[0].Condition",
            "is empty",
        ),
        (document(&[]), "Statement", "is empty"),
        (
            of(ram).replace("\"Effect\": \"Allow\", ", ""),
            "Statement[0].Effect",
            "is missing",
        ),
        (
            of(ram).replace("\"Principal\": {\"RAM\": \"*\"}, ", ""),
            "Statement[0].Principal",
            "is missing",
        ),
        (
            of(ram).replace(", \"Action\": \"sts:AssumeRole\"", ""),
            "Statement[0].Action",
            "is missing",
        ),
        (
            " ".repeat(MAX_TRUST_POLICY_CHARS + 1),
            "the document",
            "more than 2048",
        ),
    ];
    for (text, path, says) in cases {
        let error = TrustPolicy::parse(&text).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{path}: ")) && error.contains(says),
            "{text}\n{error}"
        );
    }
}

#[test]
fn a_principal_that_is_none_is_refused() {
    for principal in [
        "",
        "**",
        "acs:ram::*:root",
        "acs:ram::1234567890123456:*",
        "acs:ram::1234567890123456:user/*",
        "acs:ram::1234567890123456:user/",
        "acs:ram::1234567890123456:user/a/b",
        "acs:ram::1234567890123456:group/a",
        "acs:ram::1234567890123456:Root",
        "acs:ram::+1234567890123456:root",
        "acs:ram::01234567890123456:root",
        "acs:ram::123456789012345:root",
        "acs:ram:cn-shanghai:1234567890123456:root",
        "acs:sts::1234567890123456:assumed-role/a/b",
        "1234567890123456",
    ] {
        let ram = format!(r#"{{"RAM": "{principal}"}}"#);
        let text = document(&[statement("Allow", &ram, "")]);
        let error = TrustPolicy::parse(&text).unwrap_err();
        assert_eq!(error.path(), "Statement[0].Principal.RAM", "{principal}");
    }
}
