//! `reelgate worker list|drain|resume`: the servers and workers that share a store.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use reelgate_client::{Client, Worker};

use super::screen::{Format, json, table};
use super::{Call, EarlyArgs};

// No doc comment: clap would show it in the place of the parent's.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// List the servers and workers that share the store, the oldest first; for operators.
    List(Call<Nothing>),
    /// Have a worker start nothing more; what it runs goes on. For operators.
    Drain(Call<Named>),
    /// Have a drained worker start jobs again; for operators.
    Resume(Call<Named>),
}

#[derive(Debug, Args)]
pub(crate) struct Nothing {}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The worker's id, or its name if only one has that.
    worker: String,
}

/// Carries a command out, as [`run`](super::run) does.
pub(crate) async fn run(command: WorkerCommand, early: EarlyArgs) -> Result<ExitCode> {
    match command {
        WorkerCommand::List(Call { mut common, .. }) => {
            common.server.apply(early);
            let (client, format) = common.open()?;
            common.explain(list(&client, format).await)
        }
        WorkerCommand::Drain(Call {
            command,
            mut common,
        }) => {
            common.server.apply(early);
            let (client, format) = common.open()?;
            common.explain(change(&client, &command.worker, true, format).await)
        }
        WorkerCommand::Resume(Call {
            command,
            mut common,
        }) => {
            common.server.apply(early);
            let (client, format) = common.open()?;
            common.explain(change(&client, &command.worker, false, format).await)
        }
    }
}

async fn list(client: &Client, format: Format) -> Result<ExitCode> {
    let found = client.workers().await?;
    match format {
        Format::Json => json(&found)?,
        Format::Table => show(&found.workers)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn change(client: &Client, named: &str, draining: bool, format: Format) -> Result<ExitCode> {
    let worker = client.set_draining(named, draining).await?;
    match format {
        Format::Json => json(&worker)?,
        Format::Table => show(&[worker])?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(workers: &[Worker]) -> Result<()> {
    let rows = workers.iter().map(|worker| {
        let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let error = worker.last_error.as_ref();
        let error = error.map(|error| format!("{} {}", error.at, error.message));
        [
            worker.name.clone(),
            worker.id.clone(),
            worker.state.clone(),
            if worker.serves { "yes" } else { "no" }.to_owned(),
            or_dash(worker.cluster.as_deref()),
            match worker.kinds.as_slice() {
                [] => "-".to_owned(),
                kinds => kinds.join(","),
            },
            format!("{}/{}", worker.slots_taken, worker.slots),
            worker.leases.to_string(),
            worker.version.clone(),
            worker.last_seen_at.clone(),
            or_dash(error.as_deref()),
        ]
    });
    let header = [
        "NAME",
        "ID",
        "STATE",
        "SERVES",
        "CLUSTER",
        "KINDS",
        "SLOTS",
        "JOBS",
        "VERSION",
        "SEEN",
        "LAST ERROR",
    ];
    table(header, rows)
}
