//! The real program, serving a data directory from a process of its own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Long enough for a loaded machine.
const START_PATIENCE: Duration = Duration::from_secs(180);
/// How often to look for what the process tells by files or by its end.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A running `reelgate serve`. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    address: String,
    credentials: Value,
}

impl Server {
    /// Starts `program` over the directory `data` on a free port, with `arguments` besides, and
    /// returns when it serves requests. Its log is appended to `server.log` in `beside`. The error is
    /// what it said before it ended.
    pub fn start(
        program: &Path,
        data: &Path,
        beside: &Path,
        arguments: &[&str],
    ) -> Result<Self, String> {
        let ready = beside.join("ready.json");
        let _ = fs::remove_file(&ready);
        let log = beside.join("server.log");
        let mut options = File::options();
        let output = options.create(true).append(true).open(&log);
        let output = output.map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = command(program);
        command.arg("serve").arg("--data").arg(data);
        command.args(["--listen", "127.0.0.1:0", "--ready-file"]);
        command.arg(&ready).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(output).spawn();
        let child = child.map_err(|error| format!("{}: {error}", program.display()))?;
        let mut server = Self {
            child,
            log,
            address: String::new(),
            credentials: Value::Null,
        };
        server.wait_until_ready(&ready)?;
        Ok(server)
    }

    fn wait_until_ready(&mut self, ready: &Path) -> Result<(), String> {
        let begun = Instant::now();
        let text = loop {
            if let Ok(text) = fs::read_to_string(ready) {
                break text;
            }
            if let Some(status) = self.ended() {
                return Err(format!("the server ended with {status}\n{}", self.log()));
            }
            if begun.elapsed() > START_PATIENCE {
                return Err(format!("the server is not ready\n{}", self.log()));
            }
            std::thread::sleep(LOOK_EVERY);
        };
        let ready = json(&text)?;
        let file = ready["credentials_file"].as_str().unwrap_or_default();
        let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        self.address = ready["address"].as_str().unwrap_or_default().to_owned();
        self.credentials = json(&text)?;
        Ok(())
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A value of the credentials file, such as `api_key`.
    pub fn credential(&self, name: &str) -> &str {
        let value = self.credentials[name].as_str();
        value.unwrap_or_else(|| panic!("the credentials have no {name}"))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, and returns at once.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        // The only possible answer but success is that it has ended.
        let _ = kill_process(pid, signal);
    }

    /// Ends the process as `kill -9` does and returns when it is gone.
    pub fn kill(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.child.wait().expect("the child is ours to wait for")
    }

    /// How the process ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait();
        status.expect("the child is ours to wait for")
    }

    /// Waits for the process to end by itself.
    pub fn ended_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            let ended = self.ended();
            if ended.is_some() || begun.elapsed() > patience {
                return ended;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// What this server and earlier ones logged, for messages of tests that fail.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

/// Settings of the person who runs the tests must not reach what is under test.
fn command(program: &Path) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests of the whole program start it"
    )]
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if is_setting(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn is_setting(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"REELGATE_")
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{text:?}: {error}"))
}
