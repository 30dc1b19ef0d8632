//! Random documents and requests: the same answers as the plain rules give, and what has to hold of all of them.

use core::net::IpAddr;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::super::pattern::{Case, Pattern};
use super::super::{Context, Decision, Policy, PolicySet, Request, decide_all, may_use_all};
use super::reference::{DATES, Outcome, judge, like};
use crate::Timestamp;

// Few words, so that random patterns often meet random requests.
const ACTIONS: [&str; 4] = ["mts:Get", "mts:GetAll", "MTS:put", "live:Get"];
const ACTION_PATTERNS: [&str; 10] = [
    "*", "mts:*", "MTS:get*", "mts:Get", "*:Get", "mts:*A*l", "mts:p?t", "live:???", "l*:G*", "a:b",
];
const RESOURCES: [&str; 7] = [
    "*",
    "acs:mts:*:1:job/a",
    "acs:mts:r1:1:job/b",
    "acs:mts:r2:2:job/a:b",
    "acs:live::1:domain/a",
    "acs:live:*:2:domain/B",
    "job/a",
];
const RESOURCE_PATTERNS: [&str; 12] = [
    "*",
    "acs:*:*:*:*",
    "acs:mts:*:*:job/*",
    "acs:mts:r1:*:*",
    "acs:mts:r?:1:job/a",
    "acs:mts:::job/*b",
    "acs:live:*:*:domain/?",
    "acs:live::1:*",
    "acs:*:*:2:*/*:*",
    "acs:live:r1:*:domain/b",
    "acs:l*e:*:*:*a",
    "acs:mts:r1:1:job/b",
];
const STRINGS: [&str; 9] = ["", "a", "A", "ab", "a*", "a?", "é", "*", "*b*"];
const NUMBERS: [&str; 7] = ["0", "-0", "1", "1.0", "2.5", "-3", "10"];
const BOOLS: [&str; 3] = ["true", "false", "True"];
const NETWORKS: [&str; 9] = [
    "10.0.0.0/8",
    "10.0.0.1",
    "10.0.0.1/31",
    "0.0.0.0/0",
    "::/0",
    "::ffff:10.0.0.0/104",
    "2001:db8::/32",
    "2001:db8::1",
    "::ffff:0:0/90",
];
const ADDRESSES: [&str; 6] = [
    "10.0.0.1",
    "10.0.0.2",
    "11.0.0.1",
    "::ffff:10.0.0.1",
    "2001:db8::1",
    "::1",
];
const KEYS: [&str; 3] = ["mts:Tag", "mts:tag", "live:Size"];

/// One value where a list has just one, sometimes.
fn one_or_list(values: Vec<Value>, alone: bool) -> Value {
    match values.as_slice() {
        [one] if alone => one.clone(),
        _ => Value::Array(values),
    }
}

fn some_of(values: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let chosen = vec(select(values), 1..=3);
    (chosen, any::<bool>()).prop_map(|(values, alone)| {
        one_or_list(values.into_iter().map(Value::from).collect(), alone)
    })
}

/// An operator, a key it may have, and values it takes.
fn condition() -> impl Strategy<Value = (String, String, Value)> {
    let relation = || {
        select(&[
            "Equals",
            "NotEquals",
            "LessThan",
            "LessThanEquals",
            "GreaterThan",
            "GreaterThanEquals",
        ])
    };
    let strings = &[
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
    ];
    let with = |acs: &[&'static str]| {
        let keys: Vec<&'static str> = [&["mts:Tag", "MTS:tag", "live:Size"], acs].concat();
        select(keys).prop_map(str::to_owned)
    };
    let dates = vec(select(&DATES), 1..=2).prop_map(|dates| {
        dates
            .into_iter()
            .map(|(text, _)| Value::from(text))
            .collect()
    });
    prop_oneof![
        (
            select(strings).prop_map(str::to_owned),
            with(&[]),
            some_of(&STRINGS)
        ),
        (
            relation().prop_map(|name| format!("Numeric{name}")),
            with(&[]),
            some_of(&NUMBERS)
        ),
        (
            relation().prop_map(|name| format!("Date{name}")),
            with(&["acs:CurrentTime", "acs:currenttime"]),
            dates
        ),
        (
            Just("Bool".to_owned()),
            with(&["acs:SecureTransport", "acs:MFAPresent"]),
            some_of(&BOOLS)
        ),
        (
            select(&["IpAddress", "NotIpAddress"]).prop_map(str::to_owned),
            with(&["acs:SourceIp", "ACS:SourceIP"]),
            some_of(&NETWORKS)
        ),
    ]
}

fn statement() -> impl Strategy<Value = Value> {
    let effect = prop_oneof![2 => Just("Allow"), 1 => Just("Deny")];
    let action = prop_oneof![4 => Just("Action"), 1 => Just("NotAction")];
    let resource = prop_oneof![4 => Just("Resource"), 1 => Just("NotResource")];
    let conditions = prop_oneof![2 => vec(condition(), 0..=1), 1 => vec(condition(), 0..=3)];
    let named = (
        action,
        some_of(&ACTION_PATTERNS),
        resource,
        some_of(&RESOURCE_PATTERNS),
    );
    (effect, named, conditions).prop_map(|(effect, named, conditions)| {
        let (action, actions, resource, resources) = named;
        let mut statement = json!({"Effect": effect, action: actions, resource: resources});
        let mut operators = Map::new();
        for (operator, key, values) in conditions {
            let keys = operators.entry(operator).or_insert_with(|| json!({}));
            let keys = keys.as_object_mut().unwrap();
            // A second spelling of a key under one operator is refused.
            if !keys.keys().any(|other| other.eq_ignore_ascii_case(&key)) {
                keys.insert(key, values);
            }
        }
        if !operators.is_empty() {
            statement["Condition"] = operators.into();
        }
        statement
    })
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    vec(statement(), 1..=6)
}

/// A request with all that its context borrows.
#[derive(Clone, Debug)]
struct Asked {
    action: &'static str,
    resource: &'static str,
    now_ms: i64,
    source: Option<IpAddr>,
    secure: bool,
    keys: Vec<(&'static str, &'static str)>,
}

impl Asked {
    fn with<T>(&self, judge: impl FnOnce(&Request<'_>) -> T) -> T {
        let context = Context {
            now: Timestamp::from_millis(self.now_ms),
            source: self.source,
            secure: self.secure,
            keys: &self.keys,
        };
        judge(&Request {
            action: self.action,
            resource: self.resource,
            context: &context,
        })
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let now_ms = (select(&DATES), -1_i64..=1).prop_map(|((_, millis), more)| millis + more);
    let source = proptest::option::of(select(&ADDRESSES).prop_map(|text| text.parse().unwrap()));
    let value = prop_oneof![
        select(&STRINGS),
        select(&NUMBERS),
        select(&BOOLS),
        select(&DATES).prop_map(|(text, _)| text),
        select(&ADDRESSES),
    ];
    let keys = vec((select(&KEYS), value), 0..=3);
    let names = (select(&ACTIONS), select(&RESOURCES));
    (names, now_ms, source, any::<bool>(), keys).prop_map(
        |((action, resource), now_ms, source, secure, keys)| Asked {
            action,
            resource,
            now_ms,
            source,
            secure,
            keys,
        },
    )
}

fn policy(statements: &[Value]) -> Arc<Policy> {
    let text = json!({"Version": "1", "Statement": statements}).to_string();
    let policy = Policy::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    Arc::new(policy)
}

/// A set with the statements as one policy.
fn one(statements: &[Value]) -> PolicySet {
    PolicySet::new([("one".into(), policy(statements))])
}

fn outcome(decision: &Decision) -> Outcome {
    match decision {
        Decision::Allowed(_) => Outcome::Allow,
        Decision::Denied(_) => Outcome::Deny,
        Decision::NotAllowed => Outcome::Nothing,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn decisions_are_those_of_the_plain_rules(statements in statements(), asked in asked()) {
        let decision = asked.with(|request| one(&statements).decide(request));
        let expected = asked.with(|request| judge(&statements, request));
        prop_assert_eq!(outcome(&decision), expected, "{}", json!(statements));
        // The statement that is named is the first that decides so by itself.
        if let Decision::Allowed(by) | Decision::Denied(by) = &decision {
            let mut alone = statements.chunks(1);
            let first = alone.position(|one| asked.with(|request| judge(one, request)) == expected);
            prop_assert_eq!(Some(by.statement), first);
        }
    }

    #[test]
    fn a_denial_beats_everything(statements in statements(), asked in asked()) {
        let denied = statements.iter().any(|statement| {
            let alone = std::slice::from_ref(statement);
            asked.with(|request| judge(alone, request)) == Outcome::Deny
        });
        let decision = asked.with(|request| one(&statements).decide(request));
        prop_assert_eq!(matches!(decision, Decision::Denied(_)), denied);
    }

    #[test]
    fn one_more_denial_never_allows_more(
        statements in statements(), mut more in statement(), asked in asked()
    ) {
        more["Effect"] = "Deny".into();
        let before = asked.with(|request| one(&statements).decide(request));
        let statements = [statements, vec![more]].concat();
        let after = asked.with(|request| one(&statements).decide(request));
        prop_assert!(before.is_allowed() || !after.is_allowed());
    }

    #[test]
    fn the_order_of_statements_and_policies_does_not_matter(
        (statements, shuffled) in statements()
            .prop_flat_map(|statements| (Just(statements.clone()), Just(statements).prop_shuffle())),
        at in any::<prop::sample::Index>(),
        asked in asked(),
    ) {
        let (first, rest) = shuffled.split_at(at.index(shuffled.len()));
        let parts = [first, rest].into_iter().filter(|part| !part.is_empty());
        let split = PolicySet::new(parts.map(|part| ("part".into(), policy(part))));
        let expected = asked.with(|request| one(&statements).decide(request));
        let found = asked.with(|request| split.decide(request));
        prop_assert_eq!(outcome(&found), outcome(&expected));
    }

    #[test]
    fn what_may_not_be_used_is_allowed_on_no_resource(statements in statements(), mut asked in asked()) {
        let set = one(&statements);
        let may = asked.with(|request| set.may_use(request.action, request.context));
        for resource in RESOURCES {
            asked.resource = resource;
            let decision = asked.with(|request| set.decide(request));
            prop_assert!(may || !decision.is_allowed(), "{}", resource);
        }
    }

    #[test]
    fn what_may_be_used_everywhere_is_denied_on_no_resource(statements in statements(), mut asked in asked()) {
        let set = one(&statements);
        let everywhere = asked.with(|request| set.may_use_everywhere(request.action, request.context));
        for resource in RESOURCES {
            asked.resource = resource;
            let decision = asked.with(|request| set.decide(request));
            prop_assert!(!everywhere || decision.is_allowed(), "{}", resource);
        }
    }

    #[test]
    fn several_sets_allow_what_each_of_them_allows(sets in vec(statements(), 1..=3), asked in asked()) {
        let sets: Vec<PolicySet> = sets.iter().map(|statements| one(statements)).collect();
        let sets: Vec<&PolicySet> = sets.iter().collect();
        let verdict = asked.with(|request| decide_all(&sets, request));
        let single = |set: &PolicySet| asked.with(|request| set.decide(request));
        let each: Vec<Outcome> = sets.iter().map(|set| outcome(&single(set))).collect();
        let expected = [Outcome::Deny, Outcome::Nothing, Outcome::Allow]
            .into_iter()
            .find(|outcome| each.contains(outcome))
            .unwrap();
        prop_assert_eq!(outcome(&verdict.decision), expected);
        let first = each.iter().position(|outcome| *outcome == expected);
        prop_assert_eq!(Some(verdict.set), first);
        let may = asked.with(|request| may_use_all(&sets, request.action, request.context));
        prop_assert!(may || expected != Outcome::Allow);
    }

    #[test]
    fn what_was_accepted_reads_back_the_same(statements in statements()) {
        let policy = policy(&statements);
        let again = Policy::parse(policy.text());
        prop_assert_eq!(again.as_ref(), Ok(&*policy));
        let value: Value = serde_json::from_str(policy.text()).unwrap();
        let spaced = Policy::parse(&format!("{value:#}")).unwrap();
        prop_assert_eq!(&spaced.statements, &policy.statements);
    }

    #[test]
    fn a_document_with_a_piece_cut_out_is_read_or_refused(
        statements in statements(), cut in subsequence((0..200).collect::<Vec<usize>>(), 1..4)
    ) {
        let text = policy(&statements).text().to_owned();
        let kept = text.chars().enumerate().filter(|(place, _)| !cut.contains(place));
        let text: String = kept.map(|(_, char)| char).collect();
        match Policy::parse(&text) {
            Ok(policy) => prop_assert_eq!(policy.text(), text),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn patterns_match_as_the_plain_rule_says(pattern in "[abA*?é*]{0,10}", text in "[abAé]{0,10}") {
        let exact = Pattern::new(&pattern, Case::Exact).unwrap();
        prop_assert_eq!(exact.matches(&text), like(&pattern, &text));
        let ignoring = Pattern::new(&pattern, Case::Ignored).unwrap();
        let expected = like(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase());
        prop_assert_eq!(ignoring.matches(&text), expected);
    }
}
