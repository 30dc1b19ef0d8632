//! What is served of Identity and Access Management: tokens, projects and temporary keys. Users and policies are managed
//! by the native API.

use reelgate_api_kit::operation::{
    AccessLevel, Change, ErrorCode, Handling, Operation, Permission, Product, Served, row,
};

use crate::errors::SHARED;

/// The product's table.
pub(crate) static IAM: Product = Product {
    name: "Iam",
    title: "Identity and Access Management",
    version: "v3",
    ram_code: "iam",
    policy_name: "HuaweiIAM",
    dialect: crate::DIALECT,
    operations: ROWS,
    errors: ERRORS,
    shared_errors: SHARED,
};

pub(super) const INVALID: ErrorCode = row(
    "400",
    400,
    "The body or a query parameter is not what the operation reads.",
    "Repair what the message names; members and parameters that are not served are refused, too.",
);
pub(super) const UNAUTHORIZED: ErrorCode = row(
    "401",
    401,
    "The user name, the password or the account's name is wrong.",
    "Check all three; the account's id is taken for its name, too.",
);
pub(super) const FORBIDDEN: ErrorCode = row(
    "403",
    403,
    "The token would be for a project that is not the user's, or the key may make no temporary ones.",
    "Ask for a project of the user's own account; make temporary keys with a token or a lasting key.",
);
pub(super) const MISSING: ErrorCode = row(
    "404",
    404,
    "The token in X-Subject-Token does not exist, or not any more.",
    "Nothing is left to do when it was to be revoked.",
);

/// IAM's codes are its statuses.
const ERRORS: &[ErrorCode] = &[INVALID, UNAUTHORIZED, FORBIDDEN, MISSING];

const fn served(
    action: &'static str,
    (access, permission): (AccessLevel, Permission),
    errors: &'static [&'static str],
    documentation: &'static str,
) -> Operation {
    Operation {
        action,
        handling: Handling::Served(Served {
            access,
            permission,
            resources: &[],
            condition_keys: &[],
            associated: &[],
            limit: None,
            errors,
            documentation,
            history: &[Change {
                date: "2026-11-21",
                what: "Served for the first time.",
            }],
        }),
    }
}

#[rustfmt::skip] // One row a line, so that the table can be read as one.
const ROWS: &[Operation] = &[
    served("CreateTemporaryAccessKeyByToken", (AccessLevel::Write, Permission::UnlessDenied), &["400", "403"],
        "https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0002.html"),
    served("KeystoneCreateUserTokenByPassword", (AccessLevel::Write, Permission::UnlessDenied), &["400", "401", "403"],
        "https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html"),
    served("KeystoneListProjects", (AccessLevel::List, Permission::Needed), &["400"],
        "https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0001.html"),
    // The vendor has no page of its own for it; the page is that of the token's other operations.
    served("KeystoneRevokeToken", (AccessLevel::Write, Permission::UnlessDenied), &["400", "404"],
        "https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0000.html"),
    served("KeystoneValidateToken", (AccessLevel::Read, Permission::UnlessDenied), &["400", "404"],
        "https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0004.html"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sound() {
        assert_eq!(IAM.faults(), Vec::<String>::new());
    }
}
