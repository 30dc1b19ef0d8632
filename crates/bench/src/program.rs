//! The real program as a process of its own, and what the system knows about processes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reelgate_service::Credentials;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::native::Native;

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `reelgate serve`.
pub(crate) struct Program {
    pub(crate) node: Node,
    buckets: PathBuf,
    pub(crate) credentials: Credentials,
    pub(crate) api: Native,
}

/// A running process of the program. Dropping it kills it.
pub(crate) struct Node {
    child: Child,
    /// Its log, and when each line came.
    pub(crate) log: Receiver<(Instant, String)>,
    /// What it says of itself once it is ready.
    ready: Value,
}

/// Where a program finds FFmpeg.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) ffmpeg: PathBuf,
    pub(crate) ffprobe: PathBuf,
}

impl Engine {
    /// The one that the service would find.
    pub(crate) fn find() -> Result<Self> {
        let find = |name: &str| {
            let folders = ["/usr/local/bin", "/usr/bin", "/bin"];
            let mut paths = folders.iter().map(|folder| Path::new(folder).join(name));
            paths
                .find(|path| path.is_file())
                .with_context(|| format!("there is no {name} in {}", folders.join(", ")))
        };
        Ok(Self {
            ffmpeg: find("ffmpeg")?,
            ffprobe: find("ffprobe")?,
        })
    }
}

impl Program {
    /// Starts it on this data directory and returns when it serves requests.
    pub(crate) fn start(data: &Path, engine: &Engine, more: &[&str]) -> Result<Self> {
        Self::start_with_buckets(data, &data.join("buckets"), engine, more)
    }

    /// The same where buckets are somewhere else.
    pub(crate) fn start_with_buckets(
        data: &Path,
        buckets: &Path,
        engine: &Engine,
        more: &[&str],
    ) -> Result<Self> {
        let mut args = vec!["--listen", "127.0.0.1:0"];
        args.extend(more);
        let node = Node::start("serve", data, engine, &args)?;
        let address = &node.ready["address"];
        let address = address.as_str().context("the address is a text")?;
        let credentials = std::fs::read_to_string(data.join("credentials.json"))?;
        let credentials: Credentials = serde_json::from_str(&credentials)?;
        Ok(Self {
            buckets: buckets.to_owned(),
            api: Native::new(address.parse()?, &credentials.api_key),
            node,
            credentials,
        })
    }

    /// Where a file of the account's bucket lies.
    pub(crate) fn object(&self, key: &str) -> PathBuf {
        let Credentials {
            account_id, bucket, ..
        } = &self.credentials;
        self.buckets.join(account_id).join(bucket).join(key)
    }

    /// Processor time that it and every process it has waited for have used.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        processor_time(&self.node.id().to_string())
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.node.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        let kib = kib.context("the system tells no resident memory")?;
        Ok(kib.parse::<u64>()? * 1024)
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn stop(self) -> Result<()> {
        self.node.stop()
    }
}

impl Node {
    /// Starts it in this role on this data directory and returns when it says that it is ready.
    pub(crate) fn start(role: &str, data: &Path, engine: &Engine, args: &[&str]) -> Result<Self> {
        let ready = data.with_extension("ready");
        let mut child = command(&binary()?)
            .arg(role)
            .arg("--data")
            .arg(data)
            .arg("--ready-file")
            .arg(&ready)
            .arg("--ffmpeg")
            .arg(&engine.ffmpeg)
            .arg("--ffprobe")
            .arg(&engine.ffprobe)
            .args(args)
            .env("REELGATE_LOG", "info,reelgate_worker=debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("start reelgate")?;
        let log = follow(&mut child)?;
        let mut node = Self {
            child,
            log,
            ready: Value::Null,
        };
        let started = Instant::now();
        while !ready.exists() {
            if let Some(status) = node.child.try_wait()? {
                let lines: Vec<String> = node.log.iter().map(|(_, line)| line).collect();
                bail!("reelgate ended with {status}:\n{}", lines.join("\n"));
            }
            ensure!(started.elapsed() < PATIENCE, "reelgate does not get ready");
            std::thread::sleep(Duration::from_millis(5));
        }
        node.ready = serde_json::from_str(&std::fs::read_to_string(&ready)?)?;
        Ok(node)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// When its log says this, from what it has said since it was last asked.
    pub(crate) fn when_said(&self, words: &str) -> Result<Instant> {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(left) {
                Ok((when, line)) if line.contains(words) => return Ok(when),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => bail!("the log never says: {words}"),
                Err(RecvTimeoutError::Disconnected) => bail!("the process is gone"),
            }
        }
    }

    /// Takes it away without asking; when.
    pub(crate) fn kill(mut self) -> Result<Instant> {
        self.child.kill()?;
        let killed = Instant::now();
        self.child.wait()?;
        Ok(killed)
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = Pid::from_raw(self.id().cast_signed()).context("a process has an id")?;
        kill_process(id, Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "reelgate ended with {status}");
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the bench runs the program, and FFmpeg beside it, from outside"
)]
pub(crate) fn command(program: &Path) -> Command {
    Command::new(program)
}

/// The program that was built with this one.
fn binary() -> Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("reelgate");
    let lacks = "there is no reelgate beside this program: build it with the same profile";
    ensure!(binary.is_file(), "{lacks}");
    Ok(binary)
}

/// Reads the log as it comes, so that the program never waits for a reader.
fn follow(child: &mut Child) -> Result<Receiver<(Instant, String)>> {
    let stderr = child.stderr.take().context("the log is piped")?;
    let (lines, log) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines() {
            // When nobody listens any more, the lines are read all the same.
            let _ = line.map(|line| lines.send((Instant::now(), line)));
        }
    });
    Ok(log)
}

/// Processor time of a process and of the children it has waited for.
pub(crate) fn processor_time(process: &str) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Fields 14 to 17: user and system time, then the children's. The name may hold anything.
    let rest = stat
        .rsplit_once(") ")
        .context("the system tells no times")?
        .1;
    let ticks = rest.split(' ').skip(11).take(4);
    let ticks: u64 = ticks.map(str::parse::<u64>).sum::<Result<_, _>>()?;
    let second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_secs_f64(ticks as f64 / second as f64))
}
