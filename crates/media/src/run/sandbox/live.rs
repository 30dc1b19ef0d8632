//! What a live process is locked into: as others are, but with sockets to the stream's hosts.
//!
//! Where the kernel lets another process answer for system calls, the guard makes each connection itself, on a copy
//! of the socket and from its own copy of the address, so that what was judged is what is connected to; names stand
//! for what the guard says. Elsewhere landlock limits TCP to the ports of the stream's hosts, and names are looked up
//! as everywhere.

use std::io;
use std::os::fd::RawFd;
use std::path::Path;

use super::super::Access;
use super::super::guard::orders::{Reach, Walls};
use super::calls::{self, Strictness};
use super::files::{self, Kind, Program};
use super::sockets::{self, Sockets};
use super::{Fence, sock_filter};

/// What it takes to look up names.
const RESOLVING: [&str; 5] = [
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/gai.conf",
];

/// What one live process is locked into.
#[derive(Debug)]
pub(in crate::run) struct LiveFence {
    fence: Fence,
    sockets: Option<Vec<sock_filter>>,
    supervised: bool,
}

impl LiveFence {
    pub(in crate::run) fn new(
        program: &Path,
        folder: &Path,
        walls: Walls,
        reach: &Reach,
    ) -> io::Result<Self> {
        let program = Program::at(program)?;
        let is_binary = program.kind == Kind::Binary;
        let resolving = RESOLVING.map(Path::new);
        let access = Access {
            read: match walls.supervised {
                true => &[],
                false => &resolving,
            },
            write: Some(folder),
        };
        // The guard's connections are its own, so that the process needs no port.
        let ports = reach.tcp.iter().filter(|_| !walls.supervised);
        let ports: Vec<u16> = ports.map(std::net::SocketAddr::port).collect();
        let ruleset = match walls.landlock {
            true => files::ruleset(&program, access, &ports)?,
            false => None,
        };
        let strictness = Strictness {
            no_children: is_binary,
            no_signals: walls.no_signals,
            no_sockets: false,
        };
        let sockets = Sockets {
            udp: reach.uses_udp() || !walls.supervised,
            supervised: walls.supervised,
        };
        Ok(Self {
            fence: Fence {
                ruleset,
                forbids_children: is_binary && walls.seccomp,
                filter: calls::filter(strictness).filter(|_| walls.seccomp),
            },
            sockets: walls.seccomp.then(|| sockets::filter(sockets)),
            supervised: walls.supervised,
        })
    }

    pub(in crate::run) fn forbids_children(&self) -> bool {
        self.fence.forbids_children
    }

    /// Locks the calling process in for good. If its calls are supervised, returns where they are asked about.
    ///
    /// Runs between fork and exec: system calls only.
    pub(in crate::run) fn close_in_child(&self) -> io::Result<Option<RawFd>> {
        self.fence.close_in_child()?;
        match &self.sockets {
            Some(filter) if self.supervised => sockets::install_asking(filter).map(Some),
            Some(filter) => super::install(filter).map(|()| None),
            None => Ok(None),
        }
    }
}
