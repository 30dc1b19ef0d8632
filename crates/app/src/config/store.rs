//! Which store is used. Its address may hold a password, so it is never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::Args;

/// Where the record is kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct StoreArgs {
    /// Where jobs and accounts are kept: `sqlite:DIR` for one machine, postgres://… for any number of
    /// them. Default: SQLite in the data directory. Whoever lists processes sees what is given here;
    /// an address with a password belongs into REELGATE_STORE or --store-file.
    #[arg(
        long,
        env = "REELGATE_STORE",
        hide_env_values = true,
        value_name = "URL"
    )]
    store: Option<StoreUrl>,
    /// File with the address of the store, readable by its owner only.
    #[arg(
        long,
        env = "REELGATE_STORE_FILE",
        value_name = "FILE",
        conflicts_with = "store"
    )]
    store_file: Option<PathBuf>,
    /// Connections to PostgreSQL for calls, beside the few that every node has for its own work.
    #[arg(
        long,
        env = "REELGATE_STORE_CONNECTIONS",
        default_value_t = DEFAULT_CONNECTIONS,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    store_connections: u16,
}

const DEFAULT_CONNECTIONS: u16 = 8;

impl Default for StoreArgs {
    fn default() -> Self {
        Self {
            store: None,
            store_file: None,
            store_connections: DEFAULT_CONNECTIONS,
        }
    }
}

/// An address as it was given. It can be printed by nobody.
#[derive(Clone)]
pub(crate) struct StoreUrl(String);

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl(…)")
    }
}

impl FromStr for StoreUrl {
    type Err = std::convert::Infallible;

    // It is looked at later: clap would print what it refuses.
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

/// A store that can be opened.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StoreChoice {
    /// SQLite in this directory.
    Sqlite(PathBuf),
    Postgres {
        url: String,
        connections: usize,
    },
}

impl StoreArgs {
    /// The store that is meant; SQLite in `data` if nothing is said.
    pub(crate) fn choice(&self, data: &Path) -> Result<StoreChoice> {
        let from_file;
        let url = match (&self.store, &self.store_file) {
            (Some(StoreUrl(url)), _) => url.as_str(),
            (None, Some(file)) => {
                from_file = read_private(file)?;
                from_file.trim()
            }
            (None, None) => "",
        };
        if url.is_empty() {
            return Ok(StoreChoice::Sqlite(data.to_owned()));
        }
        read(url, "--store", usize::from(self.store_connections))
    }
}

/// The store that an address means; `option` is where it was given.
fn read(url: &str, option: &str, connections: usize) -> Result<StoreChoice> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let url = url.to_owned();
        return Ok(StoreChoice::Postgres { url, connections });
    }
    let Some(dir) = url.strip_prefix("sqlite:") else {
        bail!(
            "a store is sqlite:DIR or postgres://USER:PASSWORD@HOST/DATABASE, and {option} is neither"
        );
    };
    let dir = dir.strip_prefix("//").unwrap_or(dir);
    if dir.is_empty() {
        bail!("{option} sqlite: names no directory");
    }
    Ok(StoreChoice::Sqlite(dir.into()))
}

impl StoreUrl {
    /// The store that it means, given as the option of this name.
    pub(super) fn choice(&self, option: &str) -> Result<StoreChoice> {
        read(&self.0, option, usize::from(DEFAULT_CONNECTIONS))
    }

    /// What a file holds that only its owner can read.
    pub(super) fn from_file(file: &Path) -> Result<Self> {
        Ok(Self(read_private(file)?.trim().to_owned()))
    }
}

/// A file that only its owner can read.
fn read_private(file: &Path) -> Result<String> {
    use std::os::unix::fs::MetadataExt;
    let name = file.display();
    let read = || -> std::io::Result<(u32, String)> {
        let mode = file.metadata()?.mode();
        Ok((mode, std::fs::read_to_string(file)?))
    };
    let (mode, text) =
        read().with_context(|| format!("reading the store's address from {name}"))?;
    if mode & 0o077 != 0 {
        bail!("{name} can be read by others and may hold a password: chmod 600 {name}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn choice(url: &str) -> Result<StoreChoice> {
        let args = StoreArgs {
            store: Some(url.parse().unwrap()),
            store_connections: 3,
            ..StoreArgs::default()
        };
        args.choice(Path::new("data"))
    }

    fn sqlite(dir: &str) -> StoreChoice {
        StoreChoice::Sqlite(dir.into())
    }

    #[test]
    fn a_store_is_named_by_its_scheme() {
        assert!(choice("").unwrap() == sqlite("data"));
        assert!(choice("sqlite:/srv/reelgate").unwrap() == sqlite("/srv/reelgate"));
        assert!(choice("sqlite:///srv/reelgate").unwrap() == sqlite("/srv/reelgate"));
        for url in ["postgres://u:secret@db/x", "postgresql://u:secret@db/x"] {
            let connections = 3;
            let url = url.to_owned();
            let expected = StoreChoice::Postgres {
                url: url.clone(),
                connections,
            };
            assert!(choice(&url).unwrap() == expected);
        }
    }

    #[test]
    fn what_is_refused_is_not_repeated() {
        for url in ["mysql://u:secret@db/x", "sqlite:", "secret"] {
            let refused = format!("{:#}", choice(url).err().unwrap());
            assert!(!refused.contains("secret"), "{refused}");
        }
        let args = StoreArgs {
            store: Some("postgres://u:secret@db/x".parse().unwrap()),
            ..StoreArgs::default()
        };
        assert!(!format!("{args:?}").contains("secret"));
    }

    #[test]
    fn a_file_with_the_address_is_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store");
        std::fs::write(&file, "postgres://u:secret@db/x\n").unwrap();
        let args = StoreArgs {
            store_file: Some(file.clone()),
            ..StoreArgs::default()
        };
        let mode = |mode| std::fs::set_permissions(&file, PermissionsExt::from_mode(mode));
        mode(0o644).unwrap();
        let refused = args.choice(Path::new("data")).err().unwrap().to_string();
        assert!(refused.contains("chmod 600"), "{refused}");
        mode(0o600).unwrap();
        assert!(matches!(
            args.choice(Path::new("data")).unwrap(),
            StoreChoice::Postgres { url, .. } if url.ends_with("/x")
        ));
    }
}
