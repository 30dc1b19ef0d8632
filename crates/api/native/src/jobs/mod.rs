//! Jobs: submit, list, get (also waiting for the end), cancel, log.

mod cancel;
mod facts;
mod get;
mod list;
mod log;
mod settings;
mod submit;
mod view;

pub(crate) use cancel::cancel;
pub(crate) use get::get;
pub(crate) use list::list;
pub(crate) use log::log;
pub(crate) use submit::submit;

use reelgate_domain::JobId;

use crate::http::Problem;

/// Reads a job's id. A text that cannot be one names no job.
fn job_id(text: &str) -> Result<JobId, Problem> {
    text.parse()
        .map_err(|_not_an_id| Problem::missing("job", text))
}
