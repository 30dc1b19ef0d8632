//! `reelgate dna`: fingerprint libraries, what is in them, and what a file shares with that.

mod add;
mod create;
mod find;
mod listing;
mod media;
mod remove;
mod ruler;
mod search;
mod show;
mod work;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reelgate_client::Client;

use super::screen::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum DnaCommand {
    /// Create a library.
    Create(create::Create),
    /// Store fingerprints of files in a library, and wait until they are there.
    Add(add::Add),
    /// Look for a file in a library, and show what they have in common.
    Search(search::Search),
    /// List libraries, or what one holds.
    List(listing::List),
    /// Remove entries from a library, or the whole library.
    Rm(remove::Remove),
}

pub(super) async fn run(client: &Client, command: DnaCommand, format: Format) -> Result<ExitCode> {
    match command {
        DnaCommand::Create(wanted) => create::run(client, wanted, format).await?,
        DnaCommand::Add(wanted) => return add::run(client, &wanted, format).await,
        DnaCommand::Search(wanted) => return search::run(client, &wanted, format).await,
        DnaCommand::List(wanted) => listing::run(client, wanted, format).await?,
        DnaCommand::Rm(wanted) => return remove::run(client, &wanted).await,
    }
    Ok(ExitCode::SUCCESS)
}
