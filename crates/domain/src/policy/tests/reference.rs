//! The rules again, as plainly as they can be written: slow, straight from the JSON, and sharing no code with the
//! evaluator that it checks.

use core::net::{IpAddr, Ipv6Addr};

use serde_json::Value;

use super::super::Request;

/// Dates and the milliseconds they stand for; there are no others in random documents, and what is not among them is
/// no date.
pub(super) const DATES: [(&str, i64); 5] = [
    ("1970-01-01T00:00:00Z", 0),
    ("2000-01-01T00:00:00Z", 946_684_800_000),
    ("2000-01-01T08:00:00+08:00", 946_684_800_000),
    ("2000-01-01T00:00:00.001Z", 946_684_800_001),
    ("2026-01-01T00:00:00Z", 1_767_225_600_000),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Allow,
    Deny,
    Nothing,
}

pub(super) fn judge(statements: &[Value], request: &Request<'_>) -> Outcome {
    let applying: Vec<&Value> = statements
        .iter()
        .filter(|statement| applies(statement, request))
        .collect();
    if applying
        .iter()
        .any(|statement| statement["Effect"] == "Deny")
    {
        Outcome::Deny
    } else if applying.is_empty() {
        Outcome::Nothing
    } else {
        Outcome::Allow
    }
}

fn applies(statement: &Value, request: &Request<'_>) -> bool {
    let lower = str::to_ascii_lowercase;
    let action = |pattern: &str| like(&lower(pattern), &lower(request.action));
    let resource = |pattern: &str| covers(pattern, request.resource);
    names(statement, "Action", action)
        && names(statement, "Resource", resource)
        && conditions(statement, request)
}

fn names(statement: &Value, member: &str, matches: impl Fn(&str) -> bool) -> bool {
    let any = |patterns: &Value| texts(patterns).iter().any(|pattern| matches(pattern));
    match statement.get(member) {
        Some(patterns) => any(patterns),
        None => !any(&statement[format!("Not{member}")]),
    }
}

/// The values of a list or the one that stands alone, as text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// Whether a text is like a pattern with wildcards.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    like_chars(&pattern, &text)
}

fn like_chars(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|skipped| like_chars(rest, &text[skipped..])),
        (['?', pattern @ ..], [_, text @ ..]) => like_chars(pattern, text),
        ([wanted, pattern @ ..], [found, text @ ..]) => {
            wanted == found && like_chars(pattern, text)
        }
        _ => false,
    }
}

fn covers(pattern: &str, resource: &str) -> bool {
    let segments = |name: &str| -> Option<Vec<String>> {
        let segments: Vec<String> = name.splitn(5, ':').map(str::to_owned).collect();
        (segments.len() == 5 && segments[0] == "acs").then_some(segments)
    };
    if pattern == "*" {
        return true;
    }
    let (Some(pattern), Some(resource)) = (segments(pattern), segments(resource)) else {
        return false;
    };
    let service = like(&pattern[1], &resource[1]);
    let region = resource[2] == "*" || pattern[2].is_empty() || like(&pattern[2], &resource[2]);
    let account = pattern[3].is_empty() || like(&pattern[3], &resource[3]);
    let relative = like(&pattern[4], &resource[4]);
    service && region && account && relative
}

fn conditions(statement: &Value, request: &Request<'_>) -> bool {
    let Some(Value::Object(operators)) = statement.get("Condition") else {
        return true;
    };
    let each_key = operators.iter().flat_map(|(operator, keys)| {
        let keys = keys.as_object().unwrap();
        keys.iter()
            .map(move |(key, values)| (operator, key, texts(values)))
    });
    each_key.into_iter().all(|(operator, key, values)| {
        let carried = carried(key, request);
        let (operator, negated) = positive(operator);
        let any = carried
            .iter()
            .any(|found| values.iter().any(|wanted| compare(operator, found, wanted)));
        any != negated
    })
}

/// The operator that a negated one negates.
fn positive(operator: &str) -> (&str, bool) {
    match operator {
        "StringNotEquals" => ("StringEquals", true),
        "StringNotEqualsIgnoreCase" => ("StringEqualsIgnoreCase", true),
        "StringNotLike" => ("StringLike", true),
        "NumericNotEquals" => ("NumericEquals", true),
        "DateNotEquals" => ("DateEquals", true),
        "NotIpAddress" => ("IpAddress", true),
        other => (other, false),
    }
}

/// What the request has under a key, as text.
fn carried(key: &str, request: &Request<'_>) -> Vec<String> {
    let context = request.context;
    match key.to_ascii_lowercase().as_str() {
        "acs:currenttime" => vec![format!("{} ms", context.now.as_millis())],
        "acs:sourceip" => context.source.iter().map(IpAddr::to_string).collect(),
        "acs:securetransport" => vec![context.secure.to_string()],
        "acs:mfapresent" => vec!["false".to_owned()],
        key => {
            let same = |name: &str| name.to_ascii_lowercase() == key;
            let keys = context.keys.iter();
            keys.filter(|(name, _)| same(name))
                .map(|(_, value)| (*value).to_owned())
                .collect()
        }
    }
}

fn compare(operator: &str, found: &str, wanted: &str) -> bool {
    let lower = str::to_ascii_lowercase;
    match operator {
        "StringEquals" => found == wanted,
        "StringEqualsIgnoreCase" => lower(found) == lower(wanted),
        "StringLike" => like(wanted, found),
        "Bool" => {
            ["true", "false"].contains(&lower(found).as_str()) && lower(found) == lower(wanted)
        }
        "IpAddress" => inside(found, wanted),
        _ => match operator.strip_prefix("Numeric") {
            Some(relation) => ordered(relation, number(found), number(wanted)),
            None => {
                let relation = operator.strip_prefix("Date").unwrap();
                ordered(relation, date(found), date(wanted))
            }
        },
    }
}

fn ordered<T: PartialOrd>(relation: &str, found: Option<T>, wanted: Option<T>) -> bool {
    let (Some(found), Some(wanted)) = (found, wanted) else {
        return false;
    };
    match relation {
        "Equals" => found == wanted,
        "LessThan" => found < wanted,
        "LessThanEquals" => found <= wanted,
        "GreaterThan" => found > wanted,
        "GreaterThanEquals" => found >= wanted,
        other => panic!("no relation {other}"),
    }
}

/// Exact for the numbers of random documents, which have few digits and halves at most.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn date(text: &str) -> Option<i64> {
    if let Some(millis) = text.strip_suffix(" ms") {
        return Some(millis.parse().unwrap());
    }
    let date = DATES.iter().find(|(written, _)| *written == text)?;
    Some(date.1)
}

/// Whether an address is in a network: all addresses as IPv6, those of IPv4 mapped, which a network of IPv6 does not
/// reach unless it is written as mapped itself.
fn inside(address: &str, network: &str) -> bool {
    let (start, length) = match network.split_once('/') {
        Some((start, length)) => (start, Some(length.parse::<u32>().unwrap())),
        None => (network, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let address = bits(address);
    let is_v4 = start.parse::<core::net::Ipv4Addr>().is_ok();
    let start = bits(start.parse().unwrap());
    let length = match length {
        Some(length) if is_v4 => length + 96,
        Some(length) => length,
        None => 128,
    };
    let mapped = |bits: u128| bits >> 32 == 0xffff;
    let same_bits = (0..length).all(|bit| (address ^ start) >> (127 - bit) & 1 == 0);
    same_bits && (!mapped(address) || length >= 96)
}

fn bits(address: IpAddr) -> u128 {
    let v6: Ipv6Addr = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    v6.to_bits()
}
