//! `reelgate live list`.

use anyhow::Result;
use clap::Args;
use reelgate_client::{Client, Stream, StreamHealth, StreamQuery};

use super::show::rate;
use crate::cli::screen::{Format, json, or_dash, remark, table};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of a cluster.
    #[arg(long)]
    cluster: Option<String>,
    /// Only those that are to run.
    #[arg(long, conflicts_with = "idle")]
    running: bool,
    /// Only those that are not to run.
    #[arg(long)]
    idle: bool,
    /// Only this id, or names that have this in them.
    #[arg(long)]
    keyword: Option<String>,
    /// Go on where an earlier page ended.
    #[arg(long)]
    cursor: Option<String>,
    /// How many streams, 1 to 100.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(client: &Client, wanted: List, format: Format) -> Result<()> {
    let query = StreamQuery {
        cluster: wanted.cluster,
        running: match (wanted.running, wanted.idle) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        keyword: wanted.keyword,
        cursor: wanted.cursor,
        limit: Some(wanted.limit),
    };
    let page = client.streams(&query).await?;
    if format == Format::Json {
        return json(&page);
    }
    let header = [
        "ID", "NAME", "CLUSTER", "STATE", "IN", "OUT", "FPS", "INPUT", "OUTPUTS", "STARTED",
    ];
    table(header, page.streams.iter().map(row))?;
    if let Some(cursor) = page.next_cursor {
        remark(&format!("there are more: add --cursor {cursor}"));
    }
    Ok(())
}

fn row(stream: &Stream) -> [String; 10] {
    let running = stream.state.is_wanted();
    let health = stream.health.as_ref().filter(|_| running);
    let seen = |of: fn(&StreamHealth) -> String| or_dash(health.map(of));
    [
        stream.id.clone(),
        stream.name.clone(),
        stream.cluster.clone(),
        stream.state.to_string(),
        seen(|health| rate(health.in_kbps)),
        seen(|health| rate(health.out_kbps)),
        seen(|health| format!("{:.1}", health.fps)),
        stream.input.address.to_string(),
        stream.outputs.len().to_string(),
        or_dash(stream.last_start_at.as_ref()),
    ]
}
