//! Conditions of a statement: which values the keys of a request may have.

use std::collections::BTreeSet;

use super::error::{Fault, PolicyError, excerpt};
use super::json::Json;
use super::operator::{self, Comparison, Operator, Values};
use super::{Context, MAX_KEY_CHARS};

/// All that has to hold of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions(Box<[Condition]>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    key: Key,
    negated: bool,
    values: Values,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    CurrentTime,
    SourceIp,
    SecureTransport,
    MfaPresent,
    /// A key of a product, in small letters.
    Carried(Box<str>),
}

impl Conditions {
    pub(super) fn read(json: &Json) -> Result<Self, PolicyError> {
        const EXPECTED: &str = "an object of operators, or no Condition";
        let mut conditions = Vec::new();
        let mut names = BTreeSet::new();
        for (name, keys) in json.entries(EXPECTED)? {
            let Some(operator) = Operator::named(name) else {
                let (kind, expected) = ("operator", operator::EXPECTED);
                let name = excerpt(name);
                return Err(Fault::Unknown {
                    kind,
                    name,
                    expected,
                }
                .into());
            };
            if !names.insert(name) {
                return Err(Fault::Repeated(name.clone()).into());
            }
            read_keys(operator, keys, &mut conditions).map_err(|error| error.within(name))?;
        }
        Ok(Self(conditions.into()))
    }

    pub(super) fn hold(&self, context: &Context<'_>) -> bool {
        self.0.iter().all(|condition| condition.holds(context))
    }

    /// The keys of products that are asked for, in small letters.
    pub(super) fn carried_keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|condition| match &condition.key {
            Key::Carried(name) => Some(&**name),
            _ => None,
        })
    }
}

fn read_keys(
    operator: Operator,
    json: &Json,
    conditions: &mut Vec<Condition>,
) -> Result<(), PolicyError> {
    const EXPECTED: &str = "an object of condition keys";
    let mut names = BTreeSet::new();
    for (name, values) in json.entries(EXPECTED)? {
        let key = Key::named(name)?;
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(Fault::Repeated(name.clone()).into());
        }
        let values = key
            .check(operator.comparison)
            .and_then(|()| Values::read(operator.comparison, values))
            .map_err(|error| error.within(name))?;
        let negated = operator.negated;
        conditions.push(Condition {
            key,
            negated,
            values,
        });
    }
    Ok(())
}

impl Key {
    fn named(name: &str) -> Result<Self, PolicyError> {
        let well_formed = name.split_once(':').is_some_and(|(service, rest)| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
            !service.is_empty()
                && !rest.is_empty()
                && service.bytes().chain(rest.bytes()).all(plain)
        });
        if !well_formed || name.len() > MAX_KEY_CHARS {
            return Err(Fault::KeyForm(excerpt(name)).into());
        }
        let lower = name.to_ascii_lowercase();
        Ok(match lower.as_str() {
            "acs:currenttime" => Self::CurrentTime,
            "acs:sourceip" => Self::SourceIp,
            "acs:securetransport" => Self::SecureTransport,
            "acs:mfapresent" => Self::MfaPresent,
            _ if lower.starts_with("acs:") => {
                let kind = "condition key";
                let expected =
                    "acs:CurrentTime, acs:SourceIp, acs:SecureTransport or acs:MFAPresent";
                let name = excerpt(name);
                return Err(Fault::Unknown {
                    kind,
                    name,
                    expected,
                }
                .into());
            }
            _ => Self::Carried(lower.into()),
        })
    }

    /// The keys that every request has are of one kind each; comparing them as another would never hold.
    fn check(&self, comparison: Comparison) -> Result<(), PolicyError> {
        let (fits, key, expected) = match self {
            Self::CurrentTime => (
                matches!(comparison, Comparison::Date(_)),
                "acs:CurrentTime",
                "an operator that begins with Date",
            ),
            Self::SourceIp => (
                comparison == Comparison::Address,
                "acs:SourceIp",
                "IpAddress or NotIpAddress",
            ),
            Self::SecureTransport => (
                comparison == Comparison::Bool,
                "acs:SecureTransport",
                "Bool",
            ),
            Self::MfaPresent => (comparison == Comparison::Bool, "acs:MFAPresent", "Bool"),
            Self::Carried(_) => return Ok(()),
        };
        if fits {
            return Ok(());
        }
        Err(Fault::Operator { key, expected }.into())
    }
}

impl Condition {
    fn holds(&self, context: &Context<'_>) -> bool {
        let values = &self.values;
        let matched = match &self.key {
            Key::CurrentTime => values.hold_at(context.now),
            Key::SourceIp => context
                .source
                .is_some_and(|source| values.hold_from(source)),
            Key::SecureTransport => values.hold_if(context.secure),
            Key::MfaPresent => values.hold_if(false),
            Key::Carried(key) => context
                .keys
                .iter()
                .any(|(name, value)| key.eq_ignore_ascii_case(name) && values.hold_for(value)),
        };
        matched != self.negated
    }
}
