//! `reelgate live update`: changes a stream, also while it runs.

use anyhow::{Result, bail};
use clap::Args;
use reelgate_client::{Client, SourceAddress, StreamChange, StreamInput};

use super::create::Trouble;
use super::outputs::Outputs;
use super::{find, show};
use crate::cli::screen::Format;

#[derive(Debug, Args)]
pub(crate) struct Change {
    /// By id or name.
    stream: String,
    /// Call it this.
    #[arg(long)]
    name: Option<String>,
    /// Take it from here.
    #[arg(long, value_name = "URL")]
    input: Option<String>,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    trouble: Trouble,
}

pub(super) async fn run(client: &Client, wanted: Change, format: Format) -> Result<()> {
    let id = find::id(client, &wanted.stream).await?;
    let (outputs, template) = match wanted.outputs.are_named() {
        true => (Some(wanted.outputs.read()?), None),
        false => (None, wanted.outputs.template()?),
    };
    let frozen_after_ms = wanted.trouble.frozen_after_ms();
    let input = match (wanted.input, frozen_after_ms) {
        (None, None) => None,
        (Some(address), _) => Some(StreamInput {
            address: SourceAddress::new(address),
            frozen_after_ms,
        }),
        (None, Some(_)) => Some(StreamInput {
            frozen_after_ms,
            ..client.stream(&id).await?.input
        }),
    };
    let change = StreamChange {
        name: wanted.name,
        input,
        outputs,
        template,
        on_source_lost: wanted.trouble.on_source_lost(),
        latency: wanted.trouble.latency(),
    };
    if change.is_empty() {
        bail!("nothing is to change: see `reelgate live update --help`");
    }
    show::one(client, &client.change_stream(&id, &change).await?, format).await
}
