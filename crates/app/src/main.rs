//! Reelgate: the one binary. Reads the command line and hands over.

#![expect(
    clippy::print_stderr,
    reason = "what ends the program is told to whoever started it"
)]

mod catalogue;
mod cli;
mod config;
mod copying;
mod demo;
mod doctor;
mod serve;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::cli::{CheckArgs, ClientCommand, WorkerCommand};
use crate::config::{
    BackupArgs, DemoArgs, DoctorArgs, EarlyArgs, MigrateArgs, RestoreArgs, ServeArgs, WorkerArgs,
};

/// A self-hosted media-processing service: jobs on FFmpeg, pausable pipelines, exact cancels.
#[derive(Debug, Parser)]
#[command(name = "reelgate", version, disable_help_subcommand = true)]
struct CommandLine {
    #[command(flatten)]
    early: EarlyArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service: the APIs and a worker.
    Serve(ServeArgs),
    /// Run a worker on a store that it shares with servers, or look at those that run.
    Worker(WorkerLine),
    /// Copy all records of a store to a file, also while servers use it.
    Backup(BackupArgs),
    /// Make a new store from a backup.
    Restore(RestoreArgs),
    /// Move a store from SQLite to PostgreSQL.
    Migrate(MigrateArgs),
    /// Show the whole thing at work on a short clip, on a server of its own.
    Demo(DemoArgs),
    /// Check that this machine has what the service needs.
    Doctor(DoctorArgs),
    /// Check that files and playlists are what professional outputs have to be.
    Check(CheckArgs),
    #[command(flatten)]
    Client(ClientCommand),
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
struct WorkerLine {
    #[command(subcommand)]
    command: Option<WorkerCommand>,
    #[command(flatten)]
    run: WorkerArgs,
}

impl Command {
    /// Whether it talks to a running server.
    fn is_client(&self) -> bool {
        match self {
            Self::Client(_) => true,
            Self::Worker(line) => line.command.is_some(),
            Self::Serve(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Migrate(_)
            | Self::Demo(_)
            | Self::Doctor(_)
            | Self::Check(_) => false,
        }
    }
}

fn main() -> ExitCode {
    // Before anything is set up: many of them run, and each is to be small.
    reelgate_media::guard_if_asked();
    // The one provider of cryptography. An error would mean that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let CommandLine { early, command } = CommandLine::parse();
    if early.server.is_some() && !command.is_client() {
        let message = "--server is for commands that talk to a running server";
        let kind = clap::error::ErrorKind::ArgumentConflict;
        CommandLine::command().error(kind, message).exit();
    }
    let run = async {
        match command {
            Command::Serve(mut args) => {
                log_to_stderr();
                args.data = early.data.unwrap_or(args.data);
                serve::run(args).await
            }
            Command::Worker(WorkerLine {
                command: Some(command),
                ..
            }) => cli::run_worker(command, early).await,
            Command::Worker(WorkerLine { mut run, .. }) => {
                log_to_stderr();
                run.data = early.data.unwrap_or(run.data);
                serve::worker::run(run).await
            }
            Command::Backup(mut args) => {
                args.data = early.data.unwrap_or(args.data);
                copying::backup(args).await
            }
            Command::Restore(mut args) => {
                args.data = early.data.unwrap_or(args.data);
                copying::restore(args).await
            }
            Command::Migrate(args) => copying::migrate(args).await,
            Command::Demo(mut args) => {
                args.data = early.data.or(args.data);
                demo::run(args).await
            }
            Command::Doctor(mut args) => {
                args.data = early.data.unwrap_or(args.data);
                doctor::run(args).await
            }
            Command::Check(args) => cli::run_check(args, &early).await,
            Command::Client(command) => cli::run(command, early).await,
        }
    };
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let outcome = runtime.block_on(run);
            // Nothing that still blocks a thread may keep the process.
            runtime.shutdown_background();
            outcome
        });
    outcome.unwrap_or_else(|error| {
        eprintln!("reelgate: {error:#}");
        ExitCode::FAILURE
    })
}

fn log_to_stderr() {
    let filter = EnvFilter::try_new(config::log_filter()).unwrap_or_else(|error| {
        eprintln!("reelgate: REELGATE_LOG is not understood ({error}); logging at info");
        EnvFilter::new("info")
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
