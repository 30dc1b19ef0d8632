//! Documents that are refused, each with the place and what to write instead.

use super::super::{
    Fault, MAX_NESTING, MAX_POLICY_CHARS, MAX_SESSION_POLICY_CHARS, MAX_STATEMENTS, Policy,
};

#[track_caller]
fn refused(text: &str) -> String {
    match Policy::parse(text) {
        Ok(_) => panic!("accepted {text}"),
        Err(error) => error.to_string(),
    }
}

/// The first statement has the condition, or whatever else is put behind its members.
fn statement_with(more: &str) -> String {
    format!(
        r#"{{"Version": "1", "Statement": [
            {{"Effect": "Deny", "Action": "*", "Resource": "*"}},
            {{"Effect": "Allow", "Action": "a:b", "Resource": "*", {more}}}]}}"#
    )
}

#[track_caller]
fn check(text: &str, path: &str, says: &str) {
    let error = refused(text);
    let expected = format!("{path}: ");
    assert!(error.starts_with(&expected), "{text}\n{error}");
    assert!(error.contains(says), "{text}\n{error}");
}

#[test]
fn what_is_no_document() {
    const IT: &str = "the document";
    check("", IT, "is no JSON: EOF");
    check("{", IT, "is no JSON");
    check("{}", IT, "is empty");
    check(
        "[]",
        IT,
        "expected an object with Version and Statement, found a list",
    );
    check("\"*\"", IT, "found a string");
    check("null", IT, "found null");
    check("{} {}", IT, "is no JSON: trailing");
    check("\u{feff}{}", IT, "is no JSON");
    check(r#"{"Version": "\ud800"}"#, IT, "is no JSON");
    check(r#"{'Version': '1'}"#, IT, "is no JSON");
}

#[test]
fn what_is_around_the_statements() {
    let statement = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let with = |version: &str| format!(r#"{{{version} "Statement": [{statement}]}}"#);
    check(&with(""), "Version", "is missing; write the string \"1\"");
    check(
        &with(r#""Version": "2","#),
        "Version",
        r#""2" is not the string "1""#,
    );
    check(&with(r#""Version": 1,"#), "Version", "found a number");
    check(
        &with(r#""version": "1","#),
        "the document",
        r#"unknown member "version""#,
    );
    check(
        &with(r#""Version": "1", "Version": "1","#),
        "the document",
        "Version stands here twice",
    );
    check(
        &with(r#""Version": "1", "Id": "x","#),
        "the document",
        "expected an object with Version",
    );
    let of = |statements: &str| format!(r#"{{"Version": "1", "Statement": {statements}}}"#);
    check(r#"{"Version": "1"}"#, "Statement", "is missing");
    check(&of("[]"), "Statement", "is empty");
    check(&of("null"), "Statement", "found null");
    check(&of("{}"), "Statement", "is empty");
    check(&of("[[]]"), "Statement[0]", "found a list");
    check(
        &of(&format!("[{statement}, 7]")),
        "Statement[1]",
        "found a number",
    );
}

#[test]
fn what_is_in_a_statement() {
    let of = |statement: &str| format!(r#"{{"Version": "1", "Statement": [{statement}]}}"#);
    let check = |statement: &str, path: &str, says: &str| check(&of(statement), path, says);
    check(
        r#"{"Action": "*", "Resource": "*"}"#,
        "Statement[0].Effect",
        "is missing",
    );
    check(
        r#"{"Effect": "allow"}"#,
        "Statement[0].Effect",
        r#"is not "Allow" or "Deny""#,
    );
    check(
        r#"{"Effect": ["Allow"]}"#,
        "Statement[0].Effect",
        "found a list",
    );
    check(
        r#"{"Effect": "Allow", "Resource": "*"}"#,
        "Statement[0]",
        "neither Action nor NotAction",
    );
    check(
        r#"{"Effect": "Allow", "Action": "*", "NotAction": "a:b", "Resource": "*"}"#,
        "Statement[0]",
        "both Action and NotAction; keep one",
    );
    check(
        r#"{"Effect": "Allow", "Action": "*"}"#,
        "Statement[0]",
        "neither Resource nor NotResource",
    );
    check(
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"}"#,
        "Statement[0]",
        "both Resource and NotResource",
    );
    for member in ["Sid", "Principal", "action", "Conditions"] {
        let statement = format!(r#"{{"Effect": "Allow", "{member}": "x"}}"#);
        check(
            &statement,
            "Statement[0]",
            &format!("unknown member {member:?}"),
        );
    }
    check(
        r#"{"Effect": "Allow", "Effect": "Deny"}"#,
        "Statement[0]",
        "Effect stands here twice",
    );
}

#[test]
fn what_is_no_action() {
    for (action, place, says) in [
        ("[]", "", "is empty"),
        ("7", "", "found a number"),
        (r#"{"a": "b"}"#, "", "found an object"),
        (r#"["a:b", null]"#, "[1]", "found null"),
        (r#"["a:b", ["a:c"]]"#, "[1]", "found a list"),
        (r#""""#, "", "is not \"*\", or <service>:<Operation>"),
        (r#""CancelJob""#, "", "<service>:<Operation>"),
        (r#""a:""#, "", "<service>:<Operation>"),
        (r#"":b""#, "", "<service>:<Operation>"),
        (r#""a:b:c""#, "", "<service>:<Operation>"),
        (r#""a:b c""#, "", "<service>:<Operation>"),
        (r#""a:é""#, "", "<service>:<Operation>"),
        (r#""a:${b}""#, "", "<service>:<Operation>"),
    ] {
        for member in ["Action", "NotAction"] {
            let text = format!(
                r#"{{"Version": "1", "Statement": {{"Effect": "Allow", "{member}": {action}, "Resource": "*"}}}}"#
            );
            check(&text, &format!("Statement.{member}{place}"), says);
        }
    }
}

#[test]
fn what_is_no_resource() {
    let long = format!(r#""acs:a:::{}""#, "b".repeat(1_017));
    for (resource, place, says) in [
        ("[]", "", "is empty"),
        ("true", "", "found true or false"),
        (r#"["*", {}]"#, "[1]", "found an object"),
        (r#""""#, "", "acs:<service>:<region>"),
        (r#""acs:*""#, "", "acs:<service>:<region>"),
        (r#""acs:live:*:domain/a""#, "", "acs:<service>:<region>"),
        (r#""acs::*:*:domain/a""#, "", "acs:<service>:<region>"),
        (r#""acs:live:*:*:""#, "", "acs:<service>:<region>"),
        (r#""arn:live:*:*:domain/a""#, "", "acs:<service>:<region>"),
        (r#""ACS:live:*:*:domain/a""#, "", "acs:<service>:<region>"),
        (
            r#""acs:oss:*:*:home/${acs:UserName}""#,
            "",
            "policy variable",
        ),
        (long.as_str(), "", "at most 1,024 characters"),
    ] {
        for member in ["Resource", "NotResource"] {
            let text = format!(
                r#"{{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "*", "{member}": {resource}}}]}}"#
            );
            check(&text, &format!("Statement[0].{member}{place}"), says);
        }
    }
    let searched = format!(r#""acs:oss:::*{}?*""#, "b".repeat(64));
    let text = format!(
        r#"{{"Version": "1", "Statement": {{"Effect": "Allow", "Action": "*", "Resource": {searched}}}}}"#
    );
    check(&text, "Statement.Resource", "more than 64 characters");
}

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
            check(&text, &format!("Statement[1].Condition{place}"), says);
        }
    }
}

#[test]
fn what_is_too_long() {
    let filled = |chars: usize| {
        let frame = statement_with(r#""Condition": {"StringEquals": {"a:b": ""}}"#);
        let fill = "é".repeat(chars - frame.chars().count());
        frame.replace(r#""""#, &format!("\"{fill}\""))
    };
    assert!(Policy::parse(&filled(MAX_POLICY_CHARS)).is_ok());
    check(
        &filled(MAX_POLICY_CHARS + 1),
        "the document",
        "more than 6144 characters",
    );
    assert!(Policy::parse_session(&filled(MAX_SESSION_POLICY_CHARS)).is_ok());
    let error = Policy::parse_session(&filled(MAX_SESSION_POLICY_CHARS + 1)).unwrap_err();
    let limit = MAX_SESSION_POLICY_CHARS;
    assert_eq!(error.fault(), &Fault::TooLong { limit });
    check(&" ".repeat(100_000_000), "the document", "more than 6144");
}

#[test]
fn what_has_too_many_statements() {
    let with = |count| {
        let statement = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
        let statements = vec![statement; count].join(",");
        format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)
    };
    assert!(Policy::parse(&with(MAX_STATEMENTS)).is_ok());
    check(
        &with(MAX_STATEMENTS + 1),
        "Statement",
        "more than 100 entries",
    );
}

/// A reader that follows them would need a stack as deep.
#[test]
fn what_nests_deeply() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        check(
            &nested(MAX_NESTING + 1),
            "the document",
            "nests deeper than 8 levels",
        );
        assert!(!refused(&nested(MAX_NESTING)).contains("deeper"));
        check(&open.repeat(1_000), "the document", "nests deeper");
        check(&open.repeat(10_000_000), "the document", "more than 6144");
    }
    // Brackets in strings are text.
    let text =
        statement_with(r#""Condition": {"StringEquals": {"a:b": "\"\\[[[[[[[[[[{{{{{{{{{{"}}"#);
    assert!(Policy::parse(&text).is_ok());
}

/// A message goes into a log line and an answer.
#[test]
fn messages_repeat_little_and_nothing_unprintable() {
    let long = "x".repeat(5_000);
    for (text, keeps) in [
        (statement_with(&format!(r#""{long}": 1"#)), 64),
        (
            statement_with(&format!(r#""Condition": {{"{long}": 1}}"#)),
            64,
        ),
        (
            statement_with(&format!(r#""Condition": {{"Bool": {{"a:{long}": 1}}}}"#)),
            64,
        ),
        (
            statement_with(&format!(r#""Condition": {{"Bool": {{"a:b": "{long}"}}}}"#)),
            64,
        ),
    ] {
        let error = refused(&text);
        assert!(error.len() < 600, "{error}");
        assert!(error.matches('x').count() < keeps + 10, "{error}");
    }
    let error = refused(&statement_with(r#""a\n\u001b[31m": 1"#));
    assert!(
        error.contains(r#"unknown member "a\n\u{1b}[31m""#),
        "{error}"
    );
    assert!(!error.contains(['\n', '\u{1b}']));
}
