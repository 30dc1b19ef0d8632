//! Figures, as ratios: what the service costs beside the bare minimum that the machine allows.
//!
//! Every figure and its baseline are measured in turns in one run, in short rounds, and the medians
//! are compared, because absolute rates say more about the disk and the neighbours than about the
//! program.

#![expect(clippy::print_stdout, reason = "figures are printed for people")]

mod backlog;
mod figure;
mod http;
mod probe;
mod queue;
mod raw;
mod rounds;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
usage: reelgate-bench [--backlog N] [--dir DIR] [--only PART]

  --backlog N   the larger of the two backlogs compared (default 1000000)
  --dir DIR     where the databases go for the time of the run (default: the temporary directory)
  --only PART   one part of the figures: queue, backlog or http";

/// How the run was asked to be.
struct Options {
    backlog: usize,
    dir: PathBuf,
    only: Option<String>,
}

fn main() -> Result<()> {
    let Some(options) = options()? else {
        println!("{USAGE}");
        return Ok(());
    };
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory for the databases")?;
    println!("{}", probe::line(dir.path())?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the runtime")?;
    let wanted = |part: &str| options.only.as_deref().is_none_or(|only| only == part);
    let mut figures = Vec::new();
    if wanted("queue") {
        figures.extend(queue::figures(&runtime, dir.path())?);
    }
    if wanted("backlog") {
        figures.extend(backlog::figures(&runtime, dir.path(), options.backlog)?);
    }
    if wanted("http") {
        figures.extend(http::figures(&runtime, dir.path())?);
    }
    figure::print(&figures);
    println!("{}", probe::line(dir.path())?);
    Ok(())
}

fn options() -> Result<Option<Options>> {
    let mut options = Options {
        backlog: 1_000_000,
        dir: std::env::temp_dir(),
        only: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--backlog" => options.backlog = value()?.parse().context("--backlog is a number")?,
            "--dir" => options.dir = value()?.into(),
            "--only" => options.only = Some(value()?),
            "--help" | "-h" => return Ok(None),
            _ => bail!("unknown argument {arg}\n\n{USAGE}"),
        }
    }
    Ok(Some(options))
}
