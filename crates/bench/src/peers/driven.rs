//! Another job queue, driven by a program in `peers/` that takes orders on its standard input.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::program::command;

pub(super) struct Driven {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Driven {
    /// `script` is one of `peers/`; `server` is where what it needs runs.
    pub(super) fn start(script: &str, server: &str) -> Result<Self> {
        let script = installed()?.join(script);
        let mut child = command(Path::new("node"))
            .arg(&script)
            .arg(server)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start node: run `make bench-peers`, which installs it")?;
        let orders = child.stdin.take().context("its input is a pipe")?;
        let answers = child.stdout.take().context("its output is a pipe")?;
        Ok(Self {
            child,
            orders,
            answers: BufReader::new(answers),
        })
    }

    pub(super) fn clear(&mut self) -> Result<()> {
        self.order(&json!(["clear"])).map(drop)
    }

    /// `purpose` is what they are queued for, "to work on" or "to cancel".
    pub(super) fn fill(&mut self, jobs: usize, purpose: &str) -> Result<()> {
        self.order(&json!(["fill", jobs, purpose])).map(drop)
    }

    /// Jobs submitted a second.
    pub(super) fn submit(&mut self, callers: usize, calls: usize) -> Result<f64> {
        self.number(&json!(["submit", callers, calls]))
    }

    /// Calls a second, of which each submits so many jobs.
    pub(super) fn submit_together(
        &mut self,
        callers: usize,
        calls: usize,
        jobs: usize,
    ) -> Result<f64> {
        self.number(&json!(["submitTogether", callers, calls, jobs]))
    }

    /// Queued jobs cancelled a second.
    pub(super) fn cancel(&mut self, callers: usize, calls: usize) -> Result<f64> {
        self.number(&json!(["cancel", callers, calls]))
    }

    /// Jobs done a second, of these that are queued.
    pub(super) fn work(&mut self, jobs: usize) -> Result<f64> {
        self.number(&json!(["work", jobs]))
    }

    /// Milliseconds from a submit to the start of the job, on an idle queue.
    pub(super) fn latency(&mut self, samples: usize) -> Result<Vec<f64>> {
        let answer = self.order(&json!(["latency", samples]))?;
        let values = answer.as_array().context("latencies are a list")?;
        let numbers = values.iter().map(Value::as_f64);
        numbers
            .collect::<Option<_>>()
            .context("latencies are numbers")
    }

    fn number(&mut self, order: &Value) -> Result<f64> {
        self.order(order)?.as_f64().context("a rate is a number")
    }

    fn order(&mut self, order: &Value) -> Result<Value> {
        writeln!(self.orders, "{order}")?;
        let mut line = String::new();
        // Libraries print what they have to say there too.
        while !line.starts_with("{\"") {
            line.clear();
            let read = self.answers.read_line(&mut line)?;
            ensure!(read > 0, "the program ended at {order}");
        }
        let mut answer: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        if let Some(error) = answer["error"].as_str() {
            bail!("{order}: {error}");
        }
        Ok(answer["value"].take())
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A library's name and the version that is installed.
pub(super) fn version(library: &str) -> Result<String> {
    let about = installed()?.join("node_modules").join(library);
    let about = std::fs::read_to_string(about.join("package.json"))?;
    let about: Value = serde_json::from_str(&about)?;
    let version = about["version"]
        .as_str()
        .context("a library has a version")?;
    Ok(format!("{library} {version}"))
}

/// Where `cargo xtask setup peers` puts the programs with the libraries they drive.
fn installed() -> Result<PathBuf> {
    let binary = std::env::current_exe()?;
    let target = binary.parent().and_then(Path::parent);
    let folder = target
        .context("the bench is in a target directory")?
        .join("peers");
    ensure!(
        folder.join("node_modules").is_dir(),
        "the other queues are not installed: run `make bench-peers`"
    );
    Ok(folder)
}
