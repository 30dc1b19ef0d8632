//! What of the sandbox this machine enforces, and how to get the rest.

use std::fmt;

use serde::Serialize;

use super::SIGNALS_ABI;

/// What is enforced on every process of FFmpeg's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SandboxLevel {
    /// Guards files, TCP and signals.
    pub landlock: Landlock,
    /// Guards system calls.
    pub seccomp: Seccomp,
    pub network: Network,
    /// What live streams reach, which cannot do without.
    pub live: LiveNetwork,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Landlock {
    Enforced {
        /// The kernel's version of the interface; higher ones guard more.
        abi: u32,
    },
    Off {
        why: Missing,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Seccomp {
    Enforced,
    Off { why: Missing },
}

/// Why a part of the sandbox is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The kernel has never heard of it.
    NotInKernel,
    /// The kernel has it, and was started without it.
    NotEnabled,
    /// The surroundings, such as a container runtime, forbid to use it.
    Forbidden,
    /// There is no list of system calls for this architecture.
    Architecture,
    /// It was applied, and a process did what it should have been kept from.
    Ineffective,
}

/// What of the network a process reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// It gets no socket.
    Closed,
    /// TCP connections are refused, other sockets are not.
    TcpClosed,
    Open,
}

/// What of the network a live stream's process reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveNetwork {
    /// The stream's hosts at its ports, over TCP and over SRT: its guard makes every connection.
    Peers,
    /// The ports of the stream's hosts, at any address, over TCP; anybody over UDP.
    Ports,
    Open,
}

/// The first interface of landlock that guards TCP.
const TCP_ABI: u32 = 4;

impl SandboxLevel {
    /// `supervised` says whether guards can make connections.
    pub(super) fn new(landlock: Landlock, seccomp: Seccomp, supervised: bool) -> Self {
        let network = match (seccomp, landlock) {
            (Seccomp::Enforced, _) => Network::Closed,
            (_, Landlock::Enforced { abi: TCP_ABI.. }) => Network::TcpClosed,
            _ => Network::Open,
        };
        let live = match (seccomp, landlock) {
            (Seccomp::Enforced, _) if supervised => LiveNetwork::Peers,
            (_, Landlock::Enforced { abi: TCP_ABI.. }) => LiveNetwork::Ports,
            _ => LiveNetwork::Open,
        };
        Self {
            landlock,
            seccomp,
            network,
            live,
        }
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.advice().is_empty()
    }

    /// What is missing and how to get it, one sentence each.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        match self.landlock {
            Landlock::Enforced { abi: SIGNALS_ABI.. } => {}
            Landlock::Enforced { abi } => advice.push(format!(
                "landlock ABI {abi} guards less than ABI {SIGNALS_ABI}: kernel 6.12 or newer has it"
            )),
            Landlock::Off { why } => advice.push(format!("landlock is off: {}", why.remedy())),
        }
        if let Seccomp::Off { why } = self.seccomp {
            let remedy = match why {
                Missing::NotInKernel => "use a kernel built with CONFIG_SECCOMP_FILTER",
                other => other.remedy(),
            };
            advice.push(format!("seccomp is off: {remedy}"));
        }
        let reached = match self.live {
            LiveNetwork::Peers => return advice,
            LiveNetwork::Ports => "every host at their ports",
            LiveNetwork::Open => "every host",
        };
        advice.push(format!(
            "live streams could reach {reached}: kernel 5.9 or newer, and a container runtime that allows \
             pidfd_getfd and seccomp's notifications, hold them to their own"
        ));
        advice
    }
}

impl Missing {
    fn remedy(self) -> &'static str {
        match self {
            Self::NotInKernel => "use kernel 5.13 or newer, built with CONFIG_SECURITY_LANDLOCK",
            Self::NotEnabled => "add landlock to the list in the kernel's boot parameter lsm=",
            Self::Forbidden => {
                "let the container runtime's seccomp profile allow landlock_* and seccomp calls"
            }
            Self::Architecture => "there is a list of system calls for x86_64 and aarch64 only",
            Self::Ineffective => "it was applied without effect, which is a fault worth reporting",
        }
    }
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.landlock {
            Landlock::Enforced { abi } => write!(f, "files by landlock ABI {abi}")?,
            Landlock::Off { .. } => f.write_str("files not guarded")?,
        }
        match self.seccomp {
            Seccomp::Enforced => f.write_str(", system calls by seccomp")?,
            Seccomp::Off { .. } => f.write_str(", system calls not guarded")?,
        }
        f.write_str(match self.network {
            Network::Closed => ", no network",
            Network::TcpClosed => ", no TCP",
            Network::Open => ", network not guarded",
        })?;
        f.write_str(match self.live {
            LiveNetwork::Peers => ", live streams reach their own hosts",
            LiveNetwork::Ports => ", live streams reach their own ports",
            LiveNetwork::Open => "",
        })?;
        f.write_str(", resource limits")
    }
}

pub(super) fn landlock() -> Landlock {
    // LANDLOCK_CREATE_RULESET_VERSION
    const ASK_FOR_VERSION: libc::c_uint = 1;
    // SAFETY: with this flag the call takes no memory and returns a number.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0_usize,
            ASK_FOR_VERSION,
        )
    };
    match u32::try_from(answer) {
        Ok(abi @ 1..) => Landlock::Enforced { abi },
        _ => Landlock::Off {
            why: missing(&std::io::Error::last_os_error()),
        },
    }
}

pub(super) fn seccomp() -> Seccomp {
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        let why = Missing::Architecture;
        return Seccomp::Off { why };
    }
    let action = libc::SECCOMP_RET_ERRNO;
    // SAFETY: the call reads one number, which outlives it.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            &raw const action,
        )
    };
    match answer {
        0 => Seccomp::Enforced,
        _ => Seccomp::Off {
            why: missing(&std::io::Error::last_os_error()),
        },
    }
}

/// Whether another process can answer for a process's system calls: what that takes came up to kernel 5.9, where
/// files can be handed over.
pub(super) fn can_supervise() -> bool {
    let action = libc::SECCOMP_RET_USER_NOTIF;
    // SAFETY: the call reads one number, which outlives it.
    let asked = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            &raw const action,
        )
    };
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy();
    let mut numbers = release
        .split(['.', '-'])
        .map(|it| it.parse::<u32>().unwrap_or(0));
    let release = (numbers.next(), numbers.next());
    asked == 0 && release >= (Some(5), Some(9)) && can_take_descriptors()
}

/// Container runtimes may forbid it.
fn can_take_descriptors() -> bool {
    // SAFETY: the calls take numbers; what they open is closed.
    unsafe {
        let pidfd = libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0);
        if pidfd < 0 {
            return false;
        }
        let copy = libc::syscall(libc::SYS_pidfd_getfd, pidfd, pidfd, 0);
        if copy >= 0 {
            libc::close(copy as libc::c_int);
        }
        libc::close(pidfd as libc::c_int);
        copy >= 0
    }
}

fn missing(error: &std::io::Error) -> Missing {
    match error.raw_os_error() {
        Some(libc::EOPNOTSUPP) => Missing::NotEnabled,
        Some(libc::EPERM | libc::EACCES) => Missing::Forbidden,
        _ => Missing::NotInKernel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(landlock: Landlock, seccomp: Seccomp) -> SandboxLevel {
        SandboxLevel::new(landlock, seccomp, true)
    }

    #[test]
    fn what_is_missing_is_said_with_its_remedy() {
        let full = level(Landlock::Enforced { abi: 7 }, Seccomp::Enforced);
        assert!(full.is_complete());
        assert_eq!(
            full.to_string(),
            "files by landlock ABI 7, system calls by seccomp, no network, live streams reach their own hosts, \
             resource limits"
        );
        let why = Missing::NotEnabled;
        let without = level(Landlock::Off { why }, Seccomp::Enforced);
        assert!(without.advice()[0].contains("lsm="), "{without:?}");
        assert_eq!(without.network, Network::Closed);
        let why = Missing::Forbidden;
        let old = level(Landlock::Enforced { abi: 4 }, Seccomp::Off { why });
        assert_eq!(old.network, Network::TcpClosed);
        let advice = old.advice().join("; ");
        assert!(
            advice.contains("6.12") && advice.contains("container"),
            "{advice}"
        );
        assert!(old.to_string().contains("no TCP"));
        let none = level(Landlock::Off { why }, Seccomp::Off { why });
        assert_eq!(none.network, Network::Open);
        assert_eq!(none.live, LiveNetwork::Open);
        assert_eq!(old.live, LiveNetwork::Ports);
        let alone = SandboxLevel::new(Landlock::Enforced { abi: 7 }, Seccomp::Enforced, false);
        assert_eq!(alone.live, LiveNetwork::Ports);
        assert!(alone.advice()[0].contains("pidfd_getfd"), "{alone:?}");
    }
}
