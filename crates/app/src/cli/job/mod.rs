//! `reelgate job`: look at jobs, wait for them, cancel them, queue them again, delete them.

mod cancel;
mod delete;
mod history;
mod quality;
mod retry;
pub(super) mod show;
pub(super) mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use reelgate_client::{Client, Job, JobQuery};

use super::screen::{Format, json, line, remark, table};

#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// List jobs, newest first.
    List(List),
    /// Show one job.
    Get { id: String },
    /// Follow a job until it has ended; the exit code says how (0 only for succeeded).
    Watch { id: String },
    /// Cancel a job and wait until it is cancelled.
    Cancel(cancel::Cancel),
    /// Queue failed jobs again, as if they had never started.
    Retry(retry::Retry),
    /// Delete jobs that have ended; their outputs stay.
    Delete(delete::Delete),
    /// Tell what has happened to a job.
    History { id: String },
    /// Tell how much a job's outputs look like their source, with a plot.
    Quality(quality::Wanted),
    /// Print what the engine last wrote about what failed.
    Logs { id: String },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only jobs in these states, such as `queued,running`.
    #[arg(long, value_name = "STATE,…")]
    state: Option<String>,
    /// Only jobs of this pipeline, by id or name.
    #[arg(long)]
    pipeline: Option<String>,
    /// Only jobs created at this time or later, such as 2026-01-02T03:04:05Z.
    #[arg(long, value_name = "TIME")]
    created_from: Option<String>,
    /// Only jobs created at this time or earlier.
    #[arg(long, value_name = "TIME")]
    created_to: Option<String>,
    /// Go on where an earlier page ended.
    #[arg(long)]
    cursor: Option<String>,
    /// How many jobs, 1 to 100.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(client: &Client, command: JobCommand, format: Format) -> Result<ExitCode> {
    match command {
        JobCommand::List(wanted) => list(client, wanted, format).await?,
        JobCommand::Get { id } => show::one(&client.job(&id).await?, format)?,
        JobCommand::Watch { id } => return watch::run(client, &id, format).await,
        JobCommand::Cancel(wanted) => return cancel::run(client, &wanted, format).await,
        JobCommand::Retry(wanted) => return retry::run(client, &wanted, format).await,
        JobCommand::Delete(wanted) => return delete::run(client, &wanted).await,
        JobCommand::History { id } => history::run(client, &id, format).await?,
        JobCommand::Quality(wanted) => quality::run(client, &wanted, format).await?,
        JobCommand::Logs { id } => logs(client, &id).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &Client, wanted: List, format: Format) -> Result<()> {
    let query = JobQuery {
        state: wanted.state,
        pipeline: wanted.pipeline,
        created_from: wanted.created_from,
        created_to: wanted.created_to,
        cursor: wanted.cursor,
        limit: Some(wanted.limit),
    };
    let page = client.jobs(&query).await?;
    if format == Format::Json {
        return json(&page);
    }
    let header = [
        "ID", "STATE", "DONE", "PRIORITY", "CREATED", "INPUT", "OUTPUTS",
    ];
    table(header, page.jobs.iter().map(row))?;
    if let Some(cursor) = page.next_cursor {
        remark(&format!("there are more: add --cursor {cursor}"));
    }
    Ok(())
}

fn row(job: &Job) -> [String; 7] {
    [
        job.id.clone(),
        job.state.to_string(),
        format!("{} %", job.progress),
        job.priority.to_string(),
        job.created_at.clone(),
        job.input.to_string(),
        job.outputs.len().to_string(),
    ]
}

async fn logs(client: &Client, id: &str) -> Result<()> {
    let text = client.job_log(id).await?;
    if text.is_empty() {
        remark(&format!("job {id} has no log: one is kept of what failed"));
        return Ok(());
    }
    line(&text)
}
