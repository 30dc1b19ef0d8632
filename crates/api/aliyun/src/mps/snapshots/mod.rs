//! Snapshots: pictures of moments of a video, and sheets of them.

mod config;
mod job;
mod names;
mod query_snapshot_job_list;
mod submit_snapshot_job;
#[cfg(test)]
mod tests;
mod tiles;

use reelgate_service::Service;
use serde_json::Value;

use crate::rpc::{ApiError, Call};

/// Runs an action of this family; `None` for any other.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Option<Result<Value, ApiError>> {
    let Call {
        caller,
        params,
        request_id,
        ..
    } = *call;
    Some(match call.action {
        "QuerySnapshotJobList" => query_snapshot_job_list::call(service, caller, params).await,
        "SubmitSnapshotJob" => submit_snapshot_job::call(service, caller, params, request_id).await,
        _ => return None,
    })
}
