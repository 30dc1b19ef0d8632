//! The condition operators and the values they compare with.

use core::net::IpAddr;

use ipnet::IpNet;

use super::error::{Fault, PolicyError, excerpt};
use super::json::Json;
use super::pattern::{Case, Pattern};
use super::value::{self, Number, Relation};
use crate::Timestamp;

/// An operator of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) comparison: Comparison,
    /// Whether it holds where the comparison does not.
    pub(super) negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Text(Case),
    Like,
    Number(Relation),
    Date(Relation),
    Bool,
    Address,
}

pub(super) const EXPECTED: &str = "StringEquals, StringNotEquals, StringEqualsIgnoreCase, \
     StringNotEqualsIgnoreCase, StringLike, StringNotLike, Bool, IpAddress, NotIpAddress, or Numeric or Date \
     followed by Equals, NotEquals, LessThan, LessThanEquals, GreaterThan or GreaterThanEquals";

impl Operator {
    pub(super) fn named(name: &str) -> Option<Self> {
        use Comparison::{Address, Bool, Date, Like, Number, Text};

        let (comparison, negated) = match name {
            "StringEquals" => (Text(Case::Exact), false),
            "StringNotEquals" => (Text(Case::Exact), true),
            "StringEqualsIgnoreCase" => (Text(Case::Ignored), false),
            "StringNotEqualsIgnoreCase" => (Text(Case::Ignored), true),
            "StringLike" => (Like, false),
            "StringNotLike" => (Like, true),
            "Bool" => (Bool, false),
            "IpAddress" => (Address, false),
            "NotIpAddress" => (Address, true),
            other => {
                if let Some(relation) = other.strip_prefix("Numeric") {
                    let (relation, negated) = relation_named(relation)?;
                    (Number(relation), negated)
                } else {
                    let (relation, negated) = relation_named(other.strip_prefix("Date")?)?;
                    (Date(relation), negated)
                }
            }
        };
        Some(Self {
            comparison,
            negated,
        })
    }
}

fn relation_named(name: &str) -> Option<(Relation, bool)> {
    Some(match name {
        "Equals" => (Relation::Equal, false),
        "NotEquals" => (Relation::Equal, true),
        "LessThan" => (Relation::Less, false),
        "LessThanEquals" => (Relation::LessOrEqual, false),
        "GreaterThan" => (Relation::Greater, false),
        "GreaterThanEquals" => (Relation::GreaterOrEqual, false),
        _ => return None,
    })
}

/// The values that a condition names, read as what its operator compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Values {
    Texts(Case, Box<[Box<str>]>),
    Patterns(Box<[Pattern]>),
    Numbers(Relation, Box<[Number]>),
    Dates(Relation, Box<[Timestamp]>),
    Bools(Box<[bool]>),
    Networks(Box<[IpNet]>),
}

impl Values {
    pub(super) fn read(comparison: Comparison, json: &Json) -> Result<Self, PolicyError> {
        const LIST: &str = "at least one value";
        Ok(match comparison {
            Comparison::Text(case) => {
                Self::Texts(case, json.each(LIST, |json| Ok(text(json)?.into()))?)
            }
            Comparison::Like => {
                Self::Patterns(json.each(LIST, |json| Pattern::new(text(json)?, Case::Exact))?)
            }
            Comparison::Number(relation) => Self::Numbers(relation, json.each(LIST, number)?),
            Comparison::Date(relation) => Self::Dates(
                relation,
                json.each(LIST, |json| parsed(json, value::DATE_EXPECTED, value::date))?,
            ),
            Comparison::Bool => Self::Bools(json.each(LIST, boolean)?),
            Comparison::Address => Self::Networks(json.each(LIST, |json| {
                parsed(json, value::NETWORK_EXPECTED, value::network)
            })?),
        })
    }

    /// Whether the comparison holds between a value that a request carries as text and one of these.
    pub(super) fn hold_for(&self, carried: &str) -> bool {
        match self {
            Self::Texts(Case::Exact, texts) => texts.iter().any(|text| **text == *carried),
            Self::Texts(Case::Ignored, texts) => {
                texts.iter().any(|text| text.eq_ignore_ascii_case(carried))
            }
            Self::Patterns(patterns) => patterns.iter().any(|pattern| pattern.matches(carried)),
            Self::Numbers(relation, numbers) => Number::parse(carried)
                .is_some_and(|found| numbers.iter().any(|number| relation.holds(&found, number))),
            Self::Dates(..) => value::date(carried).is_some_and(|found| self.hold_at(found)),
            Self::Bools(_) => value::boolean(carried).is_some_and(|found| self.hold_if(found)),
            Self::Networks(_) => value::address(carried).is_some_and(|found| self.hold_from(found)),
        }
    }

    /// The same for a time; no other values than dates hold at any.
    pub(super) fn hold_at(&self, found: Timestamp) -> bool {
        match self {
            Self::Dates(relation, dates) => dates.iter().any(|date| relation.holds(&found, date)),
            _ => false,
        }
    }

    /// The same for a boolean.
    pub(super) fn hold_if(&self, found: bool) -> bool {
        matches!(self, Self::Bools(bools) if bools.contains(&found))
    }

    /// The same for an address.
    pub(super) fn hold_from(&self, found: IpAddr) -> bool {
        let found = found.to_canonical();
        matches!(self, Self::Networks(networks)
            if networks.iter().any(|network| network.contains(&found)))
    }
}

fn text(json: &Json) -> Result<&str, PolicyError> {
    let text = json.text("a string, or a list of strings")?;
    if text.contains("${") {
        let value = excerpt(text);
        return Err(Fault::Variable { value }.into());
    }
    Ok(text)
}

fn number(json: &Json) -> Result<Number, PolicyError> {
    let text = match json {
        Json::Integer(digits) => digits,
        // Its digits are not known exactly.
        Json::Float => return Err(json.not("a whole number, or any number as a string")),
        other => other.text("a number, or a list of numbers")?,
    };
    read(text, Number::EXPECTED, Number::parse)
}

fn boolean(json: &Json) -> Result<bool, PolicyError> {
    match json {
        Json::Bool(value) => Ok(*value),
        other => parsed(other, "true or false", value::boolean),
    }
}

fn parsed<T>(
    json: &Json,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, PolicyError> {
    read(json.text(expected)?, expected, parse)
}

fn read<T>(
    text: &str,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, PolicyError> {
    parse(text).ok_or_else(|| {
        let value = excerpt(text);
        Fault::Value { value, expected }.into()
    })
}
