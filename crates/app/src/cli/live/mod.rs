//! `reelgate live`: create, start, watch and stop live streams, and say how they are encoded and where they may go.

mod change;
mod create;
mod domains;
mod find;
mod listing;
mod outputs;
mod running;
mod show;
mod signs;
mod template;
mod watch;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;
use reelgate_client::{Client, InAccount};

use super::screen::{Format, json, line, remark};

#[derive(Debug, Subcommand)]
pub(crate) enum LiveCommand {
    /// Create a stream: where it comes from, what is made of it, where that goes.
    Create(create::Create),
    /// Start streams, with --wait until they are live.
    Start(running::Start),
    /// Stop streams and wait until their processes are gone.
    Stop(running::Stop),
    /// Change a stream; one that runs switches over.
    Update(change::Change),
    /// Delete streams that do not run, with all that was noted of them.
    Delete {
        /// By id or name.
        #[arg(required = true, value_name = "STREAM")]
        streams: Vec<String>,
    },
    /// List streams, newest first.
    List(listing::List),
    /// Show one stream.
    Get {
        /// By id or name.
        stream: String,
    },
    /// Follow a stream until it is stopped; the exit code says whether somebody did that.
    Watch {
        /// By id or name.
        stream: String,
    },
    /// Tell what has happened to a stream, the newest first.
    Notes {
        /// By id or name.
        stream: String,
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Write the newest thumbnail of a stream, a JPEG, to a file, or to the standard output for -.
    Thumbnail {
        /// By id or name.
        stream: String,
        file: String,
    },
    /// Templates: how streams are encoded.
    #[command(subcommand)]
    Template(template::TemplateCommand),
    /// Show the domains that streams may come from and go to, or set them.
    Domains(domains::Domains),
}

pub(super) async fn run(
    client: &Client,
    account: InAccount<'_>,
    command: LiveCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        LiveCommand::Create(wanted) => return create::run(client, wanted, format).await,
        LiveCommand::Start(wanted) => return running::start(client, &wanted, format).await,
        LiveCommand::Stop(wanted) => return running::stop(client, &wanted, format).await,
        LiveCommand::Update(wanted) => change::run(client, wanted, format).await?,
        LiveCommand::Delete { streams } => return delete(client, &streams).await,
        LiveCommand::List(wanted) => listing::run(client, wanted, format).await?,
        LiveCommand::Get { stream } => {
            let id = find::id(client, &stream).await?;
            show::one(client, &client.stream(&id).await?, format).await?;
        }
        LiveCommand::Watch { stream } => return watch::run(client, &stream, format).await,
        LiveCommand::Notes { stream, limit } => notes(client, &stream, limit, format).await?,
        LiveCommand::Thumbnail { stream, file } => thumbnail(client, &stream, &file).await?,
        LiveCommand::Template(command) => template::run(client, command, format).await?,
        LiveCommand::Domains(wanted) => domains::run(account, wanted, format).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Each of them, whatever becomes of the others.
async fn delete(client: &Client, streams: &[String]) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for stream in streams {
        let deleted = async {
            let id = find::id(client, stream).await?;
            Ok::<_, anyhow::Error>(client.delete_stream(&id).await?)
        };
        match deleted.await {
            Ok(()) => line(&format!("stream {stream} is deleted"))?,
            Err(error) if streams.len() == 1 => return Err(error),
            Err(error) => {
                remark(&format!("reelgate: {error}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

async fn notes(client: &Client, stream: &str, limit: u32, format: Format) -> Result<()> {
    let id = find::id(client, stream).await?;
    let notes = client.stream_notes(&id, None, limit).await?;
    match format {
        Format::Json => json(&notes),
        Format::Table => show::notes(&notes.notes),
    }
}

async fn thumbnail(client: &Client, stream: &str, file: &str) -> Result<()> {
    let id = find::id(client, stream).await?;
    let picture = client.stream_thumbnail(&id).await?;
    if file == "-" {
        let mut out = std::io::stdout().lock();
        return Ok(out.write_all(&picture).and_then(|()| out.flush())?);
    }
    let writing = tokio::fs::write(file, &picture).await;
    writing.with_context(|| format!("{file} could not be written"))
}
