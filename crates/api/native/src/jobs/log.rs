//! `GET /api/v1/jobs/{id}/log`: the engine's last lines, as stored with what failed.

use std::sync::Arc;

use axum::extract::State;
use reelgate_domain::job::{Fault, Job};
use reelgate_domain::media::OutputResult;

use super::job_id;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem};

/// Answers `text/plain`: the log of the job's fault, then that of each output that failed, each
/// with a heading when there are several. Empty when nothing was logged.
pub(crate) async fn log(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
) -> Result<String, Problem> {
    let job = api.service.job(&caller, job_id(&id)?).await?;
    Ok(text(&job))
}

fn text(job: &Job) -> String {
    let mut parts: Vec<(String, &str)> = Vec::new();
    let outputs = job.results.iter().filter_map(|result| match result {
        OutputResult::Failed { object, fault } => Some((object.to_string(), fault)),
        OutputResult::Done { .. } => None,
    });
    for (heading, fault) in whole(job).into_iter().chain(outputs) {
        if let Some(tail) = fault.log_tail.as_deref()
            // A job of one output has the same fault twice.
            && parts.iter().all(|(_, shown)| *shown != tail)
        {
            parts.push((heading, tail));
        }
    }
    match parts.as_slice() {
        [(_, only)] => line(only),
        several => several
            .iter()
            .map(|(heading, tail)| format!("==> {heading} <==\n{}", line(tail)))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn whole(job: &Job) -> Option<(String, &Fault)> {
    job.fault().map(|fault| (format!("job {}", job.id), fault))
}

/// The text with an end of line.
fn line(text: &str) -> String {
    format!("{}\n", text.trim_end_matches('\n'))
}
