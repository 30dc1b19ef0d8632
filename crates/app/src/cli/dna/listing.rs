//! `reelgate dna list`.

use anyhow::Result;
use clap::Args;
use reelgate_client::{Client, EntryQuery};

use super::{find, show};
use crate::cli::screen::{Format, json, remark};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// By id or name; without it, the libraries are listed.
    library: Option<String>,
    /// Only entries after this key.
    #[arg(long, value_name = "KEY", requires = "library")]
    after: Option<String>,
    /// How many entries, 1 to 500.
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

pub(super) async fn run(client: &Client, wanted: List, format: Format) -> Result<()> {
    let Some(name) = wanted.library else {
        let found = client.libraries().await?;
        return match format {
            Format::Json => json(&found),
            Format::Table => show::libraries(&found.libraries),
        };
    };
    let library = find::library(client, &name).await?;
    let query = EntryQuery {
        after: wanted.after,
        limit: Some(wanted.limit),
    };
    let page = client.library_entries(&library.id, &query).await?;
    if format == Format::Json {
        return json(&page);
    }
    show::entries(&page.entries)?;
    if let Some(after) = page.next_after {
        remark(&format!("there are more: add --after '{after}'"));
    }
    Ok(())
}
