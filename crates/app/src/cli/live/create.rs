//! `reelgate live create`: makes a stream, and starts it if asked to.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use reelgate_client::{Client, Latency, NewStream, OnSourceLost, SourceAddress, StreamInput};

use super::outputs::Outputs;
use super::show;
use crate::cli::screen::Format;

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Letters, digits, - and _.
    name: String,
    /// Where it comes from: an RTMP, RTMPS, SRT or RTSP address, or HLS or FLV by HTTP or HTTPS.
    #[arg(long, value_name = "URL")]
    input: String,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    trouble: Trouble,
    /// The group of workers that runs it. Default: default.
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,
    /// Start it at once.
    #[arg(long)]
    start: bool,
}

/// What is done about delays and about a source that is away.
#[derive(Debug, Args)]
pub(super) struct Trouble {
    /// What comes first: little delay (low), or a smooth stream (normal).
    #[arg(long, value_parser = ["low", "normal"])]
    latency: Option<String>,
    /// Give the stream up after so many minutes without its source, 1 to 10080.
    #[arg(long, value_name = "MINUTES", conflicts_with = "keep_trying")]
    stop_after: Option<u32>,
    /// Try again and again while its source is away. This is the default.
    #[arg(long)]
    keep_trying: bool,
    /// A source that sends nothing for so many milliseconds counts as lost, 1000 to 600000. Default: 5000.
    #[arg(long, value_name = "MS")]
    frozen_after_ms: Option<u32>,
}

impl Trouble {
    pub(super) fn latency(&self) -> Option<Latency> {
        Some(match self.latency.as_deref()? {
            "normal" => Latency::Normal,
            _ => Latency::Low,
        })
    }

    pub(super) fn on_source_lost(&self) -> Option<OnSourceLost> {
        let stop = self.stop_after.map(OnSourceLost::StopAfterMinutes);
        stop.or(self.keep_trying.then_some(OnSourceLost::KeepTrying))
    }

    pub(super) fn frozen_after_ms(&self) -> Option<u32> {
        self.frozen_after_ms
    }
}

pub(super) async fn run(client: &Client, wanted: Create, format: Format) -> Result<ExitCode> {
    if !wanted.outputs.are_named() {
        bail!("a stream goes somewhere: name an --output, --hls or --record");
    }
    let new = NewStream {
        name: wanted.name,
        cluster: wanted.cluster,
        input: StreamInput {
            address: SourceAddress::new(wanted.input),
            frozen_after_ms: wanted.trouble.frozen_after_ms(),
        },
        outputs: wanted.outputs.read()?,
        on_source_lost: wanted.trouble.on_source_lost(),
        latency: wanted.trouble.latency(),
    };
    let mut stream = client.create_stream(&new).await?;
    if wanted.start {
        stream = client.start_stream(&stream.id, None).await?;
    }
    show::one(client, &stream, format).await?;
    Ok(ExitCode::SUCCESS)
}
