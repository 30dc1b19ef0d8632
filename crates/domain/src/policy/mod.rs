//! Access policies in the RAM grammar: reading documents, and deciding what a request may do.
//!
//! A request is denied if any statement in force with `Effect: Deny` applies to it, allowed if none does and one with
//! `Effect: Allow` applies, and not allowed otherwise. A statement applies if its action, its resource and all its
//! conditions do; `NotAction` and `NotResource` apply to what they do not name. A document is read strictly: what is
//! not understood is refused when it is written, because a rule that silently never applies is worse than an error.
//!
//! # Names and patterns
//!
//! `*` stands for any run of characters, also none, and `?` for exactly one; neither can be escaped. Actions are
//! compared without regard to the case of ASCII letters, resources with it. The resource pattern `*` covers
//! everything. Any other is `acs:<service>:<region>:<account>:<relative>`, matched segment by segment, so that a
//! wildcard never reaches past a colon, except in the last segment, which may hold colons of its own. An empty region
//! or account in a pattern stands for any. A request whose resource is `*` acts on all resources: only the pattern `*`
//! covers it. Policy variables (`${…}`) are refused, and so is a part of more than 64 characters between two `*` that has
//! a `?` or belongs to an action: it would have to be tried place by place.
//!
//! # Conditions
//!
//! Operators are ANDed, so are the keys under one operator, and the values of one key are ORed; for a negated operator
//! (`StringNotEquals`, `NotIpAddress` and their like) none of the values may match. Operators are spelled exactly as
//! documented. Keys are compared without regard to the case of ASCII letters, and so is what the `IgnoreCase`
//! operators compare.
//!
//! A key that the request does not carry fulfils no positive operator and every negated one. A value that cannot be
//! read as what the operator compares counts as not carried. A request that carries a key several times fulfils a
//! positive operator with any of its values, and a negated one if none of them matches.
//!
//! | key | operators | value |
//! |---|---|---|
//! | `acs:CurrentTime` | `Date…` | the time of the request |
//! | `acs:SourceIp` | `IpAddress`, `NotIpAddress` | where it comes from; an IPv4-mapped IPv6 address is the IPv4 one |
//! | `acs:SecureTransport` | `Bool` | whether it came over TLS |
//! | `acs:MFAPresent` | `Bool` | always `false` |
//! | `<service>:<name>` | any | what the request carries under that name |
//!
//! Which names of the last kind exist is for the caller to know: [`Policy::condition_keys`] lists those used.

mod condition;
mod decide;
mod document;
mod error;
mod json;
mod operator;
mod pattern;
mod resource;
mod statement;
#[cfg(test)]
mod tests;
mod trust;
mod value;

// The addresses of `core`, because the domain names nothing of `std::net`, which also opens sockets.
use core::net::IpAddr;

pub use decide::{By, Decision, PolicySet, Verdict, decide_all, may_use_all};
pub use document::Policy;
pub use error::{Fault, PolicyError};
pub use trust::{Principal, TrustPolicy};

use crate::Timestamp;

/// The longest access policy, in characters.
pub const MAX_POLICY_CHARS: usize = 6_144;

/// The longest session policy, in characters.
pub const MAX_SESSION_POLICY_CHARS: usize = 2_048;

/// The longest trust policy of a role, in characters.
pub const MAX_TRUST_POLICY_CHARS: usize = 2_048;

/// The most statements of one document.
pub const MAX_STATEMENTS: usize = 100;

/// How deep objects and lists may stand inside each other. A document needs six levels; the rest is there so that a
/// slip is answered with the path to it.
pub const MAX_NESTING: usize = 8;

/// The longest pattern of an action, in characters.
pub const MAX_ACTION_CHARS: usize = 128;

/// The longest pattern of a resource, in characters.
pub const MAX_RESOURCE_CHARS: usize = 1_024;

/// The longest name of a condition key, in characters.
pub const MAX_KEY_CHARS: usize = 128;

/// What is known of a request beside action and resource; conditions are about it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// When the request is judged.
    pub now: Timestamp,
    /// Where it comes from, if that is known.
    pub source: Option<IpAddr>,
    /// Whether it came over an encrypted connection.
    pub secure: bool,
    /// Keys of the product with their values, as in `("live:Domain", "a.example")`. A key of the `acs:` prefix has no
    /// effect here.
    pub keys: &'a [(&'a str, &'a str)],
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// As in `live:StopEdgeTranscodeJob`.
    pub action: &'a str,
    /// As in `acs:live:*:1234567890123456:domain/a.example`, where the region `*` fulfils any region of a pattern; or
    /// `*` for an action on all resources.
    pub resource: &'a str,
    pub context: &'a Context<'a>,
}
