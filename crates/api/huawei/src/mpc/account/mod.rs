//! What belongs to the account rather than to its tasks: buckets, and who may use them.

pub(super) mod create_agencies_task;
pub(super) mod list_all_buckets;
pub(super) mod list_all_obs_obj_list;
pub(super) mod show_agencies_task;
pub(super) mod show_tenant_access_info;
pub(super) mod update_bucket_authorized;
pub(super) mod update_tenant_access_info;

use reelgate_domain::document::DocumentKind;

/// One for each project whose agency has been created; its id is the project's.
const AGENCY: DocumentKind = "mpc.agency";

/// What a project has agreed to; its id is the project's.
const ACCESS: DocumentKind = "mpc.access";

/// Far more than an account has projects.
const MOST: u32 = 100_000;
