//! `reelgate dna search`: what a file has in common with what is in a library.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use reelgate_client::{Client, Job, JobState, Library, Matches, SaveMode};
use reelgate_domain::dna::PrimaryKey;

use super::ruler::{self, Ruler};
use super::work::How;
use super::{find, show};
use crate::cli::job::watch;
use crate::cli::screen::{Format, json, line, remark, width};
use crate::cli::source::source;

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// By id or name. Left out with --library, and where there is only one library.
    #[arg(value_name = "LIBRARY")]
    first: String,
    /// A file on this machine, or an object such as oss://bucket/key.
    #[arg(value_name = "FILE|oss://…", conflicts_with = "library")]
    second: Option<String>,
    /// The library, by id or name, in place of the first argument.
    #[arg(long, value_name = "LIBRARY")]
    library: Option<String>,
    #[command(flatten)]
    how: How,
    /// Draw the ruler also where the output is no terminal.
    #[arg(long)]
    ruler: bool,
}

pub(super) async fn run(client: &Client, wanted: &Search, format: Format) -> Result<ExitCode> {
    let (library, file) = match (&wanted.second, &wanted.library) {
        (Some(file), _) => (find::library(client, &wanted.first).await?, file),
        (None, Some(library)) => (find::library(client, library).await?, &wanted.first),
        (None, None) => (find::only(client).await?, &wanted.first),
    };
    let file = source(file).map_err(anyhow::Error::msg)?;
    let name = file.name()?.to_owned();
    // Nothing is stored by it.
    let key = PrimaryKey::new(name.as_str()).map_or_else(|_| "search".to_owned(), String::from);
    let work = wanted
        .how
        .submit(client, &library, &file, &key, SaveMode::Never)
        .await?;
    let job = watch::ended(client, &work.job.id).await?;
    if job.state != JobState::Succeeded {
        return watch::result(&job, format);
    }
    let matches = client.matches(&job.id).await?;
    work.forget(client).await;
    match format {
        Format::Json => json(&matches)?,
        Format::Table if matches.entries.is_empty() => {
            remark(&format!("nothing of {name} is in library {}", library.name));
        }
        Format::Table => {
            if wanted.ruler || io::stdout().is_terminal() {
                line(&drawn(client, &library, &job, &name, &matches).await?)?;
            }
            show::matches(&matches)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn drawn(
    client: &Client,
    library: &Library,
    job: &Job,
    name: &str,
    matches: &Matches,
) -> Result<String> {
    let shown = &matches.entries[..matches.entries.len().min(ruler::MOST_ENTRIES)];
    let keys: Vec<String> = shown.iter().map(|entry| entry.key.clone()).collect();
    let known = client.find_library_entries(&library.id, &keys).await?;
    let of_input = job.outputs.first().and_then(|output| output.facts.as_ref());
    let ruler = Ruler {
        input: name,
        input_seconds: of_input.and_then(|facts| facts.duration_s),
        entries: shown,
        known: &known,
    };
    let mut text = ruler.draw(width());
    let more = matches.entries.len() - shown.len();
    if more > 0 {
        text.push_str(&format!("and {more} more\n"));
    }
    Ok(text)
}
