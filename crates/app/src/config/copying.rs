//! What backups, restores and migrations are told.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use super::store::StoreUrl;
use super::{DEFAULT_DATA, StoreArgs, StoreChoice};

/// What is backed up, and where to.
#[derive(Clone, Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write; it must not exist yet.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Data directory of the server, which may be running.
    #[arg(long, env = "REELGATE_DATA", default_value = DEFAULT_DATA, value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What is restored, and where to.
#[derive(Clone, Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Data directory of the new server: empty, or not there yet.
    #[arg(long, env = "REELGATE_DATA", default_value = DEFAULT_DATA, value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What is moved, and where to.
#[derive(Clone, Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The store that is moved: `sqlite:DIR`, a data directory that no server uses.
    #[arg(long, value_name = "URL")]
    from: StoreUrl,
    /// The store that it is moved to: postgres://…, an empty database. Whoever lists processes sees what
    /// is given here; an address with a password belongs into REELGATE_STORE or --to-file.
    #[arg(
        long,
        env = "REELGATE_STORE",
        hide_env_values = true,
        value_name = "URL",
        required_unless_present = "to_file"
    )]
    to: Option<StoreUrl>,
    /// File with the address of the store that it is moved to, readable by its owner only.
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    to_file: Option<PathBuf>,
}

impl MigrateArgs {
    /// The store that is moved.
    pub(crate) fn source(&self) -> Result<StoreChoice> {
        self.from.choice("--from")
    }

    /// The store that it is moved to.
    pub(crate) fn target(&self) -> Result<StoreChoice> {
        match (&self.to, &self.to_file) {
            (Some(to), _) => to.choice("--to"),
            (None, Some(file)) => StoreUrl::from_file(file)?.choice("--to-file"),
            (None, None) => bail!("--to or --to-file has to say where the store is moved to"),
        }
    }
}
