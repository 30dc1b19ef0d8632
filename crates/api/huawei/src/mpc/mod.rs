//! Media Processing Center (MPC), version v1.
//!
//! One operation a file. What the vendor does not document is decided where it is done; `docs/dialects/huawei-mpc.md` has
//! all of it in one table. The decisions that concern several operations are these:
//!
//! * Types are exact: no text stands for a number. Of a number with decimals in the place of a whole one, what is before
//!   the point counts.
//! * Members and parameters that no version of the vendor's API has are refused by name, and so is what asks for
//!   something that is not done. `null` is as good as absent.
//! * A task is a job of the pipeline `mpc-<project id>`, and the job's number is its id. What another dialect submits to
//!   that pipeline is a task, too.

mod account;
mod address;
mod animated_graphics;
mod asked;
mod cancel;
mod common;
mod errors;
mod extract_metadata;
mod facts;
mod failure;
mod family;
mod fields;
mod forget;
mod kept;
mod notification;
mod operations;
mod pipeline;
mod presets;
mod query;
mod remembered;
mod remux;
mod routes;
mod settings;
mod status;
mod submit;
mod tasks;
mod template;
mod template_group;
mod thumbnails;
mod times;
mod transcodings;
mod waiting;
mod watermark_template;

pub(crate) use asked::Asked;
pub use notification::Notifications;
pub(crate) use operations::MPC;
pub use presets::preset_settings;
pub(crate) use routes::find;

use reelgate_api_kit::operation::Handling;

use crate::errors::{ApiError, NOT_FOUND, Outcome};

/// Answers an operation that may be called.
pub(crate) async fn call(action: &'static str, asked: &Asked<'_>) -> Outcome {
    match action {
        "CreateAgenciesTask" => account::create_agencies_task::call(asked).await,
        "CreateTranscodingTask" => transcodings::create_transcoding_task::call(asked).await,
        "DeleteTranscodingTaskByConsole" => {
            transcodings::delete_transcoding_task_by_console::call(asked).await
        }
        "CreateTemplateGroup" => template_group::create_template_group::call(asked).await,
        "CreateTransTemplate" => template::create_trans_template::call(asked).await,
        "CreateWatermarkTemplate" => {
            watermark_template::create_watermark_template::call(asked).await
        }
        "DeleteTemplate" => template::delete_template::call(asked).await,
        "DeleteTemplateGroup" => template_group::delete_template_group::call(asked).await,
        "DeleteWatermarkTemplate" => {
            watermark_template::delete_watermark_template::call(asked).await
        }
        "ListTemplate" => template::list_template::call(asked).await,
        "ListTemplateGroup" => template_group::list_template_group::call(asked).await,
        "ListWatermarkTemplate" => watermark_template::list_watermark_template::call(asked).await,
        "UpdateTemplateGroup" => template_group::update_template_group::call(asked).await,
        "UpdateTransTemplate" => template::update_trans_template::call(asked).await,
        "UpdateWatermarkTemplate" => {
            watermark_template::update_watermark_template::call(asked).await
        }
        "DeleteTranscodingTask" => transcodings::delete_transcoding_task::call(asked).await,
        "ListNotifyEvent" => notification::list_notify_event::call(asked),
        "ListNotifySmnTopicConfig" => notification::list_notify_smn_topic_config::call(asked).await,
        "NotifySmnTopicConfig" => notification::notify_smn_topic_config::call(asked).await,
        "ListAllBuckets" => account::list_all_buckets::call(asked).await,
        "ListAllObsObjList" => account::list_all_obs_obj_list::call(asked).await,
        "ListStatSummary" => transcodings::list_stat_summary::call(asked).await,
        "ListTranscodeDetail" => transcodings::list_transcode_detail::call(asked).await,
        "ListTranscodingTask" => transcodings::list_transcoding_task::call(asked).await,
        "ShowAgenciesTask" => account::show_agencies_task::call(asked).await,
        "ShowTenantAccessInfo" => account::show_tenant_access_info::call(asked).await,
        "UpdateBucketAuthorized" => account::update_bucket_authorized::call(asked).await,
        "UpdateTenantAccessInfo" => account::update_tenant_access_info::call(asked).await,
        "CancelRemuxTask" => remux::cancel_remux_task::call(asked).await,
        "CreateExtractTask" => extract_metadata::create_extract_task::call(asked).await,
        "CreateAnimatedGraphicsTask" => {
            animated_graphics::create_animated_graphics_task::call(asked).await
        }
        "DeleteAnimatedGraphicsTask" => {
            animated_graphics::delete_animated_graphics_task::call(asked).await
        }
        "ListAnimatedGraphicsTask" => {
            animated_graphics::list_animated_graphics_task::call(asked).await
        }
        "CreateRemuxTask" => remux::create_remux_task::call(asked).await,
        "CreateRetryRemuxTask" => remux::create_retry_remux_task::call(asked).await,
        "CreateThumbnailsTask" => thumbnails::create_thumbnails_task::call(asked).await,
        "DeleteExtractTask" => extract_metadata::delete_extract_task::call(asked).await,
        "DeleteRemuxTask" => remux::delete_remux_task::call(asked).await,
        "DeleteThumbnailsTask" => thumbnails::delete_thumbnails_task::call(asked).await,
        "ListExtractTask" => extract_metadata::list_extract_task::call(asked).await,
        "ListRemuxTask" => remux::list_remux_task::call(asked).await,
        "ListThumbnailsTask" => thumbnails::list_thumbnails_task::call(asked).await,
        _ => Err(refused(action)),
    }
}

/// The answer to an operation that is not served: why.
pub(crate) fn refused(action: &str) -> ApiError {
    match MPC.find(action).map(|row| &row.handling) {
        Some(Handling::Refused(reason)) => ApiError::detailed(NOT_FOUND, reason),
        Some(Handling::Served(_)) => ApiError::internal(format!("{action} has no code")),
        None => NOT_FOUND.into(),
    }
}

/// The refusal of a project that is not the caller's, as the operation's page has it.
pub(crate) fn wrong_project(action: Option<&str>, refusal: ApiError) -> ApiError {
    let row = match action {
        Some("ListNotifySmnTopicConfig") => errors::TENANT_400,
        Some("ListNotifyEvent" | "ListAllBuckets") => errors::TENANT_403,
        _ => return refusal,
    };
    match refusal.code() == row.code {
        true => ApiError::mpc(row, row.meaning),
        false => refusal,
    }
}
