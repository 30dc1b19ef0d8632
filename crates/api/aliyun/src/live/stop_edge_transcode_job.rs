//! `StopEdgeTranscodeJob`: the job runs no more.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-stoppedgetranscodejob>

use reelgate_service::Service;
use serde_json::{Value, json};

use super::errors::{About, stream_error};
use super::job;
use crate::rpc::{ApiError, Call};

/// The answer follows the write after which nobody starts anything for the job.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let stream = job::named(service, call).await?;
    let stopped = service.stop_stream(call.caller, stream.id).await;
    let stopped = stopped.map_err(|error| stream_error(About::Job, error))?;
    Ok(json!({"JobId": stopped.id.to_string()}))
}
