//! Removing the record of a task that has ended.

use reelgate_domain::JobNumber;
use reelgate_service::{DeleteDecision, ErrorKind};

use super::asked::Asked;
use super::errors::service_error;
use super::family::Family;
use super::tasks::{self, Task};
use crate::answer::nothing;
use crate::errors::{ApiError, Outcome};

/// What it has made stays. `refusal` is for a task that has not ended, and for an id that no task has.
pub(super) async fn ended(
    asked: &Asked<'_>,
    task: JobNumber,
    family: Family,
    refusal: ApiError,
) -> Outcome {
    let found = tasks::named(asked, &[task.0], family).await?.pop();
    let Some(Task::Is(job)) = found else {
        return Err(refusal);
    };
    match asked.service.delete_job(asked.caller, job.id).await {
        Ok(DeleteDecision::Deleted) => Ok(nothing()),
        Ok(DeleteDecision::Refused(_)) => Err(refusal),
        Err(error) if error.kind == ErrorKind::NotFound => Err(refusal),
        Err(error) => Err(service_error(error)),
    }
}
