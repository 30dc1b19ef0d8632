//! The client commands: they talk to a running server over the native API.

mod address;
mod bucket;
mod connect;
mod job;
mod pipeline;
mod playlist;
mod preset;
mod progress;
mod screen;
mod submit;

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use reelgate_client::{Client, Error};

use crate::config::{ClientArgs, EarlyArgs};
use screen::Format;

// No doc comment: clap would show it as what the whole program is about.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Upload a file, or take an object, and have it transcoded.
    Submit(Call<submit::Submit>),
    /// Look at jobs, wait for them, cancel them, queue them again.
    Job(Group<job::JobCommand>),
    /// Create, pause and resume pipelines.
    Pipeline(Group<pipeline::PipelineCommand>),
    /// Create buckets, list, store and fetch objects.
    Bucket(Group<bucket::BucketCommand>),
    /// Look at the presets.
    Preset(Group<preset::PresetCommand>),
    /// Write master playlists over finished HLS jobs.
    Playlist(Group<playlist::PlaylistCommand>),
}

/// A command with what every client command can be told.
#[derive(Debug, Args)]
pub(crate) struct Call<C: Args> {
    #[command(flatten)]
    command: C,
    #[command(flatten)]
    common: Common,
}

/// Commands about one thing, with what every client command can be told.
#[derive(Debug, Args)]
pub(crate) struct Group<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    server: ClientArgs,
    /// Tables for people, or the API's own JSON for programs.
    #[arg(
        short = 'o',
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    format: Format,
}

/// Carries a client command out. Fails with what failed, on which thing, and what to do.
///
/// The code is 0 for success and 1 where the thing asked for came to another end, such as a job
/// that failed; a command line that makes no sense ends in 2 before this.
pub(crate) async fn run(mut command: ClientCommand, early: EarlyArgs) -> Result<ExitCode> {
    command.common().server.apply(early);
    match command {
        ClientCommand::Submit(Call { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(submit::run(&client, command, format).await)
        }
        ClientCommand::Job(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(job::run(&client, command, format).await)
        }
        ClientCommand::Pipeline(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(pipeline::run(&client, command, format).await)
        }
        ClientCommand::Bucket(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(bucket::run(&client, command, format).await)
        }
        ClientCommand::Preset(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(preset::run(&client, command, format).await)
        }
        ClientCommand::Playlist(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(playlist::run(&client, command, format).await)
        }
    }
}

impl ClientCommand {
    fn common(&mut self) -> &mut Common {
        match self {
            Self::Submit(call) => &mut call.common,
            Self::Job(group) => &mut group.common,
            Self::Pipeline(group) => &mut group.common,
            Self::Bucket(group) => &mut group.common,
            Self::Preset(group) => &mut group.common,
            Self::Playlist(group) => &mut group.common,
        }
    }
}

impl Common {
    fn open(&self) -> Result<(Client, Format)> {
        Ok((connect::connect(&self.server)?, self.format))
    }

    /// Adds what to do where the client library cannot know it.
    fn explain(&self, outcome: Result<ExitCode>) -> Result<ExitCode> {
        outcome.map_err(|error| match error.downcast_ref() {
            Some(Error::Unreachable { .. }) => {
                anyhow!("{error}: {}", connect::advice(&self.server))
            }
            Some(Error::Tls { source, .. }) => {
                anyhow!("{error}{}", connect::tls_advice(&self.server, source))
            }
            Some(Error::Refused(problem)) if problem.status == 401 => {
                anyhow!("{error}: {}", connect::key_advice(&self.server))
            }
            _ => error,
        })
    }
}
