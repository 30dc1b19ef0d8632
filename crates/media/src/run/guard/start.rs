//! Forking the process that is guarded.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal};

use super::super::sandbox::LiveFence;
use super::orders::Spec;

/// How many files it may have open.
const OPEN_FILES: u64 = 256;
/// What does not come from a system call that failed.
const NO_ERRNO: i32 = libc::EIO;

/// The process that was started.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
    /// Where its calls are asked about.
    pub(super) questions: Option<OwnedFd>,
    /// Whether it cannot have children.
    pub(super) is_alone: bool,
}

/// What the child needs, made before the fork.
struct Child {
    program: CString,
    args: Vec<CString>,
    env: Vec<CString>,
    folder: CString,
    nothing: OwnedFd,
    fence: LiveFence,
    rlimits: Vec<(Resource, Rlimit)>,
    guard: Pid,
}

/// Forks and executes. The guard has one thread, so that the child may do what it likes.
pub(super) fn start(spec: &Spec) -> io::Result<Started> {
    let fence = LiveFence::new(
        Path::new(&spec.program),
        Path::new(&spec.folder),
        spec.walls,
        &spec.reach,
    )?;
    let is_alone = fence.forbids_children();
    let text = |text: &OsStr| CString::new(text.as_bytes()).map_err(io::Error::other);
    let args = std::iter::once(&spec.program).chain(&spec.args);
    let env = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"];
    let limit = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    let mut rlimits = vec![
        (Resource::Core, limit(0)),
        (Resource::Nofile, limit(OPEN_FILES)),
    ];
    rlimits.extend(spec.file_bytes.map(|most| (Resource::Fsize, limit(most))));
    let child = Child {
        program: text(&spec.program)?,
        args: args.map(|it| text(it)).collect::<io::Result<_>>()?,
        env: env
            .map(CString::new)
            .into_iter()
            .collect::<Result<_, _>>()?,
        folder: text(&spec.folder)?,
        nothing: std::fs::File::open("/dev/null")?.into(),
        fence,
        rlimits,
        guard: rustix::process::getpid(),
    };
    let (ours, theirs) = pair()?;
    // SAFETY: there is one thread, and the child does nothing but what `Child::run` does.
    let pid = match unsafe { libc::fork() } {
        0 => child.run(theirs.as_fd()),
        ..0 => return Err(io::Error::last_os_error()),
        pid => pid,
    };
    drop(theirs);
    let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidData)?;
    let met = meet(pid, ours.as_fd());
    if met.is_err() {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
        let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
    }
    let (pidfd, questions) = met?;
    Ok(Started {
        pid,
        pidfd,
        questions,
        is_alone,
    })
}

/// Takes over where the child's calls are asked about, lets it go on, and waits until it has executed the program.
fn meet(pid: Pid, socket: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    let questions = match read_number(socket)?.ok_or(io::ErrorKind::UnexpectedEof)? {
        errno @ ..-1 => return Err(io::Error::from_raw_os_error(-errno)),
        -1 => None,
        number => Some(take(pidfd.as_fd(), number)?),
    };
    rustix::io::write(socket, &[1])?;
    match read_number(socket)? {
        // Executing the program has closed it.
        None => Ok((pidfd, questions)),
        Some(errno) => Err(io::Error::from_raw_os_error(errno.saturating_neg())),
    }
}

/// A copy of another process's file descriptor.
pub(super) fn take(pidfd: BorrowedFd<'_>, number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the call takes three numbers and returns a new descriptor, which is nobody else's.
    unsafe {
        let answer = libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), number, 0);
        match RawFd::try_from(answer) {
            Ok(fd @ 0..) => Ok(OwnedFd::from_raw_fd(fd)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    Ok((ours.into(), theirs.into()))
}

fn read_number(socket: BorrowedFd<'_>) -> io::Result<Option<i32>> {
    let mut bytes = [0; 4];
    match rustix::io::retry_on_intr(|| rustix::io::read(socket, &mut bytes))? {
        0 => Ok(None),
        4 => Ok(Some(i32::from_ne_bytes(bytes))),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

impl Child {
    /// Becomes the program, or tells why not and ends.
    fn run(&self, socket: BorrowedFd<'_>) -> ! {
        let error = match self.prepare(socket) {
            Ok(()) => self.execute(),
            Err(error) => error,
        };
        let errno = error.raw_os_error().filter(|errno| *errno > 1);
        // 1 stands for "not asked about".
        let number = -errno.unwrap_or(NO_ERRNO);
        let _ = rustix::io::write(socket, &number.to_ne_bytes());
        // SAFETY: it ends the process.
        unsafe { libc::_exit(127) }
    }

    fn prepare(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        rustix::process::setpgid(None, None)?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The guard may have died before the line above took effect.
        if rustix::process::getppid() != Some(self.guard) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            // A broken pipe stays ignored: what nobody reads any more must not cost a recording its end.
            // SAFETY: it sets what is the default.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        // SAFETY: the number of the standard input is given another meaning.
        let moved = unsafe { libc::dup2(self.nothing.as_raw_fd(), 0) };
        if moved < 0 {
            return Err(io::Error::last_os_error());
        }
        for (resource, limit) in &self.rlimits {
            rustix::process::setrlimit(*resource, *limit)?;
        }
        rustix::process::chdir(self.folder.as_c_str())?;
        let questions = self.fence.close_in_child()?;
        rustix::io::write(socket, &questions.unwrap_or(-1).to_ne_bytes())?;
        rustix::io::read(socket, &mut [0])?;
        Ok(())
    }

    fn execute(&self) -> io::Error {
        let pointers = |texts: &[CString]| -> Vec<*const libc::c_char> {
            let end = std::iter::once(std::ptr::null());
            texts.iter().map(|it| it.as_ptr()).chain(end).collect()
        };
        let (args, env) = (pointers(&self.args), pointers(&self.env));
        let program: &CStr = &self.program;
        // SAFETY: all texts end with zero, both lists with null, and all outlive the call.
        unsafe { libc::execve(program.as_ptr(), args.as_ptr(), env.as_ptr()) };
        io::Error::last_os_error()
    }
}
