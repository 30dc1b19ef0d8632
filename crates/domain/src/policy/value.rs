//! What conditions compare: numbers, dates, booleans and networks, as texts spell them.

use core::net::{IpAddr, Ipv6Addr};
use std::cmp::Ordering;

use ipnet::{IpNet, Ipv4Net};

use crate::Timestamp;

/// A decimal number, exact: a binary fraction would make unequal numbers equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number {
    /// In units of 10 to the power of minus [`Number::DIGITS`].
    scaled: i128,
}

impl Number {
    /// The most digits before the point, and the most after it.
    const DIGITS: usize = 18;

    pub(super) const EXPECTED: &str =
        "a decimal number with at most 18 digits on each side of the point, and no exponent";

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let fits = |part: &str| {
            (1..=Self::DIGITS).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        };
        if !fits(whole) || !fits(fraction) {
            return None;
        }
        let value = |part: &str| {
            part.bytes().fold(0, |value: i128, digit| {
                value * 10 + i128::from(digit - b'0')
            })
        };
        let scale = |digits: usize| (0..digits).fold(1_i128, |scale, _| scale * 10);
        let whole = value(whole) * scale(Self::DIGITS);
        let fraction = value(fraction) * scale(Self::DIGITS - fraction.len());
        let scaled = sign * (whole + fraction);
        Some(Self { scaled })
    }
}

pub(super) const DATE_EXPECTED: &str =
    "a date with time and offset, like 2026-01-31T09:30:00Z or 2026-01-31T17:30:00+08:00";

/// Reads an ISO 8601 date with time and offset; what is finer than a millisecond is cut off.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    // The parser would also take, and not look at, the name of a time zone.
    if text.contains('[') {
        return None;
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(time.as_millisecond()))
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    [("true", true), ("false", false)]
        .into_iter()
        .find_map(|(word, value)| text.eq_ignore_ascii_case(word).then_some(value))
}

pub(super) const NETWORK_EXPECTED: &str =
    "an IPv4 or IPv6 address, or a network like 203.0.113.0/24 or 2001:db8::/32";

/// Reads a network, or an address as the network of itself. What is written as IPv4-mapped IPv6 is IPv4.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let Some((start, _)) = text.split_once('/') else {
        return Some(address(text)?.into());
    };
    let network: IpNet = text.parse().ok()?;
    let mapped: Option<Ipv6Addr> = start.parse().ok();
    let mapped = mapped.and_then(|start| start.to_ipv4_mapped());
    match (mapped, network.prefix_len().checked_sub(96)) {
        (Some(start), Some(length)) => Some(Ipv4Net::new(start, length).ok()?.into()),
        _ => Some(network),
    }
}

/// Reads an address; one that is IPv4-mapped IPv6 is IPv4.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    Some(address.to_canonical())
}

/// How a value of a request has to stand to one of the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub(super) fn holds<T: Ord>(self, found: &T, wanted: &T) -> bool {
        let ordering = found.cmp(wanted);
        match self {
            Self::Equal => ordering == Ordering::Equal,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}
