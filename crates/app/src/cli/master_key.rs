//! `reelgate master-key`: the key under which the server keeps secrets.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reelgate_client::Client;

use super::screen::{Format, json, line};

#[derive(Debug, Subcommand)]
pub(crate) enum MasterKeyCommand {
    /// Make a new master key and seal every secret with it.
    Rotate,
}

pub(super) async fn run(
    client: &Client,
    command: MasterKeyCommand,
    format: Format,
) -> Result<ExitCode> {
    let MasterKeyCommand::Rotate = command;
    let rotated = client.rotate_master_key().await?;
    match format {
        Format::Json => json(&rotated)?,
        Format::Table => line(&format!(
            "master key {} seals {} secrets",
            rotated.key_id, rotated.resealed
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}
