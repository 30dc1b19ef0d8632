//! What keeps a process that FFmpeg's parsers have lost to its input from doing harm: landlock for
//! files, TCP and signals, seccomp for system calls, no capabilities it does not need.
//!
//! Everything that allocates happens in the parent, before the fork: a ruleset and a filter restrict
//! nobody until they are applied. The child applies them by plain system calls between fork and
//! exec, which is what a process with threads may do there, and spares another exec.
//!
//! What the kernel lacks is left out, and said: see [`SandboxLevel`]. What it has is applied to
//! every process; one that it cannot be applied to is not started.

mod calls;
mod files;
mod level;
mod live;
mod sockets;
mod trial;

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::thread::{CapabilitySet, CapabilitySets};

use self::calls::{Strictness, sock_filter};
use self::files::{Kind, Program};
use super::Access;
use super::guard::orders::Walls;

pub use level::{Landlock, LiveNetwork, Missing, Network, SandboxLevel, Seccomp};
pub(super) use live::LiveFence;

/// The first interface of landlock that keeps signals inside the sandbox.
const SIGNALS_ABI: u32 = 6;

/// What this kernel can enforce, with what does not depend on the process made ready.
#[derive(Clone, Debug)]
pub(super) struct Sandbox {
    level: SandboxLevel,
    has_landlock: bool,
    walls: Walls,
    for_binaries: Option<Arc<[sock_filter]>>,
    for_scripts: Option<Arc<[sock_filter]>>,
}

impl Sandbox {
    /// Finds out what the kernel has, and tries it out on a child.
    pub(super) fn probe() -> Self {
        let landlock = level::landlock();
        let seccomp = level::seccomp();
        let abi = match landlock {
            Landlock::Enforced { abi } => abi,
            Landlock::Off { .. } => 0,
        };
        let has_landlock = abi > 0;
        let filter = |no_children| {
            let strictness = Strictness {
                no_children,
                no_signals: abi < SIGNALS_ABI,
                no_sockets: true,
            };
            calls::filter(strictness).filter(|_| seccomp == Seccomp::Enforced)
        };
        let supervised = seccomp == Seccomp::Enforced && level::can_supervise();
        let mut sandbox = Self {
            level: SandboxLevel::new(landlock, seccomp, supervised),
            has_landlock,
            walls: Walls {
                landlock: has_landlock,
                seccomp: seccomp == Seccomp::Enforced,
                no_signals: abi < SIGNALS_ABI,
                supervised,
            },
            for_binaries: filter(true),
            for_scripts: filter(false),
        };
        sandbox.level = trial::confirm(&sandbox);
        sandbox
    }

    pub(super) fn level(&self) -> &SandboxLevel {
        &self.level
    }

    /// What a live process is locked into here.
    pub(super) fn walls(&self) -> Walls {
        self.walls
    }

    /// Makes ready what a process of this program will be locked into.
    pub(super) fn fence(&self, program: &Path, access: Access<'_>) -> io::Result<Fence> {
        let program = Program::at(program)?;
        let filter = match program.kind {
            Kind::Binary => &self.for_binaries,
            Kind::Script => &self.for_scripts,
        };
        let ruleset = match self.has_landlock {
            true => files::ruleset(&program, access, &[])?,
            false => None,
        };
        Ok(Fence {
            ruleset,
            forbids_children: program.kind == Kind::Binary && filter.is_some(),
            filter: filter.clone(),
        })
    }
}

/// What one process is locked into.
#[derive(Debug)]
pub(super) struct Fence {
    ruleset: Option<OwnedFd>,
    filter: Option<Arc<[sock_filter]>>,
    forbids_children: bool,
}

impl Fence {
    pub(super) fn forbids_children(&self) -> bool {
        self.forbids_children
    }

    /// Locks the calling process in for good.
    ///
    /// Runs in the child between fork and exec, so it only makes system calls, on memory that was
    /// filled before the fork: there is no allocation, lock or panic in it, and none in the errors,
    /// which hold a number.
    pub(super) fn close_in_child(&self) -> io::Result<()> {
        rustix::thread::set_no_new_privs(true)?;
        give_up_capabilities()?;
        if let Some(ruleset) = &self.ruleset {
            // SAFETY: the call takes two numbers.
            let answer =
                unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) };
            succeeded(answer)?;
        }
        match &self.filter {
            Some(filter) => install(filter),
            None => Ok(()),
        }
    }
}

/// What root keeps is what it takes to read and write files of any owner, as far as landlock lets
/// it. With `no_new_privs`, exec brings nothing back.
fn give_up_capabilities() -> io::Result<()> {
    let kept = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    let held = rustix::thread::capabilities(None)?;
    let wanted = CapabilitySets {
        effective: held.effective & kept,
        permitted: held.permitted & kept,
        inheritable: CapabilitySet::empty(),
    };
    Ok(rustix::thread::set_capabilities(None, wanted)?)
}

fn install(filter: &[sock_filter]) -> io::Result<()> {
    // The mitigation that kernels before 5.16 turn on for filtered processes slows encoding down,
    // and guards against what only programs that run foreign code have to fear.
    match install_with(filter, libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => install_with(filter, 0),
        other => other,
    }
    .map(|_| ())
}

fn install_with(filter: &[sock_filter], flags: libc::c_ulong) -> io::Result<libc::c_long> {
    let program = libc::sock_fprog {
        // The compiler of filters allows 4096 instructions at most.
        len: filter.len() as libc::c_ushort,
        filter: filter.as_ptr().cast_mut().cast(),
    };
    // SAFETY: both types of instruction have the kernel's layout, and the kernel only reads the
    // program, which outlives the call.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program,
        )
    };
    match answer {
        ..0 => Err(io::Error::last_os_error()),
        done => Ok(done),
    }
}

fn succeeded(answer: libc::c_long) -> io::Result<()> {
    match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
