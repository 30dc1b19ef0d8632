//! A Redis server of the bench's own, which flushes every write to the disk before it answers.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::program::command;

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Redis {
    child: Child,
    pub(super) port: u16,
}

impl Redis {
    pub(super) fn start(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = command(Path::new("redis-server"))
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .args(["--save", "", "--daemonize", "no", "--dir"])
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("start redis-server: run `make bench-peers`, which installs it")?;
        let server = Self { child, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }
}

/// As it tells it: `Redis server v=7.0.15 sha=…`.
pub(super) fn version() -> Result<String> {
    let told = command(Path::new("redis-server"))
        .arg("--version")
        .output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let version = told.split(' ').find_map(|word| word.strip_prefix("v="));
    Ok(format!("redis {}", version.context("it has a version")?))
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
