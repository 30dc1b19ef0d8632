//! Tasks that are asked for at once: the call waits for the end.

use std::time::Duration;

use reelgate_domain::job::Job;

use super::asked::Asked;
use super::errors::service_error;
use super::failure;
use super::status::TaskStatus;
use crate::errors::ApiError;

/// Half of how long the vendor's clients wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The task when it has ended, or as it is after a while.
pub(super) async fn for_end(asked: &Asked<'_>, job: &Job) -> Result<Job, ApiError> {
    let ended = asked.service.job_ended(asked.caller, job.id, PATIENCE);
    ended.await.map_err(service_error)
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
