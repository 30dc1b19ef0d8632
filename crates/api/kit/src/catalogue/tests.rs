//! Finding actions and codes among several products, and the policies made of the tables.

use serde_json::Value;

use super::*;
use crate::operation::{Change, Handling, Permission};

const fn error(code: &'static str) -> ErrorCode {
    ErrorCode {
        code,
        status: 400,
        meaning: "Something is wrong.",
        advice: "Do something else.",
    }
}

const fn served(action: &'static str, access: AccessLevel) -> Operation {
    Operation {
        action,
        handling: Handling::Served(Served {
            access,
            resources: &[],
            permission: Permission::Needed,
            condition_keys: &[],
            associated: &[],
            limit: None,
            errors: &[],
            documentation: "https://example.com/page",
            history: &[Change {
                date: "2026-11-21",
                what: "It is served.",
            }],
        }),
    }
}

static SHARED: [ErrorCode; 2] = [error("Missing{Name}"), error("Throttling")];

static MTS: Product = Product {
    name: "Mts",
    title: "Media",
    version: "2014-06-18",
    ram_code: "mts",
    policy_name: "AliyunMTS",
    dialect: "aliyun",
    operations: &[
        served("CancelJob", AccessLevel::Write),
        served("ListJob", AccessLevel::List),
        Operation {
            action: "Play",
            handling: Handling::Refused("Playback is not served yet."),
        },
        served("QueryJob", AccessLevel::Read),
    ],
    errors: &[error("MissingJobId")],
    shared_errors: &SHARED,
};

static STS: Product = Product {
    name: "Sts",
    title: "Tokens",
    version: "2015-04-01",
    ram_code: "sts",
    policy_name: "AliyunSTS",
    operations: &[served("AssumeRole", AccessLevel::Write)],
    errors: &[],
    ..MTS
};

fn catalogue() -> Catalogue {
    Catalogue(vec![&MTS, &STS])
}

#[test]
fn served_actions_are_found_by_their_name_in_policies() {
    let found = catalogue().find("mts:CancelJob").unwrap();
    assert_eq!(found.policy_action(), "mts:CancelJob");
    assert_eq!(found.product.name, "Mts");
    for unknown in [
        "mts:Play",
        "sts:CancelJob",
        "CancelJob",
        "mts:canceljob",
        "",
    ] {
        assert_eq!(catalogue().find(unknown), None, "{unknown}");
    }
    let names: Vec<_> = catalogue()
        .actions()
        .map(|action| action.policy_action())
        .collect();
    let expected = [
        "mts:CancelJob",
        "mts:ListJob",
        "mts:QueryJob",
        "sts:AssumeRole",
    ];
    assert_eq!(names, expected);
}

#[test]
fn codes_that_products_share_are_listed_once() {
    let listed = |entries: Vec<CodeEntry>| -> Vec<_> {
        let entries = entries.into_iter();
        entries
            .map(|entry| (entry.product, entry.error.code))
            .collect()
    };
    let all = listed(catalogue().all_errors());
    let expected = [
        (None, "Missing{Name}"),
        (None, "Throttling"),
        (Some("Mts"), "MissingJobId"),
    ];
    assert_eq!(all, expected);
    let own = listed(catalogue().errors("MissingJobId"));
    assert_eq!(own, [(Some("Mts"), "MissingJobId")]);
    let shared = listed(catalogue().errors("MissingName"));
    assert_eq!(shared, [(None, "Missing{Name}")]);
    assert_eq!(catalogue().errors("Nothing"), []);
}

#[test]
fn reading_policies_name_what_changes_nothing() {
    let policies = catalogue().system_policies();
    let actions: Vec<(&str, Value)> = policies
        .iter()
        .map(|policy| {
            let mut document: Value = serde_json::from_str(&policy.document).unwrap();
            assert_eq!(document["Version"], "1");
            assert_eq!(document["Statement"][0]["Effect"], "Allow");
            assert_eq!(document["Statement"][0]["Resource"], "*");
            let actions = document["Statement"][0]["Action"].take();
            (policy.name.as_str(), actions)
        })
        .collect();
    let expected = [
        ("AdministratorAccess", json!(["*"])),
        ("ReadOnlyAccess", json!(["mts:ListJob", "mts:QueryJob"])),
        ("AliyunMTSFullAccess", json!(["mts:*"])),
        (
            "AliyunMTSReadOnlyAccess",
            json!(["mts:ListJob", "mts:QueryJob"]),
        ),
        ("AliyunSTSFullAccess", json!(["sts:*"])),
    ];
    assert_eq!(actions, expected);
}
