//! `reelgate live domains`: where an account's streams may come from and go to.

use anyhow::Result;
use clap::Args;
use reelgate_client::InAccount;

use crate::cli::screen::{Format, json, table};

/// Where `any` stands, every public host is meant.
const ANY: &str = "any";

#[derive(Debug, Args)]
pub(crate) struct Domains {
    /// Streams may come from these only: example.com, *.example.com or HOST:PORT; repeat it or use commas. `any` is every public host.
    #[arg(long, value_name = "DOMAIN,…", value_delimiter = ',')]
    pull: Vec<String>,
    /// Streams may go to these only.
    #[arg(long, value_name = "DOMAIN,…", value_delimiter = ',')]
    push: Vec<String>,
}

pub(super) async fn run(account: InAccount<'_>, wanted: Domains, format: Format) -> Result<()> {
    let mut rules = account.stream_rules().await?;
    let (pull, push) = (patterns(wanted.pull), patterns(wanted.push));
    if pull.is_some() || push.is_some() {
        rules.pull = pull.unwrap_or(rules.pull);
        rules.push = push.unwrap_or(rules.push);
        rules = account.set_stream_rules(&rules).await?;
    }
    if format == Format::Json {
        return json(&rules);
    }
    let rows = [("from", &rules.pull), ("to", &rules.push)].map(|(way, patterns)| {
        let patterns = match patterns.as_slice() {
            [] => "any public host".to_owned(),
            some => some.join(", "),
        };
        [way.to_owned(), patterns]
    });
    table(["STREAMS", "MAY COME FROM OR GO TO"], rows)
}

/// None if nothing is said; an empty list for every host.
fn patterns(said: Vec<String>) -> Option<Vec<String>> {
    match said.as_slice() {
        [] => None,
        [any] if any == ANY => Some(Vec::new()),
        _ => Some(said),
    }
}
