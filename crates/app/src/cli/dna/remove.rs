//! `reelgate dna rm`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use reelgate_client::Client;

use super::find;
use crate::cli::screen::{line, remark};

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// By id or name. Without keys the whole library is deleted.
    library: String,
    /// The entries to remove.
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// Remove all entries and keep the library.
    #[arg(long, conflicts_with = "keys")]
    all_entries: bool,
}

/// Each key, whatever becomes of the others.
pub(super) async fn run(client: &Client, wanted: &Remove) -> Result<ExitCode> {
    let library = find::library(client, &wanted.library).await?;
    let (id, name) = (&library.id, &wanted.library);
    if wanted.all_entries {
        client.purge_library(id).await?;
        line(&format!("library {name} is empty"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if wanted.keys.is_empty() {
        client.delete_library(id).await?;
        line(&format!("library {name} is deleted"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut code = ExitCode::SUCCESS;
    for key in &wanted.keys {
        match remove(client, id, key).await {
            Ok(()) => line(&format!("{key} is removed from library {name}"))?,
            Err(error) if wanted.keys.len() == 1 => return Err(error),
            Err(error) => {
                remark(&format!("reelgate: {error}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

async fn remove(client: &Client, library: &str, key: &str) -> Result<()> {
    let keys = [key.to_owned()];
    if client.delete_library_entries(library, &keys).await? == 0 {
        bail!("library {library} has no entry {key}");
    }
    Ok(())
}
