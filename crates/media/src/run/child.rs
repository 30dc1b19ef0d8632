//! One supervised process: drained, timed, stopped in steps, and never left behind.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use reelgate_domain::job::StopMode;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;

use super::tail::Tail;
use super::watch::Pulse;
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
    /// It wrote more than it may.
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
    /// Keeps the forking thread, and with it the process, alive.
    _runner: Runner,
}

impl Watched {
    pub(super) fn new(child: Child, runner: Runner) -> Self {
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Self {
            group: Group { leader },
            child,
            _runner: runner,
        }
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

    /// Waits for the end: by itself, because `stop` completed, because time is up, or for want of
    /// progress, which is when `on_stdout` returns true. Both pipes are drained all the while, and
    /// no member of the group outlives the call.
    pub(crate) async fn supervise(
        mut self,
        limits: &Limits,
        mut on_stdout: impl FnMut(&[u8]) -> bool,
        stop: impl Future<Output = StopMode>,
    ) -> Finished {
        let stdout = self.child.stdout.take();
        let stderr = self.child.stderr.take();
        let mut tail = Tail::new(TAIL_BYTES);
        let pulse = Pulse::new();
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
            let mut life = pin!(live(&mut self.child, &mut self.group, limits, &pulse, stop));
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
    pulse: &Pulse,
    stop: impl Future<Output = StopMode>,
) -> Ended {
    let ended = tokio::select! {
        status = child.wait() => status.map_or(Ended::Lost, by_itself),
        mode = stop => Ended::Stopped(match mode {
            StopMode::Graceful => group.end(child, limits.stop_grace).await,
            StopMode::Now => group.kill(child).await,
        }),
        () = pulse.stalled(limits.stall) => {
            Ended::Stalled(group.end(child, limits.stop_grace).await)
        }
        () = tokio::time::sleep(limits.max_run_time) => {
            Ended::TimedOut(group.end(child, limits.stop_grace).await)
        }
    };
    group.clear().await;
    ended
}

fn by_itself(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, Some(signal)) => Ended::Signalled(signal),
        (None, None) => Ended::Lost,
    }
}

/// The process group of a child; killed when dropped before it is known to be empty.
#[derive(Debug)]
struct Group {
    leader: Option<Pid>,
}

impl Group {
    /// Asks every member to end, waits, then kills. The caller keeps draining meanwhile, because a
    /// process that blocks on a full pipe cannot react.
    async fn end(&self, child: &mut Child, grace: Duration) -> Stopped {
        self.signal(Signal::TERM);
        match tokio::time::timeout(grace, child.wait()).await {
            Ok(_) => Stopped::Asked,
            Err(_) => self.kill(child).await,
        }
    }

    async fn kill(&self, child: &mut Child) -> Stopped {
        self.signal(Signal::KILL);
        let _ = child.wait().await;
        Stopped::Killed
    }

    /// Makes sure that no member is left once the leader has been reaped.
    async fn clear(&mut self) {
        // A killed member is gone within a few milliseconds unless it hangs inside the kernel.
        for _ in 0..100 {
            let Some(leader) = self.leader else { return };
            if test_kill_process_group(leader).is_err() || !has_living_member(leader) {
                self.leader = None;
                return;
            }
            self.signal(Signal::KILL);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tracing::error!(group = ?self.leader, "members of a process group outlive SIGKILL");
        self.leader = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // The only possible answer but success is that nobody is left.
            let _ = kill_process_group(leader, signal);
        }
    }
}

/// Whether a group holds more than dead members that their new parent has not reaped yet; some init
/// processes take seconds over that.
fn has_living_member(leader: Pid) -> bool {
    let group = leader.as_raw_nonzero().get().to_string();
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    processes.flatten().any(|process| {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else {
            return false;
        };
        // `pid (name) state parent group …`, where the name may hold anything.
        let Some((_, rest)) = stat.rsplit_once(") ") else {
            return false;
        };
        let fields: Vec<&str> = rest.split(' ').take(3).collect();
        matches!(fields[..], [state, _, of] if of == group && !matches!(state, "Z" | "X"))
    })
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
