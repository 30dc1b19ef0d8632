//! Jobs: submit, list, get (also waiting for the end), cancel, retry, history, log.

mod cancel;
mod facts;
mod get;
mod history;
mod list;
mod log;
mod retry;
mod settings;
mod submit;
mod view;
mod waiting;

#[cfg(feature = "fuzzing")]
pub(crate) use cancel::CancelBody;
pub(crate) use cancel::cancel;
pub(crate) use get::get;
pub(crate) use history::history;
pub(crate) use list::list;
pub(crate) use log::log;
pub(crate) use retry::retry;
#[cfg(feature = "fuzzing")]
pub(crate) use submit::SubmitBody;
pub(crate) use submit::submit;

use std::time::Duration;

use reelgate_domain::JobId;

use crate::http::Problem;

const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Reads a job's id. A text that cannot be one names no job.
fn job_id(text: &str) -> Result<JobId, Problem> {
    text.parse()
        .map_err(|_not_an_id| Problem::missing("job", text))
}

/// Reads the parameter `wait`: how long a call may wait for a job's end.
fn patience(text: &str) -> Result<Duration, Problem> {
    let seconds = text.strip_suffix('s').unwrap_or(text).parse().ok();
    seconds
        .map(Duration::from_secs)
        .filter(|wait| *wait <= LONGEST_WAIT)
        .ok_or_else(|| {
            let detail = format!("wait must be whole seconds from 0s to 60s, not {text:?}");
            Problem::invalid_field("wait", detail)
        })
}
