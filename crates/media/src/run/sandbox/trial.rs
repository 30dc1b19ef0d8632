//! A child that tries what it may not, so that the level reported is one that was seen.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use super::super::Access;
use super::{Landlock, Missing, Sandbox, SandboxLevel, Seccomp};

/// The child's findings travel as an errno that no kernel has, with a bit for each.
const FINDINGS: i32 = 1 << 24;
const READ_A_DIRECTORY: i32 = 1;
const GOT_A_SOCKET: i32 = 1 << 1;

/// The level that was meant, less what had no effect.
pub(super) fn confirm(sandbox: &Sandbox) -> SandboxLevel {
    let SandboxLevel {
        mut landlock,
        mut seccomp,
        ..
    } = *sandbox.level();
    match attempt(sandbox) {
        Ok(findings) => {
            let why = Missing::Ineffective;
            if findings & READ_A_DIRECTORY != 0 && matches!(landlock, Landlock::Enforced { .. }) {
                landlock = Landlock::Off { why };
            }
            if findings & GOT_A_SOCKET != 0 && seccomp == Seccomp::Enforced {
                seccomp = Seccomp::Off { why };
            }
        }
        // FFmpeg will fail to start likewise, and the engine's discovery say so.
        Err(error) => tracing::error!(%error, "the sandbox cannot be tried out"),
    }
    SandboxLevel::new(landlock, seccomp, sandbox.walls.supervised)
}

fn attempt(sandbox: &Sandbox) -> io::Result<i32> {
    // Never executed: the child reports before it comes to that.
    let program = Path::new("/proc/self/exe");
    let fence = sandbox.fence(program, Access::default())?;
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that starts processes"
    )]
    let mut command = std::process::Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // SAFETY: the closure runs in the child between fork and exec and makes only system calls, on
    // values that were made before the fork.
    unsafe {
        command.pre_exec(move || {
            fence.close_in_child()?;
            Err(io::Error::from_raw_os_error(FINDINGS | findings()))
        });
    }
    match command.spawn() {
        Err(error) => match error.raw_os_error() {
            Some(code) if code & FINDINGS != 0 => Ok(code & !FINDINGS),
            _ => Err(error),
        },
        Ok(_) => Err(io::Error::other("a child that was to report ran a program")),
    }
}

fn findings() -> i32 {
    // SAFETY: plain system calls on constants; what they open is closed by the child's end.
    let (directory, socket) = unsafe {
        (
            libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY),
            libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0),
        )
    };
    let mut findings = 0;
    if directory >= 0 {
        findings |= READ_A_DIRECTORY;
    }
    if socket >= 0 {
        findings |= GOT_A_SOCKET;
    }
    findings
}
