//! `reelgate live start` and `stop`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use reelgate_client::{Client, Stream, StreamState};

use super::find;
use crate::cli::screen::{Format, json, line, remark};

/// How long one call waits; another follows.
const LOOK: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct Start {
    /// By id or name.
    #[arg(required = true, value_name = "STREAM")]
    streams: Vec<String>,
    /// Wait until they are live; 1 if one is given up or stopped before.
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// By id or name.
    #[arg(required = true, value_name = "STREAM")]
    streams: Vec<String>,
    /// Return as soon as the stop is decided.
    #[arg(long)]
    no_wait: bool,
}

pub(super) async fn start(client: &Client, wanted: &Start, format: Format) -> Result<ExitCode> {
    let mut all = Told::new(format, wanted.streams.len());
    for stream in &wanted.streams {
        let started = async {
            let id = find::id(client, stream).await?;
            let started = client
                .start_stream(&id, wanted.wait.then_some(LOOK))
                .await?;
            match wanted.wait {
                true => settled(client, started).await,
                false => Ok(started),
            }
        };
        all.tell(started.await, |it| it.state.is_wanted())?;
    }
    Ok(all.code)
}

/// The stream when something comes out of it, or when it is not to run any more.
async fn settled(client: &Client, mut stream: Stream) -> Result<Stream> {
    while stream.state.is_wanted() && stream.state != StreamState::Live {
        stream = client.stream_settled(&stream.id, LOOK).await?;
    }
    Ok(stream)
}

pub(super) async fn stop(client: &Client, wanted: &Stop, format: Format) -> Result<ExitCode> {
    let mut all = Told::new(format, wanted.streams.len());
    for stream in &wanted.streams {
        let stopped = async {
            let id = find::id(client, stream).await?;
            let patience = (!wanted.no_wait).then_some(LOOK);
            let mut stopped = client.stop_stream(&id, patience).await?;
            while !wanted.no_wait && stopped.state == StreamState::Stopping {
                stopped = client.stream_settled(&id, LOOK).await?;
            }
            Ok(stopped)
        };
        all.tell(stopped.await, |it| !it.state.is_wanted())?;
    }
    Ok(all.code)
}

/// What became of each, and of all of them.
struct Told {
    format: Format,
    is_only: bool,
    code: ExitCode,
}

impl Told {
    fn new(format: Format, count: usize) -> Self {
        Self {
            format,
            is_only: count == 1,
            code: ExitCode::SUCCESS,
        }
    }

    /// What one refuses keeps no other from being asked.
    fn tell(&mut self, outcome: Result<Stream>, is_well: impl Fn(&Stream) -> bool) -> Result<()> {
        match outcome {
            Ok(stream) => {
                if !is_well(&stream) {
                    self.code = ExitCode::FAILURE;
                }
                match self.format {
                    Format::Json => json(&stream)?,
                    Format::Table => line(&sentence(&stream))?,
                }
            }
            Err(error) if self.is_only => return Err(error),
            Err(error) => {
                remark(&format!("reelgate: {error}"));
                self.code = ExitCode::FAILURE;
            }
        }
        Ok(())
    }
}

/// What a stream is doing, as a sentence.
fn sentence(stream: &Stream) -> String {
    let Stream {
        id, name, state, ..
    } = stream;
    let why = match (&stream.ended, &stream.worker) {
        (Some(ended), _) => format!(": {}", ended.message),
        (None, Some(worker)) => format!(" on {worker}"),
        (None, None) => String::new(),
    };
    format!("stream {name} ({id}) is {state}{why}")
}
