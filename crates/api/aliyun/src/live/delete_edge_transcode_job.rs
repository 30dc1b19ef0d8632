//! `DeleteEdgeTranscodeJob`: a job that does not run is gone.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-deleteedgetranscodejob>

use reelgate_service::Service;
use serde_json::{Value, json};

use super::errors::{About, stream_error};
use super::job;
use crate::rpc::{ApiError, Call};

/// Answers nothing but the request's id.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let stream = job::named(service, call).await?;
    let deleted = service.delete_stream(call.caller, stream.id).await;
    deleted.map_err(|error| stream_error(About::Job, error))?;
    Ok(json!({}))
}
