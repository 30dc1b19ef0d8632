//! The client commands: they talk to a running server over the native API.

mod account;
mod address;
mod audit;
mod bucket;
mod check;
mod cluster;
mod connect;
mod dna;
mod errors;
mod input;
mod job;
mod key;
mod live;
mod master_key;
mod notify;
mod pipeline;
mod playlist;
mod policy;
mod preset;
mod progress;
mod project;
mod prune;
mod role;
mod screen;
mod source;
mod submit;
mod user;
mod worker;

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use reelgate_client::{Client, Error, InAccount};

use crate::config::{ClientArgs, EarlyArgs};
use screen::Format;

pub(crate) use check::{CheckArgs, run as run_check};
pub(crate) use worker::{WorkerCommand, run as run_worker};

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
    /// Create live streams, start, watch and stop them.
    Live(AccountGroup<live::LiveCommand>),
    /// Recognise media: keep fingerprints in libraries and look for files in them.
    Dna(Group<dna::DnaCommand>),
    /// Look at the presets.
    Preset(Group<preset::PresetCommand>),
    /// Write master playlists over finished HLS jobs.
    Playlist(Group<playlist::PlaylistCommand>),
    /// Show what has happened to jobs, or follow it.
    Events(Call<notify::EventsCommand>),
    /// Have events sent to URLs.
    Webhook(Group<notify::WebhookCommand>),
    /// Say where the messages of topics and queues go.
    Topic(Group<notify::TopicCommand>),
    /// Look at what was sent, and send it again.
    Delivery(Group<notify::DeliveryCommand>),
    /// Create accounts, turn features on, set call limits; for operators.
    Account(Group<account::AccountCommand>),
    /// Create and list projects.
    Project(AccountGroup<project::ProjectCommand>),
    /// Create, disable, rotate and delete keys.
    Key(AccountGroup<key::KeyCommand>),
    /// Create users and attach policies to them.
    User(AccountGroup<user::UserCommand>),
    /// Write policies, and ask what they come to.
    Policy(AccountGroup<policy::PolicyCommand>),
    /// Create roles that others may assume.
    Role(AccountGroup<role::RoleCommand>),
    /// Show who called what, from where, and what came of it.
    Audit(AccountCall<audit::Audit>),
    /// Create, list and delete clusters of workers; for operators.
    Cluster(Group<cluster::ClusterCommand>),
    /// The key under which the server keeps secrets; for operators.
    MasterKey(Group<master_key::MasterKeyCommand>),
    /// Take away what has been kept for long enough; for operators.
    Prune(Call<prune::Prune>),
    /// What an error code of any API means and what to do; asks no server.
    Errors(errors::Errors),
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

/// Commands about things of an account.
#[derive(Debug, Args)]
pub(crate) struct AccountGroup<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    common: Common,
}

/// A command about an account.
#[derive(Debug, Args)]
pub(crate) struct AccountCall<C: Args> {
    #[command(flatten)]
    command: C,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Scope {
    /// Another account than the key's, by id or name; for operators.
    #[arg(long, global = true)]
    account: Option<String>,
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
    if let ClientCommand::Errors(wanted) = command {
        return errors::run(&wanted, &early);
    }
    if let Some(common) = command.common() {
        common.server.apply(early);
    }
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
        ClientCommand::Live(group) => {
            let (client, format) = group.common.open()?;
            let account = group.scope.of(&client);
            let outcome = live::run(&client, account, group.command, format).await;
            group.common.explain(outcome)
        }
        ClientCommand::Dna(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(dna::run(&client, command, format).await)
        }
        ClientCommand::Preset(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(preset::run(&client, command, format).await)
        }
        ClientCommand::Playlist(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(playlist::run(&client, command, format).await)
        }
        ClientCommand::Events(Call { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(notify::events(&client, command, format).await)
        }
        ClientCommand::Webhook(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(notify::webhook(&client, command, format).await)
        }
        ClientCommand::Topic(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(notify::topic(&client, command, format).await)
        }
        ClientCommand::Delivery(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(notify::delivery(&client, command, format).await)
        }
        ClientCommand::Account(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(account::run(&client, command, format).await)
        }
        ClientCommand::Project(group) => {
            let (client, format) = group.common.open()?;
            let account = group.scope.of(&client);
            let outcome = project::run(account, group.command, format).await;
            group.common.explain(outcome)
        }
        ClientCommand::Key(group) => {
            let (client, format) = group.common.open()?;
            let account = group.scope.of(&client);
            let outcome = key::run(account, group.command, format).await;
            group.common.explain(outcome)
        }
        ClientCommand::User(group) => {
            let (client, format) = group.common.open()?;
            let account = group.scope.of(&client);
            let outcome = user::run(account, group.command, format).await;
            group.common.explain(outcome)
        }
        ClientCommand::Policy(group) => {
            if let policy::PolicyCommand::Actions { product } = &group.command {
                return policy::actions(product.as_deref(), group.common.format);
            }
            let (client, format) = group.common.open()?;
            let account = group.scope.of(&client);
            let outcome = policy::run(account, group.command, format).await;
            group.common.explain(outcome)
        }
        ClientCommand::Role(group) => {
            let (client, format) = group.common.open()?;
            let account = group.scope.of(&client);
            let outcome = role::run(account, group.command, format).await;
            group.common.explain(outcome)
        }
        ClientCommand::Audit(call) => {
            let (client, format) = call.common.open()?;
            let account = call.scope.of(&client);
            let outcome = audit::run(account, call.command, format).await;
            call.common.explain(outcome)
        }
        ClientCommand::Cluster(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(cluster::run(&client, command, format).await)
        }
        ClientCommand::MasterKey(Group { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(master_key::run(&client, command, format).await)
        }
        ClientCommand::Prune(Call { command, common }) => {
            let (client, format) = common.open()?;
            common.explain(prune::run(&client, &command, format).await)
        }
        ClientCommand::Errors(_) => unreachable!("it was run without a server"),
    }
}

impl ClientCommand {
    /// What a command that talks to a server was told.
    fn common(&mut self) -> Option<&mut Common> {
        Some(match self {
            Self::Submit(call) => &mut call.common,
            Self::Job(group) => &mut group.common,
            Self::Pipeline(group) => &mut group.common,
            Self::Bucket(group) => &mut group.common,
            Self::Live(group) => &mut group.common,
            Self::Dna(group) => &mut group.common,
            Self::Preset(group) => &mut group.common,
            Self::Playlist(group) => &mut group.common,
            Self::Events(call) => &mut call.common,
            Self::Webhook(group) => &mut group.common,
            Self::Topic(group) => &mut group.common,
            Self::Delivery(group) => &mut group.common,
            Self::Account(group) => &mut group.common,
            Self::Project(group) => &mut group.common,
            Self::Key(group) => &mut group.common,
            Self::User(group) => &mut group.common,
            Self::Policy(group) => &mut group.common,
            Self::Role(group) => &mut group.common,
            Self::Audit(call) => &mut call.common,
            Self::Cluster(group) => &mut group.common,
            Self::MasterKey(group) => &mut group.common,
            Self::Prune(call) => &mut call.common,
            Self::Errors(_) => return None,
        })
    }
}

impl Scope {
    fn of<'a>(&'a self, client: &'a Client) -> InAccount<'a> {
        client.in_account(self.account.as_deref())
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
