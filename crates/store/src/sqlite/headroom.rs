//! Disk space kept back for cancels and pauses.
//!
//! A file holds [`RESERVE`] bytes from the start. When the disk runs low, growth is refused; when it
//! is all but full, the reserve is given up step by step, as far as what relieves a full queue needs
//! it, because what is given up at once another program may take. If the process dies in between,
//! the next start takes the reserve again as soon as it can.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate, fstatvfs};

use crate::contract::{Result, StoreError};

const FILE_NAME: &str = "reelgate.reserve";

/// The log and its checkpoint need half of it at most; the rest is for what tables grow by.
const RESERVE: u64 = 32 << 20;

/// Growth is refused below this.
pub(super) const FLOOR: u64 = 16 << 20;

/// What a batch of cancels may need, and how much of the reserve is given up at a time.
const STEP: u64 = 4 << 20;

/// How many bytes the disk still has; `None` if it does not say.
type Free = Box<dyn Fn(&File) -> Option<u64> + Send>;

pub(super) struct Headroom {
    reserve: File,
    /// How much of the reserve is there.
    held: u64,
    free: Free,
}

impl Headroom {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        Self::with(dir, Box::new(available))
    }

    /// With another way to find out what is free.
    pub(super) fn with(dir: &Path, free: Free) -> Result<Self> {
        let path = dir.join(FILE_NAME);
        let reserve = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
        let mut headroom = Self {
            reserve,
            held: 0,
            free,
        };
        headroom.take();
        Ok(headroom)
    }

    /// Whether there is room for growth. Gives up some of the reserve or takes it again as needed.
    pub(super) fn allows_growth(&mut self) -> bool {
        // A disk that does not say how full it is gets the benefit of the doubt.
        let Some(free) = (self.free)(&self.reserve) else {
            return true;
        };
        if free < STEP && self.held > 0 {
            self.give_up(free);
        } else if self.held < RESERVE && free >= FLOOR + (RESERVE - self.held) {
            self.take();
        }
        self.held == RESERVE && free >= FLOOR
    }

    fn give_up(&mut self, free: u64) {
        let rest = self.held.saturating_sub(STEP);
        if self.reserve.set_len(rest).is_ok() {
            tracing::error!(
                free,
                rest,
                "the disk is full: space kept back for cancels is used"
            );
            self.held = rest;
        }
    }

    fn take(&mut self) {
        // A file system without this call has no reserve, and its own answer has to do.
        self.held = match fallocate(&self.reserve, FallocateFlags::empty(), 0, RESERVE) {
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => RESERVE,
            Err(_) => self.held,
        };
    }
}

fn available(file: &File) -> Option<u64> {
    let disk = fstatvfs(file).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn the_reserve_is_given_up_step_by_step_on_a_full_disk_and_taken_again() {
        let dir = tempfile::tempdir().unwrap();
        let free = Arc::new(AtomicU64::new(1 << 40));
        let seen = Arc::clone(&free);
        let mut headroom = Headroom::with(
            dir.path(),
            Box::new(move |_| Some(seen.load(Ordering::Relaxed))),
        )
        .unwrap();
        let size = || std::fs::metadata(dir.path().join(FILE_NAME)).unwrap().len();
        assert!(headroom.allows_growth());
        assert_eq!(size(), RESERVE);
        // Low: nothing grows, and the reserve stays until it is needed.
        free.store(FLOOR - 1, Ordering::Relaxed);
        assert!(!headroom.allows_growth());
        assert_eq!(size(), RESERVE);
        // Full: step by step.
        free.store(STEP - 1, Ordering::Relaxed);
        assert!(!headroom.allows_growth());
        assert_eq!(size(), RESERVE - STEP);
        for _ in 0..20 {
            assert!(!headroom.allows_growth());
        }
        assert_eq!(size(), 0);
        // What the reserve gave back is not room for growth.
        free.store(RESERVE, Ordering::Relaxed);
        assert!(!headroom.allows_growth());
        free.store(FLOOR + RESERVE, Ordering::Relaxed);
        assert!(headroom.allows_growth());
        assert_eq!(size(), RESERVE);
    }
}
