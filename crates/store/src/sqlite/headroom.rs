//! Disk space kept back for cancels and pauses.
//!
//! A file holds [`RESERVE`] bytes from the start. When the disk runs low they are given up, so that
//! what relieves a full queue can still be written, and growth is refused until the disk has room
//! again and the reserve is whole. If the process dies in between, the next start takes the reserve
//! again as soon as it can.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate, fstatvfs};

use crate::contract::{Result, StoreError};

const FILE_NAME: &str = "reelgate.reserve";

/// Enough for some ten thousand cancels.
const RESERVE: u64 = 32 << 20;

/// Below this the disk is as good as full.
const FLOOR: u64 = 16 << 20;

/// How many bytes the disk still has; `None` if it does not say.
type Free = Box<dyn Fn(&File) -> Option<u64> + Send>;

pub(super) struct Headroom {
    reserve: File,
    whole: bool,
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
            whole: false,
            free,
        };
        headroom.whole = headroom.take();
        Ok(headroom)
    }

    /// Whether there is room for growth. Gives the reserve up or takes it again as needed.
    pub(super) fn allows_growth(&mut self) -> bool {
        // A disk that does not say how full it is gets the benefit of the doubt.
        let Some(free) = (self.free)(&self.reserve) else {
            return true;
        };
        if self.whole && free < FLOOR {
            tracing::error!(
                free,
                "the disk is nearly full: only cancels and the like are written"
            );
            self.whole = self.reserve.set_len(0).is_err();
        } else if !self.whole && free >= 2 * RESERVE {
            self.whole = self.take();
            if self.whole {
                tracing::info!(free, "the disk has room again");
            }
        }
        self.whole
    }

    fn take(&self) -> bool {
        match fallocate(&self.reserve, FallocateFlags::empty(), 0, RESERVE) {
            Ok(()) => true,
            // Without this call there is no reserve, and the disk's own answer has to do.
            Err(rustix::io::Errno::OPNOTSUPP) => true,
            Err(_) => false,
        }
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
    fn the_reserve_is_given_up_on_a_full_disk_and_taken_again() {
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
        free.store(FLOOR - 1, Ordering::Relaxed);
        assert!(!headroom.allows_growth());
        assert_eq!(size(), 0);
        // What the reserve gave back is not room for growth.
        free.store(FLOOR + RESERVE, Ordering::Relaxed);
        assert!(!headroom.allows_growth());
        free.store(2 * RESERVE, Ordering::Relaxed);
        assert!(headroom.allows_growth());
        assert_eq!(size(), RESERVE);
    }
}
