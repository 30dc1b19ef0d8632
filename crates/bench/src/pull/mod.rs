//! Fetching from a web server on the loopback, beside `curl` with a `sync` after it: both end when what came is on the disk.
//!
//! Server and fetchers are processes of their own, and every fetched byte is written to the disk that is measured on.

mod child;
mod server;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

pub(crate) use self::child::{MODE, run};
use self::server::{BIG_BYTES, FileServer, SMALL_BYTES};
use crate::figure::{Figure, Goal};
use crate::program::command;
use crate::rounds::{in_turns, rate};

const MEGABYTE: f64 = 1e6;

const ROUNDS: usize = 5;
const SMALL_FILES: usize = 1000;
/// Small files at once, on both sides.
const PARALLEL: usize = 16;
/// Pulls at once whose memory is measured.
const ACTIVE: usize = 4;
const KILLS: usize = 5;

pub(crate) fn figures(dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let server = FileServer::start()?;
    let bench = Bench { dir, server };
    let pair = in_turns(ROUNDS, || bench.pull_big(), || bench.curl_big())?;
    let name = format!("one file of {} MiB: pull / curl and sync", BIG_BYTES >> 20);
    tell(Figure::beside(name, "MB/s", pair, Goal::Least(0.8)));

    let pair = in_turns(ROUNDS, || bench.pull_small(), || bench.curl_small())?;
    let name = format!(
        "{SMALL_FILES} files of {} KiB, {PARALLEL} at once: pull / curl -Z and sync",
        SMALL_BYTES >> 10
    );
    tell(Figure::beside(name, "/s", pair, Goal::Least(0.7)));

    let urls = vec![bench.server.big(); ACTIVE];
    let (_, told) = bench.pull(&urls, ACTIVE)?;
    let per_pull = (told.peak_kib - told.rest_kib) as f64 * 1024.0 / MEGABYTE / ACTIVE as f64;
    let figure = Figure::alone("memory per active pull", "MB", per_pull, Goal::Within(32.0));
    tell(figure.with_note(format!(
        "{ACTIVE} at once: {} MB at most, {} MB before they began",
        told.peak_kib / 1024,
        told.rest_kib / 1024
    )));

    let kills: Vec<Killed> = (0..KILLS)
        .map(|kill| bench.killed(kill))
        .collect::<Result<_>>()?;
    let all = |of: fn(&Killed) -> f64| kills.iter().map(of).collect::<Vec<_>>();
    let (had, sent) = (all(|kill| kill.had), all(|kill| kill.sent));
    let most = had.iter().copied().fold(0.0, f64::max);
    let name = "fetched again after kill -9";
    let figure = Figure::alone(name, "MB", most, Goal::Within(8.0));
    tell(figure.with_note(format!(
        "kills at {KILLS} moments: {had:.1?}; with what the system still held for the killed one: {sent:.1?}"
    )));
    Ok(())
}

struct Bench<'a> {
    dir: &'a Path,
    server: FileServer,
}

/// What a child says of its pulls.
struct Told {
    rest_kib: u64,
    peak_kib: u64,
    fetched: u64,
}

impl Bench<'_> {
    /// An empty directory, and nothing that the disk still has to do.
    fn clean(&self) -> Result<PathBuf> {
        let dir = self.dir.join("fetched");
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir(&dir)?;
        run_to_end("sync", &["-f".as_ref(), dir.as_ref()])?;
        Ok(dir)
    }

    fn pull_big(&self) -> Result<f64> {
        let (took, _) = self.pull(&[self.server.big()], 1)?;
        Ok(BIG_BYTES as f64 / MEGABYTE / took.as_secs_f64())
    }

    fn curl_big(&self) -> Result<f64> {
        let file = self.clean()?.join("big");
        let start = Instant::now();
        let url = self.server.big();
        run_to_end(
            "curl",
            &["-sf".as_ref(), "-o".as_ref(), file.as_ref(), url.as_ref()],
        )?;
        run_to_end("sync", &[file.as_ref()])?;
        let took = start.elapsed();
        ensure!(
            file.metadata()?.len() == BIG_BYTES,
            "curl got something else"
        );
        Ok(BIG_BYTES as f64 / MEGABYTE / took.as_secs_f64())
    }

    fn small(&self) -> Vec<String> {
        (0..SMALL_FILES)
            .map(|number| self.server.small(number))
            .collect()
    }

    fn pull_small(&self) -> Result<f64> {
        let (took, told) = self.pull(&self.small(), PARALLEL)?;
        let bytes = SMALL_FILES as u64 * SMALL_BYTES;
        ensure!(told.fetched == bytes, "{} bytes came", told.fetched);
        Ok(rate(SMALL_FILES, took))
    }

    fn curl_small(&self) -> Result<f64> {
        let dir = self.clean()?;
        let mut config = String::new();
        for (number, url) in self.small().into_iter().enumerate() {
            let file = dir.join(number.to_string());
            config += &format!("url = \"{url}\"\noutput = \"{}\"\n", file.display());
        }
        let list = self.dir.join("list");
        std::fs::write(&list, config)?;
        let parallel = PARALLEL.to_string();
        let start = Instant::now();
        let args = ["-sfZ", "--parallel-max", &parallel, "-K"].map(AsRef::as_ref);
        run_to_end("curl", &[&args[..], &[list.as_ref()]].concat())?;
        run_to_end("sync", &["-f".as_ref(), dir.as_ref()])?;
        let took = start.elapsed();
        let came = std::fs::read_dir(&dir)?.count();
        ensure!(came == SMALL_FILES, "curl got {came} files");
        Ok(rate(SMALL_FILES, took))
    }

    /// Has a process of its own pull these, so many at once.
    fn pull(&self, urls: &[String], parallel: usize) -> Result<(Duration, Told)> {
        let dir = self.clean()?;
        let start = Instant::now();
        let told = finish(self.begin(&dir, urls, parallel)?)?;
        Ok((start.elapsed(), told))
    }

    fn begin(&self, dir: &Path, urls: &[String], parallel: usize) -> Result<Child> {
        let mut child = command(&std::env::current_exe()?)
            .arg(MODE)
            .arg(dir)
            .arg(parallel.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("the input is piped")?;
        stdin.write_all(urls.join("\n").as_bytes())?;
        Ok(child)
    }

    /// Kills a pull in its middle and lets another one end it.
    fn killed(&self, kill: usize) -> Result<Killed> {
        let dir = self.clean()?;
        let before = self.server.sent();
        let urls = [self.server.big()];
        let until = BIG_BYTES * (kill + 1) as u64 / (KILLS as u64 + 1);
        let mut child = self.begin(&dir, &urls, 1)?;
        let stdout = child.stdout.take().context("the output is piped")?;
        let mut had = 0;
        // Also what it said before it was killed and nobody has read yet.
        for line in BufReader::new(stdout).lines() {
            // The last line may be cut.
            had = line?
                .strip_prefix("came ")
                .map_or(Ok(had), str::parse)
                .unwrap_or(had)
                .max(had);
            if had >= until {
                child.kill()?;
            }
        }
        child.wait()?;
        let sent = self.server.sent_for_good() - before;
        let told = finish(self.begin(&dir, &urls, 1)?)?;
        let twice = |bytes: u64| (bytes + told.fetched) as f64 - BIG_BYTES as f64;
        Ok(Killed {
            had: twice(had) / MEGABYTE,
            sent: twice(sent) / MEGABYTE,
        })
    }
}

/// Megabytes that came twice: of those that the killed one had got, and of those that had been sent to it.
struct Killed {
    had: f64,
    sent: f64,
}

fn finish(child: Child) -> Result<Told> {
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "the pulls ended with {}",
        output.status
    );
    let said = String::from_utf8(output.stdout)?;
    let last = said.lines().last().unwrap_or_default();
    let mut numbers = last.split_whitespace().map(str::parse::<u64>);
    let mut number = || {
        numbers
            .next()
            .context("a number is missing")?
            .context("no number")
    };
    Ok(Told {
        rest_kib: number()?,
        peak_kib: number()?,
        fetched: number()?,
    })
}

fn run_to_end(program: &str, args: &[&std::ffi::OsStr]) -> Result<()> {
    let output = command(Path::new(program))
        .args(args)
        .output()
        .with_context(|| format!("run {program}, which has to be installed"))?;
    let status = output.status;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}
