//! `POST /api/v1/jobs/{id}/retry`: queues a failed job again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use reelgate_domain::JobId;
use reelgate_domain::job::StateName;
use reelgate_service::RetryDecision;
use serde::Deserialize;

use super::job_id;
use super::view::JobView;
use crate::NativeApi;
use crate::http::{Again, Answering, Authorized, Code, InPath, OptionalJsonBody, Problem};

/// There is nothing to say in the body, which may be left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryBody {}

/// Answers the job, queued under its id as if it had never started; 409 if it has not failed, with
/// a member `state`, or if its pipeline was deleted.
pub(crate) async fn retry(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    OptionalJsonBody(RetryBody {}): OptionalJsonBody<RetryBody>,
) -> Result<Response, Problem> {
    let id = job_id(&id)?;
    let state = match api.service.retry(&caller, id).await? {
        RetryDecision::Queued(job) => return Ok(Json(JobView::of(&job)).into_response()),
        RetryDecision::Refused(state) => state,
        RetryDecision::PipelineDeleted(pipeline) => {
            let detail = format!(
                "job {id} cannot be queued again: its pipeline {pipeline} was deleted; submit it \
                 anew to another"
            );
            return Err(refused(detail, StateName::Failed));
        }
    };
    Err(refused(reason(id, state), state))
}

/// Answers with the job as it is now.
pub(super) fn again(again: Again) -> Answering {
    Box::pin(async move {
        let id = job_id(&again.made)?;
        let job = again.api.service.job(&again.caller, id).await?;
        Ok(Json(JobView::of(&job)).into_response())
    })
}

fn reason(id: JobId, state: StateName) -> String {
    let word = state.as_str();
    match state {
        StateName::Cancelled => format!("job {id} was cancelled: submit it anew"),
        StateName::Succeeded => format!("job {id} has succeeded"),
        // Failed jobs are not refused; what has not ended may still succeed.
        _ => format!("job {id} is {word}: only a failed job is queued again"),
    }
}

fn refused(detail: String, state: StateName) -> Problem {
    Problem::new(Code::RetryRefused, detail).member("state", state.as_str())
}
