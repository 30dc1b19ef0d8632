//! `POST /api/v1/jobs/{id}/cancel`: cancels one job, whatever it is doing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use reelgate_domain::JobId;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, Selector, StateName, StopMode};
use serde::{Deserialize, Serialize};

use super::job_id;
use crate::NativeApi;
use crate::http::{Authorized, InPath, OptionalJsonBody, Problem};

/// The body, which may be left out: `{"only": "queued"}` cancels the job only if no attempt of it
/// has ever started.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBody {
    #[serde(default)]
    only: Option<Only>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Only {
    Queued,
}

/// `{"id", "outcome"}`: `cancelled` means that it never starts (again); `stopping` that what runs
/// was asked to end, and the job is `cancelled` when that is gone.
#[derive(Serialize)]
struct Decision {
    id: JobId,
    outcome: &'static str,
}

/// Answers 409 with a member `state` if the job's state refuses.
pub(crate) async fn cancel(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    OptionalJsonBody(body): OptionalJsonBody<CancelBody>,
) -> Result<Response, Problem> {
    let selector = Selector::Ids(vec![job_id(&id)?]);
    let policy = match body.only {
        None => CancelPolicy::Any,
        Some(Only::Queued) => CancelPolicy::QueuedOnly,
    };
    let outcomes = api
        .service
        .cancel(&caller, selector, policy, StopMode::Graceful)
        .await?;
    let (id, outcome) = match outcomes.into_iter().next() {
        Some(CancelOutcome::Cancelled { id, .. }) => (id, "cancelled"),
        Some(CancelOutcome::Stopping { id, .. }) => (id, "stopping"),
        Some(CancelOutcome::Refused { id, state, started }) => {
            return Err(refused(id, state, started));
        }
        Some(CancelOutcome::Missing { .. }) | None => return Err(Problem::missing("job", &id)),
    };
    Ok(Json(Decision { id, outcome }).into_response())
}

fn refused(id: JobId, state: StateName, started: bool) -> Problem {
    let word = state.as_str();
    let detail = match state {
        StateName::Queued if started => {
            format!("job {id} is queued again after an attempt that started")
        }
        StateName::Queued | StateName::Running => {
            format!("job {id} is {word}, and only a queued one was to be cancelled")
        }
        StateName::Publishing => format!("job {id} is {word}: its outputs are complete"),
        StateName::Stopping => format!("job {id} is {word}: a cancel was accepted before"),
        StateName::Succeeded | StateName::Failed | StateName::Cancelled => {
            format!("job {id} has ended: it is {word}")
        }
    };
    Problem::new(StatusCode::CONFLICT, "cancel_refused", detail).member("state", word)
}
