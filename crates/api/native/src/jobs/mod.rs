//! Jobs: submit, list, get (also waiting for the end), cancel, retry, delete, history, log, matches, quality.

mod cancel;
mod delete;
mod facts;
mod fingerprint;
mod get;
mod history;
mod ingest;
mod list;
mod log;
mod matches;
mod media_info;
mod quality;
mod remux;
mod retry;
mod settings;
mod snapshot;
mod submit;
mod view;
mod waiting;

#[cfg(feature = "fuzzing")]
pub(crate) use cancel::CancelBody;
#[cfg(feature = "fuzzing")]
pub(crate) use submit::SubmitBody;

use std::time::Duration;

use axum::routing::on;
use reelgate_domain::JobId;
use reelgate_domain::job::Job;
use reelgate_service::WrittenError;

use crate::http::{Code, Problem};
use crate::routes::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::new("POST", "/jobs", "SubmitJob", |m| on(m, submit::submit))
        .does("submits a job", "docs/api.md#submit")
        .errors(&["not_found", "storage_full"])
        .kept(submit::again)
        .with(&["GetJob", "PutObject"]),
    Route::new("GET", "/jobs", "ListJobs", |m| on(m, list::list))
        .does("lists jobs", "docs/api.md#list-jobs")
        .lists()
        .errors(&["not_found"]),
    Route::new("GET", "/jobs/{id}", "GetJob", |m| on(m, get::get))
        .does(
            "shows a job, or waits for its end",
            "docs/api.md#get-and-wait",
        )
        .reads()
        .errors(&["not_found"]),
    Route::new("POST", "/jobs/{id}/cancel", "CancelJob", |m| {
        on(m, cancel::cancel)
    })
    .does("cancels a job, running or not", "docs/api.md#cancel")
    .errors(&["not_found", "cancel_refused"]),
    Route::new("POST", "/jobs/{id}/retry", "RetryJob", |m| {
        on(m, retry::retry)
    })
    .does("queues a failed job again", "docs/api.md#retry")
    .errors(&["not_found", "retry_refused", "storage_full"])
    .kept(retry::again),
    Route::new("DELETE", "/jobs/{id}", "DeleteJob", |m| {
        on(m, delete::delete)
    })
    .does("takes away a job that has ended", "docs/api.md#delete")
    .errors(&["not_found", "delete_refused"]),
    Route::new("GET", "/jobs/{id}/history", "GetJobHistory", |m| {
        on(m, history::history)
    })
    .does("what has happened to a job", "docs/api.md#history")
    .reads()
    .errors(&["not_found"]),
    Route::new("GET", "/jobs/{id}/log", "GetJobLog", |m| on(m, log::log))
        .does("what the engine wrote about what failed", "docs/api.md#log")
        .reads()
        .errors(&["not_found"]),
    Route::new("GET", "/jobs/{id}/matches", "GetJobMatches", |m| {
        on(m, matches::get)
    })
    .does("what a fingerprint job has found", "docs/api.md#matches")
    .reads()
    .errors(&["denied", "not_found", "no_matches", "matches_gone"]),
    Route::new("GET", "/jobs/{id}/quality", "GetJobQuality", |m| {
        on(m, quality::get)
    })
    .does(
        "how much the outputs of a job look like their source",
        "docs/api.md#quality",
    )
    .reads()
    .errors(&["denied", "not_found", "no_quality", "quality_gone"]),
];

const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Reads a job's id. A text that cannot be one names no job.
fn job_id(text: &str) -> Result<JobId, Problem> {
    text.parse()
        .map_err(|_not_an_id| Problem::missing("job", text))
}

/// Reads the parameter `wait`: how long a call may wait, such as for a job's end.
pub(crate) fn patience(text: &str) -> Result<Duration, Problem> {
    let seconds = text.strip_suffix('s').unwrap_or(text).parse().ok();
    seconds
        .map(Duration::from_secs)
        .filter(|wait| *wait <= LONGEST_WAIT)
        .ok_or_else(|| {
            let detail = format!("wait must be whole seconds from 0s to 60s, not {text:?}");
            Problem::invalid_field("wait", detail)
        })
}

/// Why nothing can be told of what a job has written; `none` is for a job that wrote no such thing, `gone` for what is
/// not there any more.
fn unwritten(error: WrittenError, job: &Job, (none, gone): (Code, Code)) -> Problem {
    let detail = error.to_string();
    match error {
        WrittenError::Service(error) => error.into(),
        WrittenError::Absent { .. } => Problem::new(none, detail)
            .member("state", job.lifecycle.state.name().as_str())
            .member("kind", job.spec.kind().word()),
        WrittenError::Gone { .. } | WrittenError::Altered { .. } => Problem::new(gone, detail),
    }
}
