//! Media information: what is in a file.

mod job;
mod query_media_info_job_list;
mod submit_media_info_job;
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
        "QueryMediaInfoJobList" => query_media_info_job_list::call(service, caller, params).await,
        "SubmitMediaInfoJob" => {
            submit_media_info_job::call(service, caller, params, request_id).await
        }
        _ => return None,
    })
}
