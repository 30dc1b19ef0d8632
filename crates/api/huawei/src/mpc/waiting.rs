//! Tasks that are asked for at once: the call waits for the end.

use std::time::Duration;

use reelgate_domain::job::Job;
use reelgate_service::SubmitJob;
use serde_json::{Value, json};

use super::asked::Asked;
use super::errors::service_error;
use super::pipeline::Lane;
use super::status::TaskStatus;
use super::{failure, submit};
use crate::errors::ApiError;

/// Half of how long the vendor's clients wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Submits a task and answers its id; or, at once, the task as `shown` has it, when it has ended or a while has passed.
pub(super) async fn answer(
    asked: &Asked<'_>,
    job: SubmitJob,
    at_once: bool,
    shown: fn(&Job) -> Value,
) -> Result<Value, ApiError> {
    let job = submit::task(asked, Lane::Common, job).await?;
    if !at_once {
        return Ok(json!({"task_id": job.number.0.to_string()}));
    }
    let ended = asked.service.job_ended(asked.caller, job.id, PATIENCE);
    Ok(shown(&ended.await.map_err(service_error)?))
}

/// How the task has ended, or that it has not.
pub(super) fn description(job: &Job) -> String {
    match (job.fault(), TaskStatus::of_job(job)) {
        (Some(fault), _) => failure::text(fault),
        (None, TaskStatus::Succeeded) => failure::COMPLETED.1.to_owned(),
        (None, TaskStatus::Canceled) => "The task was canceled.".to_owned(),
        (None, TaskStatus::Waiting | TaskStatus::Running | TaskStatus::Failed) => format!(
            "The task has not ended within {} seconds and goes on: query it by its id.",
            PATIENCE.as_secs()
        ),
    }
}
