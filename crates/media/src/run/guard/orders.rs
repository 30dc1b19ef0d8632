//! What a worker and a guard tell each other: one JSON value a line, over a socket.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::live::BootTime;

/// What the guard is told.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::run) enum Order {
    /// The first order, and no later one.
    Start(Box<Spec>),
    Renew(BootTime),
    Stop {
        grace_ms: u64,
    },
    /// Answered by [`Report::Seen`].
    Look,
}

/// The process to start.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::run) struct Spec {
    pub(in crate::run) program: OsString,
    pub(in crate::run) args: Vec<OsString>,
    /// It runs there, and may write below.
    pub(in crate::run) folder: OsString,
    pub(in crate::run) until: BootTime,
    pub(in crate::run) file_bytes: Option<u64>,
    pub(in crate::run) resident_bytes: Option<u64>,
    pub(in crate::run) walls: Walls,
    pub(in crate::run) reach: Reach,
}

/// Which parts of the sandbox this kernel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Walls {
    pub(in crate::run) landlock: bool,
    pub(in crate::run) seccomp: bool,
    /// Whether signals have to be refused as system calls.
    pub(in crate::run) no_signals: bool,
    /// Whether connections are made by the guard.
    pub(in crate::run) supervised: bool,
}

/// Whom the process may talk to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Reach {
    pub(in crate::run) tcp: Vec<SocketAddr>,
    pub(in crate::run) udp: Vec<SocketAddr>,
    /// Where it waits for others over UDP; it then sends to whoever came.
    pub(in crate::run) listens: Vec<SocketAddr>,
    /// What names stand for.
    pub(in crate::run) hosts: Vec<(String, Vec<IpAddr>)>,
}

impl Reach {
    pub(in crate::run) fn uses_udp(&self) -> bool {
        !self.udp.is_empty() || !self.listens.is_empty()
    }
}

/// What the guard tells.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::run) enum Report {
    /// The process runs; its group has the same number.
    Started {
        pid: i32,
    },
    /// It does not.
    Failed {
        errno: i32,
    },
    Seen(Seen),
    /// It wanted to talk to somebody it may not.
    Forbidden(SocketAddr),
    /// All its processes are gone. The last word.
    Ended(Gone),
}

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Seen {
    /// Over TCP.
    pub(in crate::run) received_bytes: Option<u64>,
    /// Over TCP and UDP.
    pub(in crate::run) sent_bytes: u64,
    pub(in crate::run) written_bytes: u64,
    pub(in crate::run) resident_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Gone {
    pub(in crate::run) why: Why,
    pub(in crate::run) code: Option<i32>,
    pub(in crate::run) signal: Option<i32>,
    pub(in crate::run) peak_bytes: u64,
    /// Whether it had to be killed.
    pub(in crate::run) killed: bool,
}

/// Who wanted the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) enum Why {
    Itself,
    Asked,
    Deadline,
    /// Nobody is there to ask for anything.
    Orphaned,
    Memory,
}

/// Lines of JSON, cut out of what comes in.
#[derive(Debug, Default)]
pub(in crate::run) struct Lines(Vec<u8>);

impl Lines {
    pub(in crate::run) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next value that is there whole.
    pub(in crate::run) fn next<T: DeserializeOwned>(&mut self) -> Option<io::Result<T>> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.0.drain(..=end).collect();
        Some(serde_json::from_slice(&line).map_err(io::Error::other))
    }
}

pub(in crate::run) fn line(value: &impl Serialize) -> Vec<u8> {
    // Maps with keys that are no strings do not occur.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Writes all of it, or fails: a report is far smaller than the socket's buffer, and one that nobody reads is lost.
pub(super) fn send(socket: impl AsFd, report: &Report) -> io::Result<()> {
    rustix::io::write(socket, &line(report))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_survive_being_cut_anywhere() {
        let orders = [
            line(&Order::Renew(BootTime::now())),
            line(&Order::Stop { grace_ms: 7 }),
        ]
        .concat();
        for cut in 0..orders.len() {
            let mut lines = Lines::default();
            let mut seen = Vec::new();
            for half in [&orders[..cut], &orders[cut..]] {
                lines.push(half);
                while let Some(order) = lines.next::<Order>() {
                    seen.push(order.unwrap());
                }
            }
            assert!(
                matches!(seen[..], [Order::Renew(_), Order::Stop { grace_ms: 7 }]),
                "{seen:?}"
            );
        }
    }
}
