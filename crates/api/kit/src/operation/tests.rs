//! Looking rows and codes up, and what the check of a table finds.

use reelgate_domain::access::{CallLimit, Period};

use super::*;

const SHARED: &[ErrorCode] = &[
    error("Missing{Name}", 400),
    error("MissingParameter", 400),
    error("TooLarge", 413),
    error("TooLarge", 414),
];
const OWN: &[ErrorCode] = &[error("InvalidParameter.NotFound", 404)];

const fn error(code: &'static str, status: u16) -> ErrorCode {
    ErrorCode {
        code,
        status,
        meaning: "Something is wrong.",
        advice: "Do something else.",
    }
}

const SERVED: Served = Served {
    access: AccessLevel::Write,
    resources: &[ResourceType {
        name: "Domain",
        arn: "acs:live:*:{accountId}:domain/{DomainName}",
        required: true,
    }],
    permission: Permission::Needed,
    condition_keys: &[],
    associated: &["Submit"],
    limit: Some(CallLimit {
        calls: 100,
        per: Period::Second,
    }),
    errors: &["MissingJobId", "InvalidParameter.NotFound"],
    documentation: "https://example.com/cancel",
    history: &[Change {
        date: "2026-11-21",
        what: "It is served.",
    }],
};

const fn served(action: &'static str, served: Served) -> Operation {
    Operation {
        action,
        handling: Handling::Served(served),
    }
}

const SUBMIT: Operation = served(
    "Submit",
    Served {
        associated: &["Cancel"],
        ..SERVED
    },
);

const PRODUCT: Product = Product {
    name: "live",
    title: "Live",
    version: "2016-11-01",
    ram_code: "live",
    policy_name: "AliyunLive",
    dialect: "aliyun",
    operations: &[
        served("Cancel", SERVED),
        Operation {
            action: "Play",
            handling: Handling::Refused("Playback is not served yet."),
        },
        SUBMIT,
    ],
    errors: OWN,
    shared_errors: SHARED,
};

#[test]
fn operations_are_found_by_their_exact_name() {
    assert_eq!(PRODUCT.find("Cancel").unwrap().served(), Some(&SERVED));
    assert_eq!(PRODUCT.find("Play").unwrap().served(), None);
    assert_eq!(PRODUCT.find("cancel"), None);
    let served: Vec<_> = PRODUCT.served().map(|(action, _)| action).collect();
    assert_eq!(served, ["Cancel", "Submit"]);
}

#[test]
fn names_in_policies_begin_with_the_products_code() {
    assert_eq!(PRODUCT.policy_action("Cancel"), "live:Cancel");
    assert_eq!(PRODUCT.all_resources(17), "acs:live:*:17:*");
}

#[test]
fn a_placeholder_stands_for_a_name_unless_the_code_has_a_row() {
    let rows = |code| -> Vec<_> {
        let rows = PRODUCT.errors(code).into_iter();
        rows.map(|row| (row.code, row.status)).collect()
    };
    assert_eq!(rows("MissingJobId"), [("Missing{Name}", 400)]);
    assert_eq!(rows("MissingParameter"), [("MissingParameter", 400)]);
    assert_eq!(rows("TooLarge"), [("TooLarge", 413), ("TooLarge", 414)]);
    for unknown in ["Missing", "MissingJob Id", "MissingJob.Id", "Invalid", ""] {
        assert_eq!(rows(unknown), [], "{unknown}");
    }
}

#[test]
fn a_sound_table_has_no_faults() {
    assert_eq!(PRODUCT.faults(), [""; 0]);
}

#[test]
fn each_fault_of_a_row_is_named() {
    let check = |served: Served, expected: &str| {
        let rows = vec![self::served("Cancel", served), SUBMIT];
        let product = Product {
            operations: Box::leak(rows.into_boxed_slice()),
            ..PRODUCT
        };
        assert_eq!(product.faults(), [format!("Cancel: {expected}")]);
    };
    let errors = &["Unknown"];
    check(
        Served { errors, ..SERVED },
        "its error Unknown is in no table",
    );
    for associated in [&["Cancel"], &["Play"]] {
        let expected = format!("{} is no other operation that is served", associated[0]);
        check(
            Served {
                associated,
                ..SERVED
            },
            &expected,
        );
    }
    let resources = &[ResourceType {
        name: "Bucket",
        arn: "acs:oss:bucket",
        required: false,
    }];
    let expected = "acs:oss:bucket is no ARN";
    check(
        Served {
            resources,
            ..SERVED
        },
        expected,
    );
    let condition_keys = &["acs:SourceIp"];
    let expected = "acs:SourceIp is a condition key of every operation";
    check(
        Served {
            condition_keys,
            ..SERVED
        },
        expected,
    );
    let documentation = "";
    check(
        Served {
            documentation,
            ..SERVED
        },
        "it has no documentation",
    );
    let undated = Change {
        date: "2026-11-31",
        what: "It is served.",
    };
    let [first] = SERVED.history else {
        unreachable!("the sample has one change")
    };
    let silent = Change { what: "", ..*first };
    let earlier = Change {
        date: "2026-01-01",
        ..*first
    };
    for history in [vec![], vec![undated], vec![silent], vec![*first, earlier]] {
        let history = Box::leak(history.into_boxed_slice());
        let expected = "its history is empty, unordered or incomplete";
        check(Served { history, ..SERVED }, expected);
    }
}

#[test]
fn rows_out_of_order_reasons_and_error_tables_are_checked_too() {
    const UNSOUND: Product = Product {
        operations: &[
            SUBMIT,
            served("Cancel", SERVED),
            Operation {
                action: "Play",
                handling: Handling::Refused("no"),
            },
        ],
        errors: &[error("A", 400), error("A", 400), error("B", 200)],
        ..PRODUCT
    };
    let faults = UNSOUND.faults();
    for expected in [
        "Cancel is out of order",
        "Play: its reason is no sentence",
        "own error A repeats",
        "own error B is incomplete",
    ] {
        assert!(faults.iter().any(|fault| fault == expected), "{faults:?}");
    }
}
