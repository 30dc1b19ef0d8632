//! Every documented action of this product: served, or refused with a reason.

use reelgate_api_kit::operation::{
    AccessLevel, Change, Handling, Operation, Permission, Product, ResourceType, Served,
};
use reelgate_domain::access::{CallLimit, Period};

use super::codes;
use crate::rpc::codes::SHARED;

/// The product's table.
pub static PRODUCT: Product = Product {
    name: "Sts",
    title: "Security Token Service",
    version: "2015-04-01",
    ram_code: "sts",
    policy_name: "AliyunSTS",
    dialect: crate::DIALECT,
    operations: ROWS,
    errors: codes::ROWS,
    shared_errors: SHARED,
};

const FIRST_SERVED: &[Change] = &[Change {
    date: "2026-11-21",
    what: "First served.",
}];

const PROVIDERS: &str = "Identity providers are not served: give the caller a user of its own and let it call AssumeRole.";

#[rustfmt::skip] // One row a line, so that the table can be read as one.
const ROWS: &[Operation] = &[
    Operation { action: "AssumeRole", handling: Handling::Served(Served {
        access: AccessLevel::Write,
        resources: &[ResourceType {
            name: "Role",
            arn: "acs:ram:*:{accountId}:role/{RoleName}",
            required: true,
        }],
        permission: Permission::Needed,
        condition_keys: &[],
        associated: &["GetCallerIdentity"],
        // The vendor's page: shared by an account with all its users and roles.
        limit: Some(CallLimit { calls: 6000, per: Period::Minute }),
        errors: &[
            "MissingRoleArn", "MissingRoleSessionName", "InvalidParameter.RoleArn",
            "InvalidParameter.RoleSessionName", "InvalidParameter.DurationSeconds",
            "InvalidParameter.PolicyGrammar", "InvalidParameter.PolicySize",
            "InvalidParameter.ExternalId", "InvalidParameter.SourceIdentity",
            "EntityNotExist.Role", "NoPermission",
        ],
        documentation: "https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole",
        history: FIRST_SERVED,
    }) },
    Operation { action: "AssumeRoleWithOIDC", handling: Handling::Refused(PROVIDERS) },
    Operation { action: "AssumeRoleWithSAML", handling: Handling::Refused(PROVIDERS) },
    Operation { action: "GetCallerIdentity", handling: Handling::Served(Served {
        access: AccessLevel::Read,
        resources: &[],
        permission: Permission::NeverAsked,
        condition_keys: &[],
        associated: &[],
        limit: None,
        errors: &[],
        documentation: "https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-getcalleridentity",
        history: FIRST_SERVED,
    }) },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(PRODUCT.faults(), [""; 0]);
    }

    #[test]
    fn the_table_holds_the_actions_of_the_vendors_clients() {
        let names: Vec<_> = ROWS.iter().map(|row| row.action).collect();
        let clients = [
            "AssumeRole",
            "AssumeRoleWithOIDC",
            "AssumeRoleWithSAML",
            "GetCallerIdentity",
        ];
        assert_eq!(names, clients);
    }
}
