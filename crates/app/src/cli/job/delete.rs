//! `reelgate job delete`: takes away jobs that have ended.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use reelgate_client::{Client, Error};

use crate::cli::screen::remark;

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// What one job's state refuses keeps no other from being deleted.
pub(super) async fn run(client: &Client, wanted: &Delete) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for id in &wanted.ids {
        match client.delete_job(id).await {
            Ok(()) => remark(&format!("job {id} is deleted")),
            Err(Error::Refused(problem)) if matches!(problem.status, 404 | 409) => {
                remark(&format!("reelgate: {problem}"));
                code = ExitCode::FAILURE;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(code)
}
