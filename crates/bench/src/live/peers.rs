//! FFmpeg as whoever sends a stream, takes one, or makes one of another by hand.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::latency::{handle, wait_for_ends};
use crate::program::{Engine, command};

/// Keyframes of the source are this far apart.
pub(super) const GOP: Duration = Duration::from_secs(1);

/// A process of FFmpeg's. Dropping it kills it.
pub(super) struct Peer(Child);

impl Peer {
    /// Files that are not named from the root are below `dir`.
    pub(super) fn start(engine: &Engine, dir: &Path, args: &[&str]) -> Result<Self> {
        let child = command(&engine.ffmpeg)
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start FFmpeg")?;
        Ok(Self(child))
    }

    /// Sends a file again and again, as fast as it plays.
    pub(super) fn publish(engine: &Engine, clip: &Path, to: &str) -> Result<Self> {
        let clip = clip.to_str().context("the clip's name is text")?;
        let args = ["-v", "error", "-re", "-stream_loop", "-1", "-i", clip];
        let args = [&args[..], &["-c", "copy", "-f", "flv", to]].concat();
        Self::start(engine, Path::new("/"), &args)
    }

    /// Takes a stream until it ends.
    pub(super) fn read(engine: &Engine, from: &str) -> Result<Self> {
        let args = ["-v", "error", "-i", from, "-c", "copy", "-f", "null", "-"];
        Self::start(engine, Path::new("/"), &args)
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(super) fn handle(&self) -> Result<OwnedFd> {
        handle(self.pid()?).context("the process is gone already")
    }

    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(self.pid()?, signal)?)
    }

    /// Takes it away; when that was.
    pub(super) fn kill(mut self) -> Result<Instant> {
        self.0.kill()?;
        let killed = Instant::now();
        self.0.wait()?;
        Ok(killed)
    }

    /// Waits until it has ended by itself; when it had.
    pub(super) fn ended(mut self) -> Result<Instant> {
        wait_for_ends(&[self.handle()?])?;
        let ended = Instant::now();
        self.0.wait()?;
        Ok(ended)
    }

    fn pid(&self) -> Result<Pid> {
        Pid::from_raw(self.id().cast_signed()).context("a process has an id")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is sent: a real clip of five seconds in this size, with keyframes a `GOP` apart.
pub(super) fn make_source(engine: &Engine, to: &Path, size: &str) -> Result<()> {
    let short = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../media/bbb_720p25_aac51.mp4");
    let short: PathBuf = short.canonicalize().context("the clip is missing")?;
    let status = command(&engine.ffmpeg)
        .args(["-v", "error", "-nostdin", "-y", "-t", "5", "-i"])
        .arg(short)
        .args(["-vf", &format!("scale={size}")])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-tune",
            "zerolatency",
            "-g",
            "25",
        ])
        .args(["-sc_threshold", "0", "-pix_fmt", "yuv420p"])
        .args(["-c:a", "aac", "-b:a", "96k", "-ar", "48000", "-ac", "2"])
        .arg(to)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "the source could not be made: {status}");
    Ok(())
}
