//! `reelgate job retry`: queues failed jobs again.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use reelgate_client::{Client, Error};

use crate::cli::screen::{Format, json, line, remark};

#[derive(Debug, Args)]
pub(crate) struct Retry {
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// What one job's state refuses keeps no other from being queued.
pub(super) async fn run(client: &Client, wanted: &Retry, format: Format) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for id in &wanted.ids {
        match client.retry(id).await {
            Ok(job) if format == Format::Json => json(&job)?,
            Ok(_) => line(&format!("job {id} is queued again"))?,
            Err(Error::Refused(problem)) if matches!(problem.status, 404 | 409) => {
                remark(&format!("reelgate: {problem}"));
                code = ExitCode::FAILURE;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(code)
}
