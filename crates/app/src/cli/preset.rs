//! `reelgate preset`: look at the presets.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reelgate_client::Client;

use super::screen::{Format, json, table};

#[derive(Debug, Subcommand)]
pub(crate) enum PresetCommand {
    /// List the presets.
    List,
}

pub(super) async fn run(
    client: &Client,
    command: PresetCommand,
    format: Format,
) -> Result<ExitCode> {
    let PresetCommand::List = command;
    let found = client.presets().await?;
    match format {
        Format::Json => json(&found)?,
        Format::Table => {
            let rows = found
                .presets
                .into_iter()
                .map(|preset| [preset.name, preset.summary]);
            table(["NAME", "SUMMARY"], rows)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
