//! Tests of whole documents: what they decide, what is refused, and a second opinion on random ones.

mod conditions;
mod decisions;
mod properties;
mod reference;
mod refusals;
mod refused_conditions;
mod trusted;

use std::sync::Arc;

use super::{Context, Decision, Policy, PolicySet, Request};
use crate::Timestamp;

/// A context in which nothing is special.
pub(super) const PLAIN: Context<'_> = Context {
    now: Timestamp::from_millis(1_767_225_600_000),
    source: None,
    secure: false,
    keys: &[],
};

/// The set of these documents, named `p0`, `p1` and so on.
#[track_caller]
pub(super) fn set(documents: &[&str]) -> PolicySet {
    PolicySet::new(documents.iter().enumerate().map(|(index, text)| {
        let policy = Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (format!("p{index}").into(), Arc::new(policy))
    }))
}

/// The decision in a few letters: `allow p0[1]`, `deny p0[0]` or `-`.
pub(super) fn short(decision: &Decision) -> String {
    match decision {
        Decision::Allowed(by) => format!("allow {}[{}]", by.policy, by.statement),
        Decision::Denied(by) => format!("deny {}[{}]", by.policy, by.statement),
        Decision::NotAllowed => "-".to_owned(),
    }
}

/// What the set says about an action on a resource in a plain context.
pub(super) fn ask(set: &PolicySet, action: &str, resource: &str) -> String {
    let context = &PLAIN;
    short(&set.decide(&Request {
        action,
        resource,
        context,
    }))
}

/// The message of a refusal.
#[track_caller]
pub(super) fn refused(text: &str) -> String {
    match Policy::parse(text) {
        Ok(_) => panic!("accepted {text}"),
        Err(error) => error.to_string(),
    }
}

/// A document whose second statement has these members too.
pub(super) fn statement_with(more: &str) -> String {
    format!(
        r#"{{"Version": "1", "Statement": [
            {{"Effect": "Deny", "Action": "*", "Resource": "*"}},
            {{"Effect": "Allow", "Action": "a:b", "Resource": "*", {more}}}]}}"#
    )
}

/// The document is refused at that place, with a message that says so.
#[track_caller]
pub(super) fn check_refused(text: &str, path: &str, says: &str) {
    let error = refused(text);
    let expected = format!("{path}: ");
    assert!(error.starts_with(&expected), "{text}\n{error}");
    assert!(error.contains(says), "{text}\n{error}");
}
