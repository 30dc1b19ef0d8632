//! Tests of whole documents: what they decide, what is refused, and a second opinion on random ones.

mod conditions;
mod decisions;
mod properties;
mod reference;
mod refusals;
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
