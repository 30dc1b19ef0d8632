//! `reelgate dna add`: stores fingerprints of files in a library.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use reelgate_client::{Client, Job, JobState, Library, LibraryEntry, Matches, SaveMode};
use reelgate_domain::dna::PrimaryKey;
use serde::Serialize;

use super::find;
use super::work::{How, Work};
use crate::cli::job::watch;
use crate::cli::screen::{Format, json, line, remark};
use crate::cli::source::{Source, source};

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// By id or name.
    library: String,
    /// Files on this machine, or objects such as oss://bucket/key.
    #[arg(value_name = "FILE|oss://…", required = true, value_parser = source)]
    files: Vec<Source>,
    /// What the file is called in the library. Default: the last part of its name.
    #[arg(long)]
    key: Option<String>,
    /// What is stored.
    #[arg(long, value_enum, default_value_t)]
    save: Save,
    #[command(flatten)]
    how: How,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Save {
    /// What has no duplicate in the library.
    #[default]
    IfNew,
    /// Everything; duplicates are told of.
    Always,
    /// Everything, without a search.
    Only,
}

impl Save {
    const fn mode(self) -> SaveMode {
        match self {
            Self::IfNew => SaveMode::IfNew,
            Self::Always => SaveMode::Always,
            Self::Only => SaveMode::Only,
        }
    }
}

/// What became of one file.
#[derive(Serialize)]
struct Added {
    job: Job,
    /// Absent if nothing was stored.
    entry: Option<LibraryEntry>,
    /// Absent if nothing was searched.
    matches: Option<Matches>,
}

/// What one file meets keeps no other from being added.
pub(super) async fn run(client: &Client, wanted: &Add, format: Format) -> Result<ExitCode> {
    let is_only = wanted.files.len() == 1;
    if wanted.key.is_some() && !is_only {
        let files = wanted.files.len();
        remark(&format!(
            "error: one --key for {files} files: add each by itself"
        ));
        return Ok(ExitCode::from(2));
    }
    let library = find::library(client, &wanted.library).await?;
    let mut code = ExitCode::SUCCESS;
    // All of them first, so that they are worked on side by side.
    let mut queued = Vec::new();
    for file in &wanted.files {
        match submit(client, &library, file, wanted).await {
            Ok(work) => queued.push(work),
            Err(error) if is_only => return Err(error),
            Err(error) => {
                remark(&format!("reelgate: {error:#}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    for (key, work) in queued {
        let added = ended(client, &library, &key, &work, wanted.save).await?;
        if added.job.state != JobState::Succeeded {
            code = ExitCode::FAILURE;
        }
        match format {
            Format::Json => json(&added)?,
            Format::Table => line(&sentence(&library, &key, &added))?,
        }
        if let Some(fault) = &added.job.fault {
            remark(&format!("{}: {}", fault.code, fault.message));
        }
    }
    Ok(code)
}

/// What would be refused only after an upload is asked for first.
async fn submit(
    client: &Client,
    library: &Library,
    file: &Source,
    wanted: &Add,
) -> Result<(String, Work)> {
    let key = match &wanted.key {
        Some(key) => PrimaryKey::new(key.as_str())?,
        None => {
            let name = file.name()?;
            let key = PrimaryKey::new(name);
            key.with_context(|| format!("{name} cannot be a key: give --key"))?
        }
    };
    let key = String::from(key);
    let keys = [key.clone()];
    if let Some(taken) = client
        .find_library_entries(&library.id, &keys)
        .await?
        .first()
    {
        bail!(
            "library {} has an entry {key} already, of {}: name this one with --key",
            library.name,
            taken.source
        );
    }
    let save = wanted.save.mode();
    let work = wanted.how.submit(client, library, file, &key, save).await?;
    Ok((key, work))
}

async fn ended(
    client: &Client,
    library: &Library,
    key: &str,
    work: &Work,
    save: Save,
) -> Result<Added> {
    let job = watch::ended(client, &work.job.id).await?;
    if job.state != JobState::Succeeded {
        return Ok(Added {
            job,
            entry: None,
            matches: None,
        });
    }
    let keys = [key.to_owned()];
    let found = client.find_library_entries(&library.id, &keys).await?;
    let entry = found.into_iter().find(|entry| entry.job_id == job.id);
    let matches = match save {
        Save::Only => None,
        Save::IfNew | Save::Always => Some(client.matches(&job.id).await?),
    };
    if entry.is_none() {
        work.forget(client).await;
    }
    Ok(Added {
        job,
        entry,
        matches,
    })
}

fn sentence(library: &Library, key: &str, added: &Added) -> String {
    let name = &library.name;
    if added.job.state != JobState::Succeeded {
        return format!(
            "{key} is not added: job {} {}",
            added.job.id, added.job.state
        );
    }
    let best = added.matches.as_ref().and_then(|it| it.entries.first());
    let like = best.map(|it| format!("it is like {}, similarity {:.2}", it.key, it.similarity));
    match (&added.entry, like) {
        (Some(_), None) => format!("{key} is in library {name}"),
        (Some(_), Some(like)) => format!("{key} is in library {name}; {like}"),
        (None, Some(like)) => format!("{key} is not stored in library {name}: {like}"),
        // Somebody has removed it in the meantime.
        (None, None) => format!("{key} is not in library {name} any more"),
    }
}
