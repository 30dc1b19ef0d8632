//! Figures, as ratios: what the service costs beside the bare minimum that the machine allows.
//!
//! Every figure and its baseline are measured in turns in one run, in short rounds, and the medians
//! are compared, because absolute rates say more about the disk and the neighbours than about the
//! program. `docs/performance.md` has a run and what to think of it.

#![expect(clippy::print_stdout, reason = "figures are printed for people")]

mod access;
mod backlog;
mod bare;
mod clip;
mod events;
mod figure;
mod house;
mod http;
mod keeping;
mod latency;
mod live;
mod memory;
mod native;
mod nodes;
mod peers;
mod pieces;
mod postgres;
mod probe;
mod program;
mod pull;
mod queue;
mod rounds;
mod settings;
mod signature;
mod uploads;
mod whole;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use tokio::runtime::Runtime;

use crate::figure::Figure;

const PARTS: [&str; 19] = [
    "queue",
    "backlog",
    "uploads",
    "events",
    "postgres",
    "nodes",
    "http",
    "signature",
    "access",
    "latency",
    "live",
    "cycles",
    "streams",
    "whole",
    "pieces",
    "settings",
    "memory",
    "keeping",
    "pull",
];

/// Measured where they are asked for: they need more than this workspace.
const FURTHER_PARTS: [&str; 1] = ["peers"];

const USAGE: &str = "\
usage: reelgate-bench [--only PART]... [--with-peers] [--backlog N] [--cycles N] [--dir DIR]

  --only PART   queue, backlog, uploads, events, postgres, nodes, http, signature, access, latency, live, cycles,
                streams, whole, pieces, settings, memory, keeping or pull; or peers, the other job queues that `cargo xtask setup peers` installs; may be repeated
  --with-peers  all parts, and peers
  --backlog N   the larger of the two backlogs compared (default 1000000)
  --cycles N    how often a live stream is started and stopped (default 1000)
  --dir DIR     where databases and clips go for the time of the run (default: the temporary
                directory)";

/// How the run was asked to be.
struct Options {
    backlog: usize,
    cycles: usize,
    dir: PathBuf,
    only: Vec<String>,
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some(pull::MODE) {
        let dir = args.next().context("a directory is missing")?;
        let parallel = args.next().context("a number is missing")?;
        return pull::run(Path::new(&dir), parallel.parse()?);
    }
    let Some(options) = options()? else {
        println!("{USAGE}");
        return Ok(());
    };
    let dir = tempfile::tempdir_in(&options.dir).context("make a directory for the databases")?;
    // Programs get paths below it and have working directories of their own.
    let path = dir.path().canonicalize()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the runtime")?;
    println!("{}", probe::machine());
    figure::print_head();
    let mut figures = Vec::new();
    let asked = |part: &&str| options.only.iter().any(|only| only == part);
    let parts: Vec<&str> = match options.only.is_empty() {
        true => PARTS.to_vec(),
        false => PARTS
            .into_iter()
            .chain(FURTHER_PARTS)
            .filter(asked)
            .collect(),
    };
    let mut failed = Vec::new();
    for part in parts {
        println!("\n{part}: {}", probe::line(&path)?);
        let started = Instant::now();
        let measured = measure(part, &runtime, &path, &options, &mut |figure| {
            figure::print(&figure);
            figures.push(figure);
        });
        // The other parts need nothing of this one.
        if let Err(error) = measured {
            println!("    ({part} FAILED: {error:#})");
            failed.push(part);
        }
        println!("    ({part} took {} s)", started.elapsed().as_secs());
    }
    println!("\n{}", probe::line(&path)?);
    figure::print_summary(&figures);
    ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    Ok(())
}

fn measure(
    part: &str,
    runtime: &Runtime,
    dir: &Path,
    options: &Options,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let backlog = options.backlog;
    // Each part leaves its files behind, and the next one needs the room more.
    let dir = &dir.join(part);
    std::fs::create_dir(dir)?;
    match part {
        "queue" => queue::figures(runtime, dir, tell),
        "backlog" => backlog::figures(runtime, dir, backlog, tell),
        "uploads" => uploads::figures(runtime, dir, backlog, tell),
        "postgres" => postgres::figures(runtime, dir, backlog, tell),
        "http" => http::figures(runtime, dir, tell),
        "signature" => signature::figures(tell),
        "access" => access::figures(runtime, dir, tell),
        "events" => events::figures(runtime, dir, tell),
        "nodes" => nodes::figures(dir, tell),
        "latency" => latency::figures(dir, tell),
        "live" => live::figures(dir, tell),
        "cycles" => live::cycles(dir, options.cycles, tell),
        "streams" => live::stored::figures(runtime, dir, tell),
        "whole" => whole::figures(dir, tell),
        "pieces" => pieces::figures(dir, tell),
        "settings" => settings::figures(runtime, dir, tell),
        "peers" => peers::figures(runtime, dir, tell),
        "keeping" => keeping::figures(runtime, dir, tell),
        "pull" => pull::figures(dir, tell),
        "memory" => memory::figures(runtime, dir, backlog, tell),
        _ => bail!("there is no part {part}"),
    }?;
    Ok(std::fs::remove_dir_all(dir)?)
}

fn options() -> Result<Option<Options>> {
    let mut options = Options {
        backlog: 1_000_000,
        cycles: 1000,
        dir: std::env::temp_dir(),
        only: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--backlog" => options.backlog = value()?.parse().context("--backlog is a number")?,
            "--cycles" => options.cycles = value()?.parse().context("--cycles is a number")?,
            "--dir" => options.dir = value()?.into(),
            "--only" => {
                let part = value()?;
                let is_known = PARTS.contains(&&*part) || FURTHER_PARTS.contains(&&*part);
                ensure!(is_known, "no part {part}\n\n{USAGE}");
                options.only.push(part);
            }
            "--with-peers" => {
                let all = PARTS.into_iter().chain(FURTHER_PARTS);
                options.only.extend(all.map(str::to_owned));
            }
            "--help" | "-h" => return Ok(None),
            _ => bail!("unknown argument {arg}\n\n{USAGE}"),
        }
    }
    Ok(Some(options))
}
