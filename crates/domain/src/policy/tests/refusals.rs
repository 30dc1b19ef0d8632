//! Documents that are refused, each with the place and what to write instead.

use super::{check_refused as check, refused, statement_with};

use super::super::{
    Fault, MAX_NESTING, MAX_POLICY_CHARS, MAX_SESSION_POLICY_CHARS, MAX_STATEMENTS, Policy,
};

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
    let long = format!(r#""a:{}""#, "b".repeat(127));
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
        (long.as_str(), "", "more than 128 characters"),
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
        (long.as_str(), "", "more than 1024 characters"),
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
