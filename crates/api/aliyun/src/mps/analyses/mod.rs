//! Template analysis: which presets suit a file.

mod config;
mod job;
mod query_analysis_job_list;
mod recommend;
mod submit_analysis_job;
#[cfg(test)]
mod tests;

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
        "QueryAnalysisJobList" => query_analysis_job_list::call(service, caller, params).await,
        "SubmitAnalysisJob" => submit_analysis_job::call(service, caller, params, request_id).await,
        _ => return None,
    })
}
