//! Conditions that are refused, each with the place and what to write instead.

use super::{check_refused, refused, statement_with};

#[test]
fn what_is_no_condition() {
    for (condition, place, says) in [
        (
            "{}",
            "",
            "is empty; write an object of operators, or no Condition",
        ),
        ("[]", "", "found a list"),
        (
            r#"{"StringEqual": {"a:b": "c"}}"#,
            "",
            r#"unknown operator "StringEqual""#,
        ),
        (r#"{"stringequals": {"a:b": "c"}}"#, "", "unknown operator"),
        (
            r#"{"StringEqualsIfExists": {"a:b": "c"}}"#,
            "",
            "unknown operator",
        ),
        (r#"{"NumericLess": {"a:b": "1"}}"#, "", "unknown operator"),
        (
            r#"{"BoolNotEquals": {"a:b": "1"}}"#,
            "",
            "expected StringEquals, ",
        ),
        (
            r#"{"Bool": {"a:b": "true"}, "Bool": {"a:c": "true"}}"#,
            "",
            "Bool stands here twice",
        ),
        (r#"{"Bool": {}}"#, ".Bool", "is empty"),
        (r#"{"Bool": "true"}"#, ".Bool", "found a string"),
        (
            r#"{"Bool": {"a:b": "true", "A:B": "true"}}"#,
            ".Bool",
            "A:B stands here twice",
        ),
        (
            r#"{"Bool": {"SecureTransport": "true"}}"#,
            ".Bool",
            "<service>:<name>",
        ),
        (r#"{"Bool": {"acs:": "true"}}"#, ".Bool", "<service>:<name>"),
        (
            r#"{"Bool": {"a:b:c": "true"}}"#,
            ".Bool",
            "<service>:<name>",
        ),
        (
            r#"{"Bool": {"acs:mfa": "true"}}"#,
            ".Bool",
            r#"unknown condition key "acs:mfa""#,
        ),
        (
            r#"{"StringEquals": {"acs:SourceIp": "::1"}}"#,
            ".StringEquals.acs:SourceIp",
            "IpAddress or Not",
        ),
        (
            r#"{"Bool": {"acs:CurrentTime": "true"}}"#,
            ".Bool.acs:CurrentTime",
            "begins with Date",
        ),
        (
            r#"{"NumericEquals": {"acs:MFAPresent": 0}}"#,
            ".NumericEquals.acs:MFAPresent",
            "with Bool",
        ),
        (
            r#"{"StringLike": {"acs:SecureTransport": "t*"}}"#,
            ".StringLike.acs:SecureTransport",
            "with Bool",
        ),
        (
            r#"{"StringEquals": {"a:b": []}}"#,
            ".StringEquals.a:b",
            "is empty",
        ),
        (
            r#"{"StringEquals": {"a:b": 1}}"#,
            ".StringEquals.a:b",
            "found a number",
        ),
        (
            r#"{"StringEquals": {"a:b": ["c", true]}}"#,
            ".StringEquals.a:b[1]",
            "found true or false",
        ),
        (
            r#"{"StringEquals": {"a:b": "${a:c}"}}"#,
            ".StringEquals.a:b",
            "policy variable",
        ),
        (
            r#"{"StringLike": {"a:b": {"c": "d"}}}"#,
            ".StringLike.a:b",
            "found an object",
        ),
        (
            r#"{"NumericEquals": {"a:b": 1.5}}"#,
            ".NumericEquals.a:b",
            "any number as a string",
        ),
        (r#"{"NumericEquals": {"a:b": 1e999}}"#, "", ""),
        (
            r#"{"NumericEquals": {"a:b": "1e3"}}"#,
            ".NumericEquals.a:b",
            "no exponent",
        ),
        (
            r#"{"NumericEquals": {"a:b": ".5"}}"#,
            ".NumericEquals.a:b",
            "decimal number",
        ),
        (
            r#"{"NumericEquals": {"a:b": "NaN"}}"#,
            ".NumericEquals.a:b",
            "decimal number",
        ),
        (
            r#"{"NumericEquals": {"a:b": ["1", "x"]}}"#,
            ".NumericEquals.a:b[1]",
            r#""x" is not a decimal"#,
        ),
        (
            r#"{"NumericEquals": {"a:b": 1234567890123456789}}"#,
            ".NumericEquals.a:b",
            "18 digits",
        ),
        (
            r#"{"DateEquals": {"a:b": "2026-01-01"}}"#,
            ".DateEquals.a:b",
            "a date with time and offset",
        ),
        (
            r#"{"DateEquals": {"a:b": "2026-02-30T00:00:00Z"}}"#,
            ".DateEquals.a:b",
            "a date with",
        ),
        (
            r#"{"DateEquals": {"a:b": "2026-01-01T00:00:00"}}"#,
            ".DateEquals.a:b",
            "a date with",
        ),
        (
            r#"{"DateEquals": {"a:b": "2026-01-01T00:00:00Z[UTC]"}}"#,
            ".DateEquals.a:b",
            "a date with",
        ),
        (
            r#"{"DateEquals": {"a:b": 1767225600}}"#,
            ".DateEquals.a:b",
            "found a number",
        ),
        (
            r#"{"Bool": {"a:b": "yes"}}"#,
            ".Bool.a:b",
            r#""yes" is not true or false"#,
        ),
        (r#"{"Bool": {"a:b": 1}}"#, ".Bool.a:b", "found a number"),
        (
            r#"{"IpAddress": {"acs:SourceIp": "10.0.0.0/33"}}"#,
            ".IpAddress.acs:SourceIp",
            "network like",
        ),
        (
            r#"{"IpAddress": {"acs:SourceIp": "10.0.0"}}"#,
            ".IpAddress.acs:SourceIp",
            "network like",
        ),
        (
            r#"{"IpAddress": {"acs:SourceIp": "010.0.0.1"}}"#,
            ".IpAddress.acs:SourceIp",
            "network like",
        ),
        (
            r#"{"IpAddress": {"acs:SourceIp": "10.0.0.0/255.0.0.0"}}"#,
            ".IpAddress.acs:SourceIp",
            "network",
        ),
        (
            r#"{"NotIpAddress": {"acs:SourceIp": ["::/129"]}}"#,
            ".NotIpAddress.acs:SourceIp[0]",
            "network",
        ),
        (
            r#"{"IpAddress": {"acs:SourceIp": "fe80::1%eth0"}}"#,
            ".IpAddress.acs:SourceIp",
            "network like",
        ),
    ] {
        let text = statement_with(&format!(r#""Condition": {condition}"#));
        if says.is_empty() {
            assert!(refused(&text).contains("is no JSON"), "{text}");
        } else {
            check_refused(&text, &format!("Statement[1].Condition{place}"), says);
        }
    }
}
