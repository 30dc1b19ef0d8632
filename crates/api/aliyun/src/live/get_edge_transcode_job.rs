//! `GetEdgeTranscodeJob`: one job.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-getedgetranscodejob>

use reelgate_service::Service;
use serde_json::{Value, json};

use super::errors::{About, stream_error};
use super::job;
use crate::rpc::{ApiError, Call};

pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let stream = job::named(service, call).await?;
    let names = job::template_names(service, call).await;
    let names = names.map_err(|error| stream_error(About::Job, error))?;
    Ok(json!({"Job": job::shown(&stream, &names)}))
}
