//! What is looked at while a process runs: whether it gets on, its memory, its disk.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use rustix::process::Pid;
use tokio::time::{Instant, MissedTickBehavior};

use super::{Limits, group};

const TICK: Duration = Duration::from_secs(1);
/// Walking through a directory may take this share of one processor: outputs in segments can be
/// thousands of files.
const WALK_SHARE: u32 = 200;
/// However slow the disk is.
const WALKS_APART: Duration = Duration::from_secs(30);

/// What a process did that it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    Stall,
    Memory,
    Disk,
    /// Not its own doing alone: the file system it writes to is nearly full.
    FullDisk,
}

/// What there is to look at.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub(super) leader: Option<Pid>,
    /// Whether the leader cannot have children.
    pub(super) is_alone: bool,
    /// The directory it writes below.
    pub(super) folder: Option<PathBuf>,
}

impl Watch {
    /// Completes with the first excess.
    pub(super) async fn excess(&self, limits: &Limits, pulse: &Pulse) -> Excess {
        let asks = [
            limits.resident_bytes,
            limits.scratch_bytes,
            limits.free_floor_bytes,
        ];
        if limits.stall.is_none() && asks == [None; 3] {
            return std::future::pending().await;
        }
        // A quiet time has to be seen in several looks.
        let period = limits.stall.map_or(TICK, |stall| (stall / 4).min(TICK));
        let period = period.max(Duration::from_millis(5));
        let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut writing = Writing::new(pulse.last());
        loop {
            ticks.tick().await;
            let now = Instant::now();
            let quiet = now - pulse.last();
            let may_stall = limits.stall.is_some_and(|stall| quiet >= stall / 2);
            let walks = (limits.scratch_bytes.is_some() || may_stall) && now >= writing.next_walk;
            let (watch, limits) = (self.clone(), *limits);
            let Ok(seen) = tokio::task::spawn_blocking(move || watch.look(&limits, walks)).await
            else {
                // The runtime shuts down.
                return std::future::pending().await;
            };
            if let Some(excess) = seen.excess(&limits) {
                return excess;
            }
            let is_compared = seen.walk.is_some_and(|walk| writing.note(walk, now));
            // FFmpeg tells of no progress while it moves a file's index to the front.
            let is_certain = is_compared || self.folder.is_none();
            let last_sign = pulse.last().max(writing.changed);
            if is_certain
                && limits
                    .stall
                    .is_some_and(|stall| last_sign.elapsed() >= stall)
            {
                return Excess::Stall;
            }
        }
    }

    fn look(&self, limits: &Limits, walks: bool) -> Seen {
        let folder = self.folder.as_deref();
        let begun = Instant::now();
        let walk = folder.filter(|_| walks).map(|folder| {
            let mut content = Content::default();
            content.add(folder);
            Walk {
                content,
                took: begun.elapsed(),
            }
        });
        let free = match (limits.free_floor_bytes, folder) {
            (Some(_), Some(folder)) => rustix::fs::statvfs(folder).ok(),
            _ => None,
        };
        Seen {
            resident_bytes: match (limits.resident_bytes, self.leader) {
                (Some(_), Some(leader)) => group::resident_bytes(leader, self.is_alone),
                _ => 0,
            },
            free_bytes: free.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
            walk,
        }
    }
}

struct Seen {
    resident_bytes: u64,
    free_bytes: Option<u64>,
    walk: Option<Walk>,
}

impl Seen {
    fn excess(&self, limits: &Limits) -> Option<Excess> {
        let above = |bytes: u64, limit: Option<u64>| limit.is_some_and(|limit| bytes > limit);
        let written = self.walk.as_ref().map_or(0, |walk| walk.content.bytes);
        if above(self.resident_bytes, limits.resident_bytes) {
            return Some(Excess::Memory);
        }
        if above(written, limits.scratch_bytes) {
            return Some(Excess::Disk);
        }
        match (self.free_bytes, limits.free_floor_bytes) {
            (Some(free), Some(floor)) if free < floor => Some(Excess::FullDisk),
            _ => None,
        }
    }
}

struct Walk {
    content: Content,
    took: Duration,
}

/// What is below a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Content {
    bytes: u64,
    newest: Option<SystemTime>,
}

impl Content {
    fn add(&mut self, folder: &Path) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            // What vanishes meanwhile is none of the process's disk any more.
            let Ok(meta) = entry.metadata() else { continue };
            self.bytes = self.bytes.saturating_add(meta.blocks().saturating_mul(512));
            self.newest = self.newest.max(meta.modified().ok());
            if meta.is_dir() {
                self.add(&entry.path());
            }
        }
    }
}

/// When what is on the disk last changed, by this process's own clock: that of a file server need
/// not agree with it.
struct Writing {
    last: Option<Content>,
    changed: Instant,
    next_walk: Instant,
}

impl Writing {
    fn new(begun: Instant) -> Self {
        Self {
            last: None,
            changed: begun,
            next_walk: begun,
        }
    }

    /// Whether there was an earlier walk to compare with.
    fn note(&mut self, walk: Walk, now: Instant) -> bool {
        if self.last.is_some_and(|last| last != walk.content) {
            self.changed = now;
        }
        self.next_walk = now + (walk.took * WALK_SHARE).min(WALKS_APART);
        self.last.replace(walk.content).is_some()
    }
}

/// When a process last made progress.
#[derive(Debug)]
pub(super) struct Pulse {
    begun: Instant,
    /// Milliseconds after `begun`.
    last_ms: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            last_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn beat(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.begun + Duration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }
}
