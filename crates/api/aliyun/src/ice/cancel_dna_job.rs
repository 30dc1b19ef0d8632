//! `CancelDNAJob`: a job that waits for its first start will never start.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-canceldnajob>

use reelgate_domain::JobId;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, JobKind, Selector, StopMode};
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::codes::Code;
use super::errors::{Refusal, cancel_refused, service_error};
use super::request;
use crate::dna::words::JobStatus;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let text = request::required(params, "JobId")?;
    let missing = || Refusal::new(Code::JobNotFound, text);
    let id: JobId = text.parse().map_err(|_invalid| missing())?;
    let selector = Selector::ids(vec![id]).of(JobKind::Fingerprint);
    let outcomes = service
        .cancel(
            caller,
            selector,
            CancelPolicy::QueuedOnly,
            StopMode::Graceful,
        )
        .await
        .map_err(service_error)?;
    match outcomes.first() {
        Some(CancelOutcome::Cancelled { id, .. }) => Ok(json!({"JobId": id.to_string()})),
        Some(CancelOutcome::Refused { state, started, .. }) => {
            Err(cancel_refused(JobStatus::of(*state, *started), text).into())
        }
        Some(CancelOutcome::Missing { .. }) => Err(missing().into()),
        Some(CancelOutcome::Stopping { .. }) | None => Err(ApiError::internal(format!(
            "cancelling job {id} while it is queued came to {outcomes:?}"
        ))),
    }
}
