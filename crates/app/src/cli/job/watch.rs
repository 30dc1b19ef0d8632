//! `reelgate job watch`: follows a job until it has ended.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use reelgate_client::{Client, Job, JobState};

use super::show;
use crate::cli::progress::Watched;
use crate::cli::screen::{Format, json, line, remark};

/// How often progress is looked at; the end is told at once.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(client: &Client, id: &str, format: Format) -> Result<ExitCode> {
    let job = ended(client, id).await?;
    result(&job, format)
}

/// Shows a job's progress and returns it when it has ended.
pub(in crate::cli) async fn ended(client: &Client, id: &str) -> Result<Job> {
    let mut job = client.job(id).await?;
    let mut watched = Watched::start();
    loop {
        watched.show(&job);
        if job.state.is_final() {
            watched.finish();
            return Ok(job);
        }
        job = client.job_ended(id, LOOK).await?;
    }
}

/// Returns a job's state when it has ended.
pub(super) async fn end(client: &Client, id: &str) -> Result<JobState> {
    loop {
        let job = client.job_ended(id, Duration::from_secs(60)).await?;
        if job.state.is_final() {
            return Ok(job.state);
        }
    }
}

/// Shows what became of a job and turns it into an exit code.
pub(in crate::cli) fn result(job: &Job, format: Format) -> Result<ExitCode> {
    match format {
        Format::Json => json(job)?,
        Format::Table => {
            line(&format!("job {} {}", job.id, job.state))?;
            show::outputs(job)?;
        }
    }
    if let Some(fault) = &job.fault {
        remark(&format!("{}: {}", fault.code, fault.message));
        remark(&format!("see `reelgate job logs {}`", job.id));
    }
    Ok(match job.state {
        JobState::Succeeded => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
