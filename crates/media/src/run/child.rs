//! One supervised process: drained, timed, stopped in steps, and never left behind.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::job::StopMode;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;

use super::group::Group;
use super::tail::Tail;
use super::watch::{Excess, Pulse, Watch};
use super::{Limits, Runner};

/// How much of a process's own words is kept.
const TAIL_BYTES: usize = 8 * 1024;
/// A process outside the group could hold the pipes open for ever.
const DRAIN_AFTER_EXIT: Duration = Duration::from_secs(1);

/// How a process that was told to stop came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It ended when asked.
    Asked,
    /// It had to be killed.
    Killed,
}

/// Why a process is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Exited(i32),
    /// By a signal nobody here sent.
    Signalled(i32),
    /// The caller wanted it to stop.
    Stopped(Stopped),
    /// It ran longer than it may.
    TimedOut(Stopped),
    /// It made no progress for longer than it may.
    Stalled(Stopped),
    /// It took more memory than it may.
    TooMuchMemory,
    /// It took more of the disk than it may.
    TooMuchDisk,
    /// The file system it writes to has hardly any space left.
    DiskFull,
    /// It wrote more to its standard output than it may.
    TooTalkative,
    /// The kernel would not tell.
    Lost,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signalled(signal) => write!(f, "signal {signal}"),
            Self::Stopped(_) => f.write_str("stopped"),
            Self::TimedOut(_) => f.write_str("out of time"),
            Self::Stalled(_) => f.write_str("no progress"),
            Self::TooMuchMemory => f.write_str("too much memory"),
            Self::TooMuchDisk => f.write_str("too much disk"),
            Self::DiskFull => f.write_str("a full disk"),
            Self::TooTalkative => f.write_str("too much output"),
            Self::Lost => f.write_str("no exit status"),
        }
    }
}

/// A process's end and its last words.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) ended: Ended,
    pub(crate) log_tail: String,
}

/// A process's end, its whole standard output and its last words.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) ended: Ended,
    pub(crate) stdout: Vec<u8>,
    pub(crate) log_tail: String,
}

/// A running process. Dropping it kills its whole group.
#[derive(Debug)]
pub(crate) struct Watched {
    // Before the child, so that the group is killed while its leader is not yet reaped.
    group: Group,
    child: Child,
    watch: Watch,
    pulse: Arc<Pulse>,
    /// Keeps the forking thread, and with it the process, alive.
    _runner: Runner,
}

impl Watched {
    pub(super) fn new(child: Child, is_alone: bool, folder: Option<&Path>, runner: Runner) -> Self {
        let group = Group::of(&child);
        let watch = Watch {
            leader: group.leader(),
            is_alone,
            folder: folder.map(Path::to_owned),
        };
        Self {
            group,
            child,
            watch,
            pulse: Arc::new(Pulse::new()),
            _runner: runner,
        }
    }

    /// Its standard output, for a thread that may wait for it. From then on it is progress when that beats the
    /// [`Watched::pulse`].
    pub(super) fn take_stdout(&mut self) -> io::Result<io::PipeReader> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let stdout = self.child.stdout.take().ok_or_else(gone)?;
        let pipe = stdout.into_owned_fd()?;
        rustix::io::ioctl_fionbio(&pipe, false)?;
        Ok(pipe.into())
    }

    pub(super) fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    pub(crate) async fn capture(self, limits: &Limits, max_bytes: usize) -> Captured {
        let mut stdout = Vec::new();
        let too_much = tokio::sync::Notify::new();
        let collect = |chunk: &[u8]| {
            let room = max_bytes - stdout.len();
            stdout.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                too_much.notify_one();
            }
            true
        };
        let stop = async {
            too_much.notified().await;
            StopMode::Now
        };
        let finished = self.supervise(limits, collect, stop).await;
        Captured {
            ended: match finished.ended {
                Ended::Stopped(_) => Ended::TooTalkative,
                other => other,
            },
            stdout,
            log_tail: finished.log_tail,
        }
    }

    /// Waits for the end: by itself, because `stop` completed, or because a limit was passed. It is
    /// progress when `on_stdout` returns true. Both pipes are drained all the while, and no member of
    /// the group outlives the call.
    pub(crate) async fn supervise(
        mut self,
        limits: &Limits,
        mut on_stdout: impl FnMut(&[u8]) -> bool,
        stop: impl Future<Output = StopMode>,
    ) -> Finished {
        let stdout = self.child.stdout.take();
        let stderr = self.child.stderr.take();
        let mut tail = Tail::new(TAIL_BYTES);
        let pulse = Arc::clone(&self.pulse);
        let ended = {
            let mut hear = |chunk: &[u8]| {
                if on_stdout(chunk) {
                    pulse.beat();
                }
            };
            let mut keep = |chunk: &[u8]| tail.push(chunk);
            let drain = async {
                tokio::join!(pump(stdout, &mut hear), pump(stderr, &mut keep));
            };
            let mut drain = pin!(drain);
            let mut drained = false;
            let excess = self.watch.excess(limits, &pulse);
            let life = live(&mut self.child, &mut self.group, limits, excess, stop);
            let mut life = pin!(life);
            let ended = loop {
                tokio::select! {
                    ended = &mut life => break ended,
                    () = &mut drain, if !drained => drained = true,
                }
            };
            if !drained {
                let _ = tokio::time::timeout(DRAIN_AFTER_EXIT, drain).await;
            }
            ended
        };
        Finished {
            ended,
            log_tail: tail.text(),
        }
    }
}

async fn pump(pipe: Option<impl AsyncRead + Unpin>, sink: &mut impl FnMut(&[u8])) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        sink(&buffer[..count]);
    }
}

async fn live(
    child: &mut Child,
    group: &mut Group,
    limits: &Limits,
    excess: impl Future<Output = Excess>,
    stop: impl Future<Output = StopMode>,
) -> Ended {
    let ended = tokio::select! {
        status = child.wait() => status.map_or(Ended::Lost, by_itself),
        mode = stop => Ended::Stopped(match mode {
            StopMode::Graceful => group.end(child, limits.stop_grace).await,
            StopMode::Now => group.kill(child).await,
        }),
        excess = excess => match excess {
            Excess::Stall => Ended::Stalled(group.end(child, limits.stop_grace).await),
            // These get worse with every moment.
            Excess::Memory => killed(group, child, Ended::TooMuchMemory).await,
            Excess::Disk => killed(group, child, Ended::TooMuchDisk).await,
            Excess::FullDisk => killed(group, child, Ended::DiskFull).await,
        },
        () = tokio::time::sleep(limits.max_run_time) => {
            Ended::TimedOut(group.end(child, limits.stop_grace).await)
        }
    };
    group.clear().await;
    ended
}

async fn killed(group: &Group, child: &mut Child, ended: Ended) -> Ended {
    group.kill(child).await;
    ended
}

fn by_itself(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, Some(signal)) => Ended::Signalled(signal),
        (None, None) => Ended::Lost,
    }
}
