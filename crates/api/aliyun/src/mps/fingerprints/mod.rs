//! The family of media fingerprints ("media DNA"): libraries, jobs that look files up in one and store them there, and
//! what removes files and libraries again.
//!
//! The libraries are those that product ICE and the native API have. What the vendor does not document is decided where
//! it is done; the decisions that concern several actions are these:
//!
//! * A library can be used as soon as it is made.
//! * A file's id is that of the job that stored it.
//! * Removals take effect before their call is answered. What is told of them as a job is kept as a document.
//! * An import is as many jobs as its list has lines, and what is told of it is told of these.

mod config;
mod create_fp_shot_db;
mod deletion;
mod errors;
mod file;
mod import_fp_shot_job;
mod import_list;
mod imports;
mod job;
mod kept;
mod library;
mod list_fp_shot_db;
mod list_fp_shot_files;
mod list_fp_shot_import_job;
mod message;
mod origin;
mod query_fp_db_delete_job_list;
mod query_fp_file_delete_job_list;
mod query_fp_shot_job_list;
mod request;
mod result;
mod status;
mod submission;
mod submit_fp_db_delete_job;
mod submit_fp_file_delete_job;
mod submit_fp_shot_job;
#[cfg(test)]
mod tests;

pub(super) use message::message;

use serde_json::Value;

use crate::rpc::{ApiError, Call};
use reelgate_service::Service;

/// Runs an action of this family; `None` for any other.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Option<Result<Value, ApiError>> {
    let Call {
        caller,
        params,
        request_id,
        ..
    } = *call;
    Some(match call.action {
        "CreateFpShotDB" => create_fp_shot_db::call(service, caller, params).await,
        "ImportFpShotJob" => import_fp_shot_job::call(service, caller, params, request_id).await,
        "ListFpShotDB" => list_fp_shot_db::call(service, caller, params).await,
        "ListFpShotFiles" => list_fp_shot_files::call(service, caller, params).await,
        "ListFpShotImportJob" => list_fp_shot_import_job::call(service, caller, params).await,
        "QueryFpDBDeleteJobList" => {
            query_fp_db_delete_job_list::call(service, caller, params).await
        }
        "QueryFpFileDeleteJobList" => {
            query_fp_file_delete_job_list::call(service, caller, params).await
        }
        "QueryFpShotJobList" => query_fp_shot_job_list::call(service, caller, params).await,
        "SubmitFpDBDeleteJob" => submit_fp_db_delete_job::call(service, caller, params).await,
        "SubmitFpFileDeleteJob" => submit_fp_file_delete_job::call(service, caller, params).await,
        "SubmitFpShotJob" => submit_fp_shot_job::call(service, caller, params, request_id).await,
        _ => return None,
    })
}
