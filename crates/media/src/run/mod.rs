//! The only place that starts processes, and the one thread that does it.

mod authorities;
mod child;
mod chunks;
pub(crate) mod classify;
pub(crate) mod cover;
mod group;
pub(crate) mod guard;
mod limits;
pub(crate) mod lines;
pub(crate) mod live;
mod progress;
pub(crate) mod quality;
pub(crate) mod remux;
pub(crate) mod sample;
mod sandbox;
pub(crate) mod snapshots;
mod step;
pub(crate) mod survey;
mod tail;
pub(crate) mod transcode;
mod watch;
mod words;

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, mpsc};

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::{self, oneshot};

pub use child::Stopped;
pub(crate) use child::{Captured, Ended, Finished, Watched};
pub use limits::Limits;
use limits::Resolved;
use sandbox::{Fence, Sandbox};
pub use sandbox::{Landlock, LiveNetwork, Missing, Network, SandboxLevel, Seccomp};

/// Starts processes. Clones share one thread, which lives until the last clone is gone.
///
/// The thread is there because the signal that a child gets at its parent's death is sent when the
/// *thread* that forked it ends: children of a pool's thread would die whenever the pool shrinks.
#[derive(Clone, Debug)]
pub struct Runner {
    requests: mpsc::Sender<Request>,
    sandbox: Arc<Sandbox>,
    alive: sync::watch::Receiver<()>,
}

/// The file that this process was started from, also after another one has replaced it.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// With it alone, the program is to be a guard: [`guard_if_asked`](crate::guard_if_asked).
const GUARD_ARGUMENT: &str = "live-guard";

/// The process could not be started.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct SpawnError(pub(crate) io::Error);

/// What a process may reach of the file system, beyond the programs and libraries it consists of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Access<'a> {
    /// Files, and directories with all that is below them.
    pub(crate) read: &'a [&'a Path],
    /// The one directory below which it may write.
    pub(crate) write: Option<&'a Path>,
}

/// A process whose standard output is wanted whole.
pub(crate) struct Capture<'a> {
    pub(crate) program: &'a Path,
    pub(crate) args: Vec<OsString>,
    pub(crate) cwd: &'a Path,
    pub(crate) access: Access<'a>,
    pub(crate) limits: &'a Limits,
    /// More output than this ends the process.
    pub(crate) max_bytes: usize,
}

/// What the thread is asked for.
enum Request {
    Process(Box<ProcessRequest>),
    Guard(oneshot::Sender<io::Result<(UnixStream, Child)>>),
}

struct ProcessRequest {
    program: PathBuf,
    fence: Fence,
    args: Vec<OsString>,
    cwd: PathBuf,
    limits: Resolved,
    reply: oneshot::Sender<io::Result<Child>>,
}

impl Runner {
    /// Starts the thread, and finds out how far processes can be locked in. The children are
    /// awaited on the runtime of `handle`.
    pub fn start(handle: Handle) -> io::Result<Self> {
        let sandbox = Arc::new(Sandbox::probe());
        let (requests, inbox) = mpsc::channel::<Request>();
        let (living, alive) = sync::watch::channel(());
        std::thread::Builder::new()
            .name("media-runner".to_owned())
            .spawn(move || {
                let _living = living;
                let _runtime = handle.enter();
                while let Ok(request) = inbox.recv() {
                    match request {
                        Request::Process(request) => {
                            let (child, reply) = fork(*request);
                            // An unwanted child is killed by the guard that is inside `Child`.
                            let _ = reply.send(child);
                        }
                        // An unwanted one ends when its socket is closed.
                        Request::Guard(reply) => drop(reply.send(fork_guard())),
                    }
                }
            })?;
        Ok(Self {
            requests,
            sandbox,
            alive,
        })
    }

    /// Its other side is dropped when the thread ends, after which nothing starts any more.
    pub fn alive(&self) -> sync::watch::Receiver<()> {
        self.alive.clone()
    }

    /// How far the processes are locked in.
    pub fn sandbox(&self) -> &SandboxLevel {
        self.sandbox.level()
    }

    pub(crate) async fn spawn(
        &self,
        program: &Path,
        args: Vec<OsString>,
        cwd: &Path,
        access: Access<'_>,
        limits: &Limits,
    ) -> Result<Watched, SpawnError> {
        let fence = self.sandbox.fence(program, access).map_err(SpawnError)?;
        let is_alone = fence.forbids_children();
        let (reply, answer) = oneshot::channel();
        let request = ProcessRequest {
            program: program.to_owned(),
            fence,
            args,
            cwd: cwd.to_owned(),
            limits: limits.resolve(),
            reply,
        };
        let gone = || SpawnError(io::Error::other("the thread that starts processes is gone"));
        let request = Request::Process(Box::new(request));
        self.requests.send(request).map_err(|_| gone())?;
        let child = answer.await.map_err(|_| gone())?.map_err(SpawnError)?;
        Ok(Watched::new(child, is_alone, access.write, self.clone()))
    }

    /// Starts this program once more, as a guard of live streams, with a socket for orders and pipes for what it
    /// starts to write to.
    async fn spawn_guard(&self) -> io::Result<(UnixStream, Child)> {
        let gone = || io::Error::other("the thread that starts processes is gone");
        let (reply, answer) = oneshot::channel();
        let request = Request::Guard(reply);
        self.requests.send(request).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    pub(crate) async fn capture(&self, capture: Capture<'_>) -> Result<Captured, SpawnError> {
        let Capture {
            program,
            args,
            cwd,
            access,
            limits,
            max_bytes,
        } = capture;
        let watched = self.spawn(program, args, cwd, access, limits).await?;
        Ok(watched.capture(limits, max_bytes).await)
    }
}

fn fork_guard() -> io::Result<(UnixStream, Child)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that starts processes"
    )]
    let mut command = Command::new(THIS_PROGRAM);
    let child = command
        .arg(GUARD_ARGUMENT)
        .current_dir("/")
        .env_clear()
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What is typed at the service's terminal is not meant for it.
        .process_group(0)
        .spawn()?;
    Ok((ours, child))
}

fn fork(request: ProcessRequest) -> (io::Result<Child>, oneshot::Sender<io::Result<Child>>) {
    let ProcessRequest {
        program,
        args,
        cwd,
        limits,
        fence,
        reply,
    } = request;
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that starts processes"
    )]
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(cwd)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let parent = rustix::process::getpid();
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe
    // calls are allowed. It makes plain system calls on values made before the fork: no allocation,
    // no locks, no environment, no panics.
    unsafe {
        command.pre_exec(move || {
            limits.apply_in_child(parent)?;
            fence.close_in_child()
        });
    }
    (command.spawn(), reply)
}
