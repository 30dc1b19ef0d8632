//! `reelgate pipeline`: create, look at, pause and resume pipelines.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reelgate_client::{
    Client, NewPipeline, Pipeline, PipelineChange, PipelineQuery, PipelineState,
};

use super::screen::{Format, json, or_dash, remark, table};

#[derive(Debug, Subcommand)]
pub(crate) enum PipelineCommand {
    /// List pipelines, oldest first.
    List {
        /// Go on where an earlier page ended.
        #[arg(long)]
        cursor: Option<String>,
        /// How many pipelines, 1 to 100.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Create a pipeline.
    Create {
        name: String,
        /// How many of its jobs may run at once; no limit when left out.
        #[arg(long, value_name = "N")]
        concurrency: Option<u32>,
    },
    /// Show one pipeline, named by id or name.
    Get { pipeline: String },
    /// Start nothing more; what runs goes on, and submits are still accepted.
    Pause { pipeline: String },
    /// Start what is queued again.
    Resume { pipeline: String },
}

pub(super) async fn run(
    client: &Client,
    command: PipelineCommand,
    format: Format,
) -> Result<ExitCode> {
    let shown = match command {
        PipelineCommand::List { cursor, limit } => {
            list(client, cursor, limit, format).await?;
            return Ok(ExitCode::SUCCESS);
        }
        PipelineCommand::Create { name, concurrency } => {
            client
                .create_pipeline(&NewPipeline { name, concurrency })
                .await?
        }
        PipelineCommand::Get { pipeline } => client.pipeline(&pipeline).await?,
        PipelineCommand::Pause { pipeline } => {
            change(client, &pipeline, PipelineState::Paused).await?
        }
        PipelineCommand::Resume { pipeline } => {
            change(client, &pipeline, PipelineState::Active).await?
        }
    };
    match format {
        Format::Json => json(&shown)?,
        Format::Table => show(&[shown])?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &Client, cursor: Option<String>, limit: u32, format: Format) -> Result<()> {
    let query = PipelineQuery {
        state: None,
        cursor,
        limit: Some(limit),
    };
    let page = client.pipelines(&query).await?;
    if format == Format::Json {
        return json(&page);
    }
    show(&page.pipelines)?;
    if let Some(cursor) = page.next_cursor {
        remark(&format!("there are more: add --cursor {cursor}"));
    }
    Ok(())
}

async fn change(client: &Client, pipeline: &str, state: PipelineState) -> Result<Pipeline> {
    let change = PipelineChange {
        state: Some(state),
        ..PipelineChange::default()
    };
    Ok(client.change_pipeline(pipeline, &change).await?)
}

fn show(pipelines: &[Pipeline]) -> Result<()> {
    let header = [
        "ID",
        "NAME",
        "STATE",
        "QUEUED",
        "RUNNING",
        "CONCURRENCY",
        "CREATED",
    ];
    table(header, pipelines.iter().map(row))
}

fn row(pipeline: &Pipeline) -> [String; 7] {
    [
        pipeline.id.clone(),
        pipeline.name.clone(),
        pipeline.state.to_string(),
        pipeline.queued.to_string(),
        pipeline.running.to_string(),
        or_dash(pipeline.concurrency),
        pipeline.created_at.clone(),
    ]
}
