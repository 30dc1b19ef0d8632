//! Every operation of the vendor's SDKs, and those of encryption that older ones had: served, or refused with a reason.
//!
//! No operation names resources in policies: each is allowed on all or not at all. The vendor documents 100 calls a minute
//! for each account; an operator can set that, and nobody is held to it otherwise.

use reelgate_api_kit::operation::{
    AccessLevel, Change, Handling, Operation, Permission, Product, Served,
};

use super::errors;
use crate::errors::SHARED;

/// The product's table.
pub(crate) static MPC: Product = Product {
    name: "Mpc",
    title: "Media Processing Center",
    version: "v1",
    ram_code: "mpc",
    policy_name: "HuaweiMPC",
    dialect: crate::DIALECT,
    operations: ROWS,
    errors: errors::ROWS,
    shared_errors: SHARED,
};

/// What is said here of all operations; those of the vendor's pages that matter are linked where they are followed.
const DOCUMENTATION: &str = "docs/dialects/huawei-mpc.md";

const fn served(
    action: &'static str,
    access: AccessLevel,
    errors: &'static [&'static str],
) -> Operation {
    Operation {
        action,
        handling: Handling::Served(Served {
            access,
            permission: Permission::Needed,
            resources: &[],
            condition_keys: &[],
            associated: &[],
            limit: None,
            errors,
            documentation: DOCUMENTATION,
            history: &[Change {
                date: "2026-11-22",
                what: "Served for the first time.",
            }],
        }),
    }
}

const fn refused(action: &'static str, reason: &'static str) -> Operation {
    Operation {
        action,
        handling: Handling::Refused(reason),
    }
}

const AUDIO: &str = "Audio services are not part of Reelgate.";
const CALLBACKS: &str = "Only the vendor's own workers call it.";
const EDITING: &str = "Editing is not part of Reelgate: send tasks one by one.";
const ENCRYPTION: &str =
    "Files that exist are not encrypted: a transcoding task does it with encryption.hls_encrypt.";
const ENHANCEMENT: &str = "Quality enhancement is not part of Reelgate.";

#[rustfmt::skip] // One row a line, so that the table can be read as one.
const ROWS: &[Operation] = &[
    served("CancelRemuxTask", AccessLevel::Write, &["MPC.10202", "MPC.10212"]),
    served("CreateAgenciesTask", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10223", "MPC.10224"]),
    served("CreateAnimatedGraphicsTask", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10209"]),
    refused("CreateEditingJob", EDITING),
    refused("CreateEncryptTask", ENCRYPTION),
    served("CreateExtractTask", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10209"]),
    refused("CreateMbTasksReport", CALLBACKS),
    refused("CreateMediaProcessTask", ENHANCEMENT),
    refused("CreateMergeChannelsTask", AUDIO),
    refused("CreateMpeCallBack", CALLBACKS),
    refused("CreateQualityEnhanceTemplate", ENHANCEMENT),
    served("CreateRemuxTask", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10209"]),
    refused("CreateResetTracksTask", AUDIO),
    served("CreateRetryRemuxTask", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10212"]),
    served("CreateTemplateGroup", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10212", "MPC.10230"]),
    served("CreateThumbnailsTask", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10209"]),
    served("CreateTransTemplate", AccessLevel::Write, &["MPC.10091", "MPC.10202", "MPC.10205", "MPC.10212"]),
    served("CreateTranscodingTask", AccessLevel::Write, &["MPC.10089", "MPC.10202", "MPC.10205", "MPC.10209"]),
    served("CreateWatermarkTemplate", AccessLevel::Write, &["MPC.10091", "MPC.10202", "MPC.10205", "MPC.10212"]),
    served("DeleteAnimatedGraphicsTask", AccessLevel::Write, &["MPC.10202", "MPC.10212"]),
    refused("DeleteEditingJob", EDITING),
    refused("DeleteEncryptTask", ENCRYPTION),
    served("DeleteExtractTask", AccessLevel::Write, &["MPC.10202", "MPC.10212"]),
    refused("DeleteMediaProcessTask", ENHANCEMENT),
    refused("DeleteMergeChannelsTask", AUDIO),
    refused("DeleteQualityEnhanceTemplate", ENHANCEMENT),
    served("DeleteRemuxTask", AccessLevel::Write, &["MPC.10202", "MPC.10213"]),
    refused("DeleteResetTracksTask", AUDIO),
    served("DeleteTemplate", AccessLevel::Write, &["MPC.10202", "MPC.10212"]),
    served("DeleteTemplateGroup", AccessLevel::Write, &["MPC.10202", "MPC.10212", "MPC.10231"]),
    served("DeleteThumbnailsTask", AccessLevel::Write, &["MPC.10202", "MPC.10212"]),
    served("DeleteTranscodingTask", AccessLevel::Write, &["MPC.10202", "MPC.10212"]),
    served("DeleteTranscodingTaskByConsole", AccessLevel::Write, &["MPC.10202", "MPC.10213"]),
    served("DeleteWatermarkTemplate", AccessLevel::Write, &["MPC.10202", "MPC.10212"]),
    served("ListAllBuckets", AccessLevel::List, &["MPC.10202", "MPC.10208"]),
    served("ListAllObsObjList", AccessLevel::List, &["MPC.10202", "MPC.10209"]),
    served("ListAnimatedGraphicsTask", AccessLevel::List, &["MPC.10202"]),
    refused("ListEditingJob", EDITING),
    refused("ListEncryptTask", ENCRYPTION),
    served("ListExtractTask", AccessLevel::List, &["MPC.10202"]),
    refused("ListMediaProcessTask", ENHANCEMENT),
    refused("ListMergeChannelsTask", AUDIO),
    served("ListNotifyEvent", AccessLevel::List, &["MPC.10202", "MPC.10208"]),
    served("ListNotifySmnTopicConfig", AccessLevel::Read, &["MPC.10202", "MPC.10208"]),
    refused("ListQualityEnhanceDefaultTemplate", ENHANCEMENT),
    served("ListRemuxTask", AccessLevel::List, &["MPC.10202"]),
    refused("ListResetTracksTask", AUDIO),
    served("ListStatSummary", AccessLevel::Read, &["MPC.10202"]),
    served("ListTemplate", AccessLevel::List, &["MPC.10202"]),
    served("ListTemplateGroup", AccessLevel::List, &["MPC.10202"]),
    served("ListThumbnailsTask", AccessLevel::List, &["MPC.10202"]),
    served("ListTranscodeDetail", AccessLevel::Read, &["MPC.10202"]),
    served("ListTranscodingTask", AccessLevel::List, &["MPC.10202"]),
    served("ListWatermarkTemplate", AccessLevel::List, &["MPC.10202"]),
    served("NotifySmnTopicConfig", AccessLevel::Write, &["MPC.10202", "MPC.10205"]),
    served("ShowAgenciesTask", AccessLevel::Read, &["MPC.10202"]),
    served("ShowTenantAccessInfo", AccessLevel::Read, &["MPC.10202"]),
    served("UpdateBucketAuthorized", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10209"]),
    refused("UpdateQualityEnhanceTemplate", ENHANCEMENT),
    served("UpdateTemplateGroup", AccessLevel::Write, &["MPC.10202", "MPC.10205", "MPC.10212", "MPC.10230", "MPC.10231"]),
    served("UpdateTenantAccessInfo", AccessLevel::Write, &["MPC.10202", "MPC.10205"]),
    served("UpdateTransTemplate", AccessLevel::Write, &["MPC.10091", "MPC.10202", "MPC.10205", "MPC.10212"]),
    served("UpdateWatermarkTemplate", AccessLevel::Write, &["MPC.10091", "MPC.10202", "MPC.10205", "MPC.10212"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mpc::routes::ROUTES;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(MPC.faults(), Vec::<String>::new());
    }

    #[test]
    fn each_row_is_a_route_and_each_route_a_row() {
        let rows: Vec<_> = ROWS.iter().map(|row| row.action).collect();
        let routes: Vec<_> = ROUTES.iter().map(|(_, _, action)| *action).collect();
        assert_eq!(rows, routes);
        let ways: BTreeSet<_> = ROUTES
            .iter()
            .map(|(method, path, _)| (method, path))
            .collect();
        assert_eq!(ways.len(), ROUTES.len());
        assert_eq!(rows.len(), 63);
    }
}
