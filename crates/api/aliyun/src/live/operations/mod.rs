//! Every documented action of this product: served, or refused with a reason.

mod refused;

use reelgate_api_kit::operation::{
    AccessLevel, Change, Handling, Operation, Permission, Product, ResourceType, Served,
};
use reelgate_domain::access::{CallLimit, Period};

use super::codes;
use crate::rpc::codes::SHARED;

/// The product's table.
pub static PRODUCT: Product = Product {
    name: "live",
    title: "ApsaraVideo Live",
    version: "2016-11-01",
    ram_code: "live",
    policy_name: "AliyunLive",
    dialect: crate::DIALECT,
    operations: ROWS,
    errors: codes::ROWS,
    shared_errors: SHARED,
};

/// What most rows have in common: the limit is that of all nine, for an account with all its users and roles.
const SERVED: Served = Served {
    access: AccessLevel::Write,
    resources: &[ResourceType {
        name: "Domain",
        arn: "acs:live:*:{accountId}:domain/{DomainName}",
        required: true,
    }],
    permission: Permission::Needed,
    condition_keys: &[],
    associated: &[],
    limit: Some(CallLimit {
        calls: 6000,
        per: Period::Minute,
    }),
    errors: &[],
    documentation: "",
    history: &[Change {
        date: "2026-11-22",
        what: "First served.",
    }],
};

const fn served(action: &'static str, served: Served) -> Operation {
    Operation {
        action,
        handling: Handling::Served(served),
    }
}

/// All rows by the names of their actions: those here, and the refused ones of the folder beside this.
const ROWS: &[Operation] = &merged::<{ OWN.len() + refused::ROWS.len() }>(OWN, refused::ROWS);

#[rustfmt::skip] // One row a line, so that the table can be read as one.
const OWN: &[Operation] = &[
    served("CreateEdgeTranscodeJob", Served {
        associated: &["ListEdgeTranscodeTemplate", "StartEdgeTranscodeJob"],
        errors: &["MissingParameter", "InvalidParameter", "OperationDenied", "Forbidden", "TemplateNotFound"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-createedgetranscodejob",
        ..SERVED
    }),
    served("DeleteEdgeTranscodeJob", Served {
        associated: &["StopEdgeTranscodeJob"],
        errors: &["MissingParameter", "OperationDenied", "Forbidden", "JobNotFound"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-deleteedgetranscodejob",
        ..SERVED
    }),
    served("GetEdgeTranscodeJob", Served {
        access: AccessLevel::Read,
        errors: &["MissingParameter", "OperationDenied", "Forbidden", "JobNotFound"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-getedgetranscodejob",
        ..SERVED
    }),
    served("GetEdgeTranscodeTemplate", Served {
        access: AccessLevel::Read,
        errors: &["MissingParameter", "OperationDenied", "Forbidden", "TemplateNotFound"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-getedgetranscodetemplate",
        ..SERVED
    }),
    served("ListEdgeTranscodeJob", Served {
        access: AccessLevel::List,
        errors: &["MissingParameter", "InvalidParameter", "OperationDenied", "Forbidden"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-listedgetranscodejob",
        ..SERVED
    }),
    served("ListEdgeTranscodeTemplate", Served {
        access: AccessLevel::List,
        errors: &["MissingParameter", "InvalidParameter", "OperationDenied", "Forbidden"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-listedgetranscodetemplate",
        ..SERVED
    }),
    served("StartEdgeTranscodeJob", Served {
        associated: &["GetEdgeTranscodeJob", "StopEdgeTranscodeJob"],
        errors: &["MissingParameter", "OperationDenied", "Forbidden", "JobNotFound", "TemplateNotFound"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-startedgetranscodejob",
        ..SERVED
    }),
    served("StopEdgeTranscodeJob", Served {
        errors: &["MissingParameter", "OperationDenied", "Forbidden", "JobNotFound"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-stopedgetranscodejob",
        ..SERVED
    }),
    served("UpdateEdgeTranscodeJob", Served {
        associated: &["GetEdgeTranscodeJob"],
        errors: &["MissingParameter", "InvalidParameter", "OperationDenied", "Forbidden", "JobNotFound", "TemplateNotFound"],
        documentation: "https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-updateedgetranscodejob",
        ..SERVED
    }),
];

/// Two lists that are in order, as one that is.
const fn merged<const N: usize>(some: &[Operation], others: &[Operation]) -> [Operation; N] {
    let mut rows = [OWN[0]; N];
    let (mut left, mut right) = (0, 0);
    while left + right < N {
        let from_some = right == others.len()
            || left < some.len() && comes_before(some[left].action, others[right].action);
        if from_some {
            rows[left + right] = some[left];
            left += 1;
        } else {
            rows[left + right] = others[right];
            right += 1;
        }
    }
    rows
}

/// The order of texts, which no constant can be made by yet.
const fn comes_before(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return one[at] < other[at];
        }
        at += 1;
    }
    one.len() < other.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vod::shapes;

    #[test]
    fn the_table_holds_exactly_the_documented_actions() {
        let documented = shapes::LIVE.actions();
        let table: Vec<_> = ROWS.iter().map(|row| row.action.to_owned()).collect();
        assert_eq!(documented.len(), 437);
        assert_eq!(table, documented);
    }

    #[test]
    fn the_actions_of_edge_transcoding_are_served() {
        let named = |name: &&str| name.contains("EdgeTranscode");
        let documented = shapes::LIVE.actions();
        let documented: Vec<_> = documented
            .iter()
            .map(String::as_str)
            .filter(named)
            .collect();
        let served: Vec<_> = PRODUCT.served().map(|(action, _)| action).collect();
        assert_eq!(served, documented);
    }

    #[test]
    fn each_served_action_has_the_documented_limit_and_asks_for_a_domain() {
        for (action, served) in PRODUCT.served() {
            let limit = served.limit.map(|limit| limit.to_string());
            assert_eq!(limit.as_deref(), Some("6000/min"), "{action}");
            let [domain] = served.resources else {
                panic!("{action} asks for {:?}", served.resources)
            };
            assert_eq!(domain.arn, "acs:live:*:{accountId}:domain/{DomainName}");
        }
    }

    #[test]
    fn the_table_is_sound() {
        assert_eq!(PRODUCT.faults(), [""; 0]);
    }
}
