//! `StartEdgeTranscodeJob`: the job runs from now on; what is left of an earlier start ends first.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-startedgetranscodejob>

use reelgate_service::Service;
use serde_json::{Value, json};

use super::errors::{About, stream_error};
use super::job;
use crate::rpc::{ApiError, Call};

pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let stream = job::named(service, call).await?;
    let started = service.start_stream(call.caller, stream.id).await;
    let started = started.map_err(|error| stream_error(About::Job, error))?;
    Ok(json!({"JobId": started.id.to_string()}))
}
