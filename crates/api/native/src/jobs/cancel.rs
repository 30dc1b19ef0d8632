//! `POST /api/v1/jobs/{id}/cancel`: cancels one job, whatever it is doing.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::JobId;
use reelgate_domain::job::{CancelPolicy, StateName, StopMode};
use reelgate_service::{CancelDecision, Gone};
use serde::{Deserialize, Serialize};

use super::{job_id, patience};
use crate::NativeApi;
use crate::http::{Authorized, Code, InPath, OptionalJsonBody, Problem, Query, format_time};

/// The body, which may be left out. `mode` is how what runs is ended; `{"only": "queued"}` cancels
/// the job only if no attempt of it has ever started.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBody {
    #[serde(default)]
    mode: Option<StopMode>,
    #[serde(default)]
    only: Option<Only>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Only {
    Queued,
}

/// `{"id", "outcome", "from", "mode", "processes_gone_at", "killed"}`: `cancelled` means that it
/// never starts (again); `stopping` that what runs was asked to end, and the job is `cancelled` when
/// that is gone. `from` is the state that the cancel met. The last two are null unless something ran
/// and the call waited for its end.
#[derive(Serialize)]
struct Decision {
    id: JobId,
    outcome: &'static str,
    from: StateName,
    mode: StopMode,
    processes_gone_at: Option<String>,
    killed: Option<bool>,
}

/// Answers 409 with a member `state` if the job's state refuses. With `?wait=30s` (0 to 60 s) answers
/// when the job is cancelled, or what was decided when the time is over.
pub(crate) async fn cancel(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
    OptionalJsonBody(body): OptionalJsonBody<CancelBody>,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["mode", "wait"])?;
    let mode = mode(query.one("mode")?, body.mode)?;
    let patience = query.one("wait")?.map_or(Ok(Duration::ZERO), patience)?;
    let id = job_id(&id)?;
    let policy = match body.only {
        None => CancelPolicy::Any,
        Some(Only::Queued) => CancelPolicy::QueuedOnly,
    };
    let decision = api
        .service
        .cancel_job(&caller, id, policy, mode, patience)
        .await?;
    let (outcome, from, gone) = match decision {
        CancelDecision::Cancelled { from, gone } => (StateName::Cancelled, from, gone),
        CancelDecision::Stopping { from } => (StateName::Stopping, from, None),
        CancelDecision::Refused { state, started } => return Err(refused(id, state, started)),
    };
    let decision = Decision {
        id,
        outcome: outcome.as_str(),
        from,
        mode,
        processes_gone_at: gone.map(|Gone { at, .. }| format_time(at)),
        killed: gone.map(|Gone { killed, .. }| killed),
    };
    Ok(Json(decision).into_response())
}

/// The mode by the query or the body, which may both say it if they say the same.
fn mode(query: Option<&str>, body: Option<StopMode>) -> Result<StopMode, Problem> {
    let Some(word) = query else {
        return Ok(body.unwrap_or_default());
    };
    let known = [StopMode::Graceful, StopMode::Now];
    let Some(mode) = known.into_iter().find(|mode| mode.as_str() == word) else {
        let detail = format!("mode must be graceful or now, not {word:?}");
        return Err(Problem::invalid_field("mode", detail));
    };
    match body {
        Some(other) if other != mode => {
            let other = other.as_str();
            let detail = format!("mode is {word} in the query and {other} in the body");
            Err(Problem::invalid_field("mode", detail))
        }
        _ => Ok(mode),
    }
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
    Problem::new(Code::CancelRefused, detail).member("state", word)
}
