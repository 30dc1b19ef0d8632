//! `reelgate job cancel`: cancels a job and waits until it is cancelled.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use reelgate_client::{CancelDecision, CancelOutcome, Client, Error, JobState};

use crate::cli::screen::{Format, json, line, remark};

#[derive(Debug, Args)]
pub(crate) struct Cancel {
    id: String,
    /// Leave the job alone if it has ever started.
    #[arg(long)]
    only_queued: bool,
}

pub(super) async fn run(client: &Client, wanted: &Cancel, format: Format) -> Result<ExitCode> {
    let id = &wanted.id;
    let (decision, decided) = decide(client, wanted).await?;
    if decision.outcome == CancelOutcome::Stopping {
        remark(&format!("{decided}; waiting until what runs is gone"));
        let state = end(client, id).await?;
        if state != JobState::Cancelled {
            remark(&format!("job {id} ended as {state} all the same"));
            return Ok(ExitCode::FAILURE);
        }
    }
    match format {
        Format::Json => json(&decision)?,
        Format::Table if decision.outcome == CancelOutcome::Cancelled => line(&decided)?,
        Format::Table => line(&format!(
            "job {id} is cancelled: what ran has ended and what it wrote is gone"
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What the server decided, and the same in words.
async fn decide(client: &Client, wanted: &Cancel) -> Result<(CancelDecision, String)> {
    let id = &wanted.id;
    match client.cancel(id, wanted.only_queued).await {
        Ok(decision) => {
            let words = match decision.outcome {
                CancelOutcome::Cancelled => {
                    format!("job {id} was queued and is cancelled: nothing of it will run")
                }
                CancelOutcome::Stopping => format!("job {id} runs and was asked to stop"),
            };
            Ok((decision, words))
        }
        Err(error) if is_stopping(&error) && !wanted.only_queued => {
            let outcome = CancelOutcome::Stopping;
            let decision = CancelDecision {
                id: id.clone(),
                outcome,
            };
            Ok((decision, format!("job {id} was asked to stop before")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the cancel was refused because an earlier one is being carried out.
fn is_stopping(error: &Error) -> bool {
    let state = error
        .problem()
        .and_then(|problem| problem.more.get("state"));
    state.is_some_and(|state| state == JobState::Stopping.as_str())
}

async fn end(client: &Client, id: &str) -> Result<JobState> {
    loop {
        let job = client.job_ended(id, Duration::from_secs(60)).await?;
        if job.state.is_final() {
            return Ok(job.state);
        }
    }
}
