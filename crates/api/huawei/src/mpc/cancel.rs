//! Cancelling a task of any family: only one that waits for its first start can be canceled.

use reelgate_domain::JobNumber;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, Named, Selector, StopMode};

use super::asked::Asked;
use super::errors::{FAILED, plain, service_error};
use super::family::Family;
use super::pipeline;
use crate::answer::nothing;
use crate::errors::{ApiError, Outcome};

/// One write decides between this and the task's start. What cannot be canceled, and what is no task of this family in
/// this project, is refused alike.
pub(super) async fn queued(asked: &Asked<'_>, task: JobNumber, family: Family) -> Outcome {
    let Some(pipeline) = pipeline::found(asked, family.lane()).await? else {
        return Err(plain(FAILED));
    };
    let selector = Selector::all(Named::Numbers(vec![task]))
        .of(family.kind())
        .within(pipeline);
    let policy = CancelPolicy::QueuedOnly;
    let cancelled = asked
        .service
        .cancel(asked.caller, selector, policy, StopMode::Graceful);
    let outcomes = cancelled.await.map_err(service_error)?;
    match outcomes.first() {
        Some(CancelOutcome::Cancelled { .. }) => Ok(nothing()),
        Some(CancelOutcome::Refused { .. } | CancelOutcome::Missing { .. }) => Err(plain(FAILED)),
        Some(CancelOutcome::Stopping { .. }) | None => Err(ApiError::internal(format!(
            "cancelling task {} while it is queued came to {outcomes:?}",
            task.0
        ))),
    }
}
