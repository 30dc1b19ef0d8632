//! What documents decide, one rule at a time.

use std::sync::Arc;

use super::super::{Decision, Policy, PolicySet, Request, decide_all, may_use_all};
use super::{PLAIN, ask, set, short};

const DOMAIN: &str = "acs:live:*:1234567890123456:domain/a.example";

fn document(statements: &str) -> String {
    format!(r#"{{"Version": "1", "Statement": [{statements}]}}"#)
}

fn allow(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}"#)
}

fn deny(action: &str, resource: &str) -> String {
    allow(action, resource).replace("Allow", "Deny")
}

#[test]
fn nothing_is_allowed_that_no_statement_allows() {
    assert_eq!(ask(&PolicySet::default(), "mts:CancelJob", "*"), "-");
    let set = set(&[&document(&allow("mts:CancelJob", "*"))]);
    assert_eq!(ask(&set, "mts:CancelJob", "*"), "allow p0[0]");
    assert_eq!(ask(&set, "mts:SubmitJobs", "*"), "-");
}

#[test]
fn a_denial_wins_wherever_it_stands() {
    let all = allow("*", "*");
    let but = deny("mts:Cancel*", "*");
    for documents in [
        vec![document(&format!("{all}, {but}"))],
        vec![document(&format!("{but}, {all}"))],
        vec![document(&all), document(&but)],
        vec![document(&but), document(&all)],
    ] {
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let set = set(&documents);
        assert!(ask(&set, "mts:CancelJob", "*").starts_with("deny"));
        assert!(ask(&set, "mts:QueryJobList", "*").starts_with("allow"));
    }
}

#[test]
fn not_action_with_allow_is_no_denial() {
    let not = r#"{"Effect": "Allow", "NotAction": ["mts:Submit*", "mts:Add*"], "Resource": "*"}"#;
    let set = set(&[&document(not), &document(&allow("mts:SubmitJobs", "*"))]);
    assert_eq!(ask(&set, "mts:CancelJob", "*"), "allow p0[0]");
    assert_eq!(ask(&set, "mts:SubmitJobs", "*"), "allow p1[0]");
    assert_eq!(ask(&set, "mts:AddPipeline", "*"), "-");
}

#[test]
fn not_resource_applies_to_all_but_what_it_names() {
    let not =
        r#"{"Effect": "Deny", "Action": "live:*", "NotResource": "acs:live:*:*:domain/a.example"}"#;
    let set = set(&[&document(&format!("{}, {not}", allow("live:*", "*")))]);
    assert_eq!(
        ask(&set, "live:StopEdgeTranscodeJob", DOMAIN),
        "allow p0[0]"
    );
    let other = DOMAIN.replace("a.example", "b.example");
    assert_eq!(ask(&set, "live:StopEdgeTranscodeJob", &other), "deny p0[1]");
}

#[test]
fn actions_are_compared_without_case_and_resources_with_it() {
    let set = set(&[&document(&allow("MTS:cancelj?b", "acs:mts:*:*:Job/*"))]);
    assert_eq!(
        ask(&set, "mts:CancelJob", "acs:mts:r:1:Job/1"),
        "allow p0[0]"
    );
    assert_eq!(ask(&set, "mts:CancelJob", "acs:mts:r:1:job/1"), "-");
}

#[test]
fn resources_match_segment_by_segment() {
    let cases: &[(&str, &str, bool)] = &[
        ("*", "*", true),
        ("**", DOMAIN, true),
        ("*", "no resource name", true),
        ("acs:*:*:*:*", DOMAIN, true),
        ("acs:*:*:*:*", "*", false),
        ("acs:live:*:*:*", "no resource name", false),
        ("acs:live:::*", DOMAIN, true),
        (
            "acs:live:cn-shanghai:1234567890123456:domain/*",
            DOMAIN,
            true,
        ),
        ("acs:live:*:6543210987654321:domain/*", DOMAIN, false),
        ("acs:liv?:*:1234*:domain/?.example", DOMAIN, true),
        ("acs:live:*:*:domain", DOMAIN, false),
        // A wildcard ends at the colon, except in the last segment.
        ("acs:l*:*:domain/a.example:*", DOMAIN, false),
        ("acs:oss:*:*:a/*/c", "acs:oss:r:1:a/x:y/c", true),
        ("acs:oss:*:*:a:b", "acs:oss:r:1:a:b", true),
        // The region counts when the request has one.
        ("acs:oss:r1:*:a", "acs:oss:r1:1:a", true),
        ("acs:oss:r1:*:a", "acs:oss:r2:1:a", false),
        ("acs:oss:r1:*:a", "acs:oss::1:a", false),
        ("acs:oss::*:a", "acs:oss:r2:1:a", true),
    ];
    for (pattern, resource, expected) in cases {
        let set = set(&[&document(&allow("*", pattern))]);
        let allowed = ask(&set, "a:b", resource) != "-";
        assert_eq!(allowed, *expected, "{pattern} {resource}");
    }
}

#[test]
fn one_value_and_a_list_of_it_mean_the_same() {
    let one =
        r#"{"Version": "1", "Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}}"#;
    let list = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["a:b"], "Resource": ["*"]}]}"#;
    let statements = |text: &str| Policy::parse(text).unwrap().statements;
    assert_eq!(statements(one), statements(list));
}

#[test]
fn an_action_may_be_used_unless_it_is_denied_on_all_resources() {
    let some = allow("live:*", DOMAIN);
    let cases = [
        (document(&some), true),
        (
            document(&format!("{some}, {}", deny("live:*", "acs:*:*:*:*"))),
            true,
        ),
        (
            document(&format!("{some}, {}", deny("live:Stop*", "*"))),
            false,
        ),
        (
            document(&format!("{some}, {}", deny("live:Start*", "*"))),
            true,
        ),
        (document(&deny("live:Start*", "*")), false),
        (document(&allow("mts:*", "*")), false),
    ];
    for (text, expected) in cases {
        let may = set(&[&text]).may_use("live:StopEdgeTranscodeJob", &PLAIN);
        assert_eq!(may, expected, "{text}");
    }
}

#[test]
fn an_action_may_plainly_be_used_everywhere_where_nothing_is_denied() {
    let cases = [
        (allow("*", "*"), true),
        (allow("live:Stop*", "*"), true),
        (allow("live:*", DOMAIN), false),
        (allow("mts:*", "*"), false),
        (
            format!("{}, {}", allow("*", "*"), deny("live:*", DOMAIN)),
            false,
        ),
        (format!("{}, {}", allow("*", "*"), deny("mts:*", "*")), true),
    ];
    for (statements, expected) in cases {
        let set = set(&[&document(&statements)]);
        let may = set.may_use_everywhere("live:StopEdgeTranscodeJob", &PLAIN);
        assert_eq!(may, expected, "{statements}");
    }
}

#[test]
fn several_sets_all_have_to_allow() {
    let everything = set(&[&document(&allow("*", "*"))]);
    let reads = set(&[&document(&allow("mts:Query*", "*"))]);
    let no_cancel = set(&[&document(&deny("mts:Cancel*", "*"))]);
    let nothing = PolicySet::default();
    let cases: &[(&[&PolicySet], &str, usize)] = &[
        (&[], "-", 0),
        (&[&everything], "allow p0[0]", 0),
        (&[&everything, &reads], "-", 1),
        (&[&reads, &everything], "-", 0),
        (&[&nothing, &no_cancel], "deny p0[0]", 1),
        (
            &[&everything, &reads, &nothing, &no_cancel],
            "deny p0[0]",
            3,
        ),
        (&[&everything, &everything], "allow p0[0]", 0),
    ];
    for (sets, decision, set) in cases {
        let request = Request {
            action: "mts:CancelJob",
            resource: "*",
            context: &PLAIN,
        };
        let verdict = decide_all(sets, &request);
        assert_eq!(
            (short(&verdict.decision).as_str(), verdict.set),
            (*decision, *set)
        );
        let allowed = verdict.decision.is_allowed();
        assert_eq!(may_use_all(sets, "mts:CancelJob", &PLAIN), allowed);
    }
}

#[test]
fn a_policy_made_of_actions_allows_them_and_reads_back() {
    let actions: Vec<String> = (0..1_000).map(|n| format!("mts:Query{n}")).collect();
    let policy = Policy::allowing(actions).unwrap();
    assert!(
        policy
            .text()
            .starts_with(r#"{"Version":"1","Statement":[{"Effect":"Allow","#)
    );
    let set = PolicySet::new([("reads".into(), Arc::new(policy))]);
    assert_eq!(ask(&set, "mts:query999", "*"), "allow reads[0]");
    assert_eq!(ask(&set, "mts:Query1000", "*"), "-");
    assert!(Policy::allowing([]).is_err());
    assert!(Policy::allowing(["not an action".to_owned()]).is_err());
}

#[test]
fn a_decision_names_the_statement_for_people() {
    let set = set(&[&document(&format!(
        "{}, {}",
        allow("a:*", "*"),
        deny("a:c", "*")
    ))]);
    let context = &PLAIN;
    let decide = |action| {
        let resource = "*";
        set.decide(&Request {
            action,
            resource,
            context,
        })
        .to_string()
    };
    assert_eq!(decide("a:b"), "allowed by Statement[0] of p0");
    assert_eq!(decide("a:c"), "denied by Statement[1] of p0");
    assert_eq!(decide("b:c"), Decision::NotAllowed.to_string());
}
