//! Queuing a task of any family.

use reelgate_domain::job::{CancelPolicy, Job, Selector, StopMode};
use reelgate_service::{Submission, SubmitJob};

use super::asked::Asked;
use super::errors::service_error;
use super::pipeline::{self, Lane};
use super::query::MOST_ID;
use crate::errors::ApiError;

/// Makes it a job of one of the project's pipelines, whose number is the task's id.
pub(super) async fn task(asked: &Asked<'_>, lane: Lane, job: SubmitJob) -> Result<Job, ApiError> {
    let submission = Submission {
        pipeline: Some(pipeline::needed(asked, lane).await?),
        jobs: vec![job],
    };
    let jobs = asked.service.submit(asked.caller, submission).await;
    let job = jobs.map_err(service_error)?.pop();
    let job = job.ok_or_else(|| ApiError::internal("a submission of one job made none"))?;
    if job.number.0 <= MOST_ID {
        return Ok(job);
    }
    // Nobody could be told its id, so it must not run.
    let (selector, policy) = (Selector::ids(vec![job.id]), CancelPolicy::Any);
    let cancelled = asked
        .service
        .cancel(asked.caller, selector, policy, StopMode::Now);
    cancelled.await.map_err(service_error)?;
    let number = job.number.0;
    Err(ApiError::internal(format!(
        "job number {number} is larger than task ids can be"
    )))
}
