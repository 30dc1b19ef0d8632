//! The process group of a child: signalled, measured and emptied as one.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::Child;

use super::child::Stopped;

/// The process group of a child; killed when dropped before it is known to be empty.
#[derive(Debug)]
pub(super) struct Group {
    leader: Option<Pid>,
}

impl Group {
    pub(super) fn of(child: &Child) -> Self {
        Self {
            leader: child.id().and_then(|id| Pid::from_raw(id.cast_signed())),
        }
    }

    pub(super) fn leader(&self) -> Option<Pid> {
        self.leader
    }

    /// Asks every member to end, waits, then kills. The caller keeps draining meanwhile, because a
    /// process that blocks on a full pipe cannot react.
    pub(super) async fn end(&self, child: &mut Child, grace: Duration) -> Stopped {
        self.signal(Signal::TERM);
        match tokio::time::timeout(grace, child.wait()).await {
            Ok(_) => Stopped::Asked,
            Err(_) => self.kill(child).await,
        }
    }

    pub(super) async fn kill(&self, child: &mut Child) -> Stopped {
        self.signal(Signal::KILL);
        let _ = child.wait().await;
        Stopped::Killed
    }

    /// Makes sure that no member is left once the leader has been reaped.
    pub(super) async fn clear(&mut self) {
        // A killed member is gone within a few milliseconds unless it hangs inside the kernel.
        let mut pause = Duration::from_millis(1);
        for _ in 0..100 {
            let Some(leader) = self.leader else { return };
            if test_kill_process_group(leader).is_err() || living(leader).next().is_none() {
                self.leader = None;
                return;
            }
            self.signal(Signal::KILL);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(10));
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

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Memory in use by a group. Where members cannot have children the leader is all there is, which
/// spares looking through every process of the machine.
pub(super) fn resident_bytes(leader: Pid, is_alone: bool) -> u64 {
    let of = |process: &str| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kilobytes.unwrap_or(0_u64).saturating_mul(1024)
    };
    match is_alone {
        true => of(&leader.as_raw_nonzero().to_string()),
        false => living(leader).map(|process| of(&process)).sum(),
    }
}

/// The members that are more than dead ones whose new parent has not reaped them yet; some init
/// processes take seconds over that.
fn living(leader: Pid) -> impl Iterator<Item = String> {
    let group = leader.as_raw_nonzero().to_string();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(move |process| {
        let name = process.file_name().into_string().ok()?;
        name.parse::<u32>().ok()?;
        let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
        // `pid (name) state parent group …`, where the name may hold anything.
        let (_, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').take(3).collect();
        let is_living =
            matches!(fields[..], [state, _, of] if of == group && !matches!(state, "Z" | "X"));
        is_living.then_some(name)
    })
}
