//! Each condition operator, and each key.

use core::net::IpAddr;

use serde_json::{Value, json};

use super::super::{Context, Request};
use super::{PLAIN, set};
use crate::Timestamp;

/// 2026-01-01T00:00:00Z, the time of [`PLAIN`].
const NEW_YEAR_MS: i64 = 1_767_225_600_000;

/// Whether a statement with this condition applies in this context.
#[track_caller]
fn holds(condition: &Value, context: &Context<'_>) -> bool {
    let statement =
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
    let document = json!({"Version": "1", "Statement": [statement]}).to_string();
    let request = Request {
        action: "a:b",
        resource: "*",
        context,
    };
    set(&[&document]).decide(&request).is_allowed()
}

/// An operator on a product's key: the values for which it holds, and those for which it does not.
#[track_caller]
fn check(operator: &str, values: Value, holding: &[&str], others: &[&str]) {
    let condition = json!({operator: {"a:Key": values}});
    let with = |value| {
        let keys = &[("a:Other", "zzz"), ("a:Key", value)];
        holds(&condition, &Context { keys, ..PLAIN })
    };
    for value in holding {
        assert!(with(value), "{condition} on {value:?}");
    }
    for value in others {
        assert!(!with(value), "{condition} on {value:?}");
    }
    let negated = operator.contains("Not");
    assert_eq!(holds(&condition, &PLAIN), negated, "{condition} without it");
}

#[test]
fn texts_are_compared_exactly() {
    check("StringEquals", json!("a*"), &["a*"], &["A*", "ab", ""]);
    check(
        "StringEquals",
        json!(["a", "é", ""]),
        &["a", "é", ""],
        &["b"],
    );
    check("StringNotEquals", json!("a"), &["A", "b", ""], &["a"]);
    check("StringNotEquals", json!(["a", "b"]), &["c"], &["a", "b"]);
}

#[test]
fn texts_are_compared_without_case_of_ascii_letters() {
    let both = json!(["Aé", "b"]);
    check(
        "StringEqualsIgnoreCase",
        both.clone(),
        &["aé", "AÉ".to_lowercase().as_str(), "B"],
        &["AÉ", "a"],
    );
    check(
        "StringNotEqualsIgnoreCase",
        both,
        &["AÉ", "c"],
        &["aé", "B", "b"],
    );
}

#[test]
fn texts_are_compared_with_wildcards() {
    check(
        "StringLike",
        json!(["a?c", "x*"]),
        &["abc", "x", "xyz"],
        &["ac", "Abc", "ax"],
    );
    check(
        "StringNotLike",
        json!(["a?c", "x*"]),
        &["ac", "Abc", "ax"],
        &["abc", "x"],
    );
}

#[test]
fn numbers_are_compared_by_value() {
    check(
        "NumericEquals",
        json!("10"),
        &["10", "10.0", "010"],
        &["9", "", "ten", "1e1", "+10"],
    );
    check(
        "NumericEquals",
        json!([1, -2]),
        &["1", "-2.000"],
        &["2", "-1"],
    );
    check(
        "NumericNotEquals",
        json!(["1", "2"]),
        &["3", "x", ""],
        &["1.0", "2"],
    );
    check(
        "NumericLessThan",
        json!("1.5"),
        &["1.499999999999999999", "-2"],
        &["1.5", "2"],
    );
    check(
        "NumericLessThanEquals",
        json!("1.5"),
        &["1.50", "0"],
        &["1.500000000000000001"],
    );
    check(
        "NumericGreaterThan",
        json!("-1"),
        &["-0.5", "0"],
        &["-1", "-1.5", "x"],
    );
    check(
        "NumericGreaterThanEquals",
        json!("0"),
        &["-0", "0"],
        &["-0.1"],
    );
    // As binary fractions these two would be the same number.
    check(
        "NumericEquals",
        json!("9007199254740993"),
        &[],
        &["9007199254740992"],
    );
    check(
        "NumericEquals",
        json!("9".repeat(18)),
        &[&"9".repeat(18)],
        &[&"9".repeat(19)],
    );
}

#[test]
fn dates_are_compared_as_points_in_time() {
    let new_year = json!("2026-01-01T00:00:00Z");
    let before = "2025-12-31T23:59:59.999Z";
    let after = "2026-01-01T00:00:00.001Z";
    let equal = "2026-01-01T08:00:00+08:00";
    check(
        "DateEquals",
        new_year.clone(),
        &[equal],
        &[before, after, "2026-01-01", ""],
    );
    check(
        "DateNotEquals",
        new_year.clone(),
        &[before, after, "2026"],
        &[equal],
    );
    check(
        "DateLessThan",
        new_year.clone(),
        &[before],
        &[equal, after, ""],
    );
    check(
        "DateLessThanEquals",
        new_year.clone(),
        &[before, equal],
        &[after],
    );
    check(
        "DateGreaterThan",
        new_year.clone(),
        &[after],
        &[equal, before],
    );
    check(
        "DateGreaterThanEquals",
        new_year.clone(),
        &[after, equal],
        &[before, "soon"],
    );
    check(
        "DateEquals",
        json!(["2020-01-01T00:00Z", new_year]),
        &[equal],
        &[after],
    );
}

#[test]
fn booleans_are_compared() {
    check(
        "Bool",
        json!("true"),
        &["true", "TRUE"],
        &["false", "1", ""],
    );
    check("Bool", json!(false), &["false"], &["true", "no"]);
    check(
        "Bool",
        json!(["true", "False"]),
        &["true", "false"],
        &["maybe"],
    );
}

#[test]
fn addresses_are_looked_for_in_networks() {
    let v4 = json!(["10.0.0.0/8", "192.0.2.7"]);
    let inside = ["10.255.0.1", "192.0.2.7", "::ffff:10.0.0.1"];
    let outside = [
        "11.0.0.0",
        "192.0.2.8",
        "::10.0.0.1",
        "2001:db8::1",
        "here",
        "",
    ];
    check("IpAddress", v4.clone(), &inside, &outside);
    check("NotIpAddress", v4, &outside, &inside);
    let v6 = json!("2001:db8::/33");
    check(
        "IpAddress",
        v6,
        &["2001:db8:7fff::1"],
        &["2001:db8:8000::", "32.1.13.184"],
    );
    // A network that is written as IPv4-mapped IPv6 is the IPv4 one; one of IPv6 has no IPv4 addresses.
    check(
        "IpAddress",
        json!("::ffff:10.0.0.0/104"),
        &["10.1.2.3", "10.255.0.1", "::ffff:a01:203"],
        &["11.0.0.0"],
    );
    check(
        "IpAddress",
        json!("::ffff:0:0/96"),
        &["10.1.2.3", "255.0.0.1"],
        &["::1"],
    );
    check(
        "IpAddress",
        json!("::ffff:10.0.0.1"),
        &["10.0.0.1", "::ffff:10.0.0.1"],
        &["10.0.0.2"],
    );
    check(
        "IpAddress",
        json!("::/0"),
        &["::1"],
        &["10.1.2.3", "::ffff:10.1.2.3"],
    );
    check(
        "IpAddress",
        json!("0.0.0.0/0"),
        &["10.1.2.3", "::ffff:1.1.1.1"],
        &["::1"],
    );
    // The bits behind the length do not count.
    check(
        "IpAddress",
        json!("10.0.0.5/24"),
        &["10.0.0.9"],
        &["10.0.1.5"],
    );
}

#[test]
fn operators_and_keys_all_have_to_hold_and_any_value_of_a_key() {
    let condition = json!({
        "StringEquals": {"a:One": ["1", "I"], "a:Two": "2"},
        "Bool": {"acs:SecureTransport": "true"},
    });
    let with = |secure, keys| {
        holds(
            &condition,
            &Context {
                secure,
                keys,
                ..PLAIN
            },
        )
    };
    assert!(with(true, &[("a:One", "I"), ("a:Two", "2")]));
    assert!(!with(false, &[("a:One", "I"), ("a:Two", "2")]));
    assert!(!with(true, &[("a:One", "I"), ("a:Two", "3")]));
    assert!(!with(true, &[("a:One", "I")]));
}

#[test]
fn a_key_carried_several_times_holds_with_any_value_and_is_negated_as_a_whole() {
    let keys = &[("a:Tag", "x"), ("a:Tag", "y")];
    let context = Context { keys, ..PLAIN };
    assert!(holds(&json!({"StringEquals": {"a:Tag": "y"}}), &context));
    assert!(!holds(
        &json!({"StringNotEquals": {"a:Tag": "y"}}),
        &context
    ));
    assert!(holds(&json!({"StringNotEquals": {"a:Tag": "z"}}), &context));
}

#[test]
fn keys_are_compared_without_case() {
    let keys = &[("LIVE:domain", "a")];
    let context = Context { keys, ..PLAIN };
    assert!(holds(
        &json!({"StringEquals": {"live:Domain": "a"}}),
        &context
    ));
    assert!(holds(&json!({"Bool": {"ACS:mfapresent": "false"}}), &PLAIN));
}

#[test]
fn the_time_is_that_of_the_request() {
    let at = |now_ms| Context {
        now: Timestamp::from_millis(now_ms),
        ..PLAIN
    };
    let until = json!({"DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:00Z"}});
    assert!(holds(&until, &at(NEW_YEAR_MS - 1)));
    assert!(!holds(&until, &at(NEW_YEAR_MS)));
}

#[test]
fn the_source_may_be_unknown() {
    let from = |source: Option<&str>| Context {
        source: source.map(|text| text.parse::<IpAddr>().unwrap()),
        ..PLAIN
    };
    let office = json!({"IpAddress": {"acs:SourceIp": ["192.0.2.0/24", "2001:db8::1"]}});
    let elsewhere = json!({"NotIpAddress": {"acs:SourceIp": ["192.0.2.0/24", "2001:db8::1"]}});
    for (source, inside) in [
        (Some("192.0.2.9"), true),
        (Some("::ffff:192.0.2.9"), true),
        (Some("2001:db8::1"), true),
        (Some("2001:db8::2"), false),
        (None, false),
    ] {
        assert_eq!(holds(&office, &from(source)), inside, "{source:?}");
        assert_eq!(holds(&elsewhere, &from(source)), !inside, "{source:?}");
    }
}

#[test]
fn transport_is_as_it_is_and_nobody_has_a_second_factor() {
    let secure = json!({"Bool": {"acs:SecureTransport": "true"}});
    for is_secure in [true, false] {
        let context = Context {
            secure: is_secure,
            ..PLAIN
        };
        assert_eq!(holds(&secure, &context), is_secure);
    }
    assert!(holds(&json!({"Bool": {"acs:MFAPresent": "false"}}), &PLAIN));
    assert!(!holds(&json!({"Bool": {"acs:MFAPresent": true}}), &PLAIN));
}

/// What every request has is known better than by what a request says.
#[test]
fn a_request_cannot_carry_the_keys_of_acs_itself() {
    let keys = &[
        ("acs:MFAPresent", "true"),
        ("acs:SecureTransport", "true"),
        ("acs:SourceIp", "192.0.2.1"),
    ];
    let context = Context { keys, ..PLAIN };
    assert!(!holds(
        &json!({"Bool": {"acs:MFAPresent": "true"}}),
        &context
    ));
    assert!(!holds(
        &json!({"Bool": {"acs:SecureTransport": "true"}}),
        &context
    ));
    assert!(!holds(
        &json!({"IpAddress": {"acs:SourceIp": "192.0.2.1"}}),
        &context
    ));
}
