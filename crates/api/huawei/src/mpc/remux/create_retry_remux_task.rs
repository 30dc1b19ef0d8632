//! `PUT /remux`: a task that has failed waits again, under the same id.

use http::StatusCode;
use reelgate_domain::JobNumber;
use reelgate_service::{ErrorKind, RetryDecision};
use serde_json::json as value;

use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::{FAILED_403, plain, service_error};
use crate::mpc::family::Family;
use crate::mpc::query::MOST_ID;
use crate::mpc::status::TaskStatus;
use crate::mpc::tasks::{self, Task};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let mut body = asked.body()?;
    let text = body.needed_text("task_id")?;
    let is_number = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|id| is_number && *id <= MOST_ID);
    let Some(number) = number else {
        let why = format!("must be an integer of 0 to {MOST_ID}, as a string");
        return Err(body.refuse("task_id", &why));
    };
    body.finish()?;
    retry(asked, JobNumber(number)).await?;
    Ok(json(StatusCode::OK, &value!({})))
}

/// What has been canceled or is done is not made again.
async fn retry(asked: &Asked<'_>, task: JobNumber) -> Result<(), ApiError> {
    let found = tasks::named(asked, &[task.0], Family::Remux).await?.pop();
    let job = match found {
        Some(Task::Is(job)) if TaskStatus::of_job(&job) == TaskStatus::Failed => job,
        _ => return Err(plain(FAILED_403)),
    };
    match asked.service.retry(asked.caller, job.id).await {
        Ok(RetryDecision::Queued(_)) => Ok(()),
        Ok(RetryDecision::Refused(_) | RetryDecision::PipelineDeleted(_)) => Err(plain(FAILED_403)),
        Err(error) if error.kind == ErrorKind::NotFound => Err(plain(FAILED_403)),
        Err(error) => Err(service_error(error)),
    }
}
