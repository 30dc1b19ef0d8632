//! Resource limits of one process.

use std::io;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal};

/// Of processor time, between being told and being killed.
const NOTICE_SECONDS: u64 = 5;

/// What one process may use, and how it is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time; the process is stopped after it.
    pub max_run_time: Duration,
    /// Processor time of all its threads together, in seconds; absent: what fits into the wall time.
    pub cpu_seconds: Option<u64>,
    /// The longest time without progress; the process is stopped after it.
    pub stall: Option<Duration>,
    /// Time between asking a process to end and killing it.
    pub stop_grace: Duration,
    /// The largest file it may write.
    pub file_bytes: Option<u64>,
    /// All that may lie in its directory at once.
    pub scratch_bytes: Option<u64>,
    /// What has to stay free on the file system of its directory.
    pub free_floor_bytes: Option<u64>,
    /// Memory in use; it is looked at every second.
    pub resident_bytes: Option<u64>,
    /// Virtual memory, most of which FFmpeg never touches; give it generously or not at all.
    pub address_space_bytes: Option<u64>,
    pub open_files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_run_time: Duration::from_secs(24 * 60 * 60),
            cpu_seconds: None,
            stall: None,
            stop_grace: Duration::from_secs(2),
            file_bytes: None,
            scratch_bytes: None,
            free_floor_bytes: None,
            resident_bytes: None,
            address_space_bytes: None,
            open_files: 256,
        }
    }
}

impl Limits {
    /// The limits as the kernel takes them, worked out before the fork.
    pub(super) fn resolve(&self) -> Resolved {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        // CPU time is summed over threads; the slack keeps the wall clock the limit that is met first.
        let cpu_seconds = self.max_run_time.as_secs().saturating_add(10);
        let cpu_seconds = cpu_seconds.saturating_mul(cores);
        let cpu_seconds = self.cpu_seconds.unwrap_or(cpu_seconds);
        Resolved {
            rlimits: [
                (Resource::Core, Some(0)),
                (Resource::Nofile, Some(self.open_files)),
                (Resource::Cpu, Some(cpu_seconds)),
                (Resource::Fsize, self.file_bytes),
                (Resource::As, self.address_space_bytes),
            ]
            .map(|(resource, wanted)| {
                let limit = within_hard(resource, wanted?);
                Some((resource, with_notice(resource, limit)))
            }),
        }
    }
}

/// Only root may raise a hard limit, so a wish beyond it becomes the hard limit.
fn within_hard(resource: Resource, wanted: u64) -> Rlimit {
    let hard = rustix::process::getrlimit(resource).maximum;
    let value = Some(hard.map_or(wanted, |hard| hard.min(wanted)));
    Rlimit {
        current: value,
        maximum: value,
    }
}

/// At the lower limit of processor time a process gets a signal that tells why it ends, at the hard one it is killed.
fn with_notice(resource: Resource, limit: Rlimit) -> Rlimit {
    match (resource, limit.current) {
        (Resource::Cpu, Some(seconds)) => Rlimit {
            maximum: within_hard(resource, seconds.saturating_add(NOTICE_SECONDS)).maximum,
            ..limit
        },
        _ => limit,
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Resolved {
    rlimits: [Option<(Resource, Rlimit)>; 5],
}

impl Resolved {
    /// Runs in the child between fork and exec: system calls only.
    pub(super) fn apply_in_child(self, parent: Pid) -> io::Result<()> {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the line above took effect.
        if rustix::process::getppid() != Some(parent) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        for (resource, limit) in self.rlimits.into_iter().flatten() {
            rustix::process::setrlimit(resource, limit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten seconds more than the most was a few seconds.
    #[test]
    fn a_run_time_without_end_leaves_processor_time_without_end() {
        let limits = Limits {
            max_run_time: Duration::MAX,
            ..Limits::default()
        };
        let wanted = limits.resolve().rlimits[2].as_ref().unwrap().1;
        assert_eq!(wanted.current, within_hard(Resource::Cpu, u64::MAX).current);
    }
}
