//! How the disk of the data directory is shared out.

use std::path::Path;

use crate::config::WorkArgs;

/// What jobs are promised and what stays free, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) per_job: u64,
    pub(super) floor: u64,
}

/// The size of a disk, and what is free of it.
#[derive(Clone, Copy, Debug)]
struct Disk {
    total: u64,
    free: u64,
}

const PER_JOB: u64 = 1 << 30;
const FLOOR: u64 = 256 << 20;

impl Space {
    /// What the operator said, or what suits the disk that holds `data`.
    pub(super) fn of(args: &WorkArgs, data: &Path) -> Self {
        let disk = rustix::fs::statvfs(data).map(|disk| Disk {
            total: disk.f_blocks.saturating_mul(disk.f_frsize),
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
        });
        let disk = disk.unwrap_or(Disk {
            total: u64::MAX,
            free: u64::MAX,
        });
        let space = Self::on(args, disk.total);
        let Self { per_job, floor } = space;
        let needed = per_job.saturating_add(floor);
        if disk.total < needed {
            tracing::error!(
                "no job will ever start: the disk of {} has {} bytes, and {needed} have to be free \
                 (--scratch-per-job and --free-space-floor together)",
                data.display(),
                disk.total
            );
        } else if disk.free < needed {
            tracing::warn!(
                "jobs wait until {needed} bytes are free on the disk of {}; {} are",
                data.display(),
                disk.free
            );
        }
        space
    }

    /// On a disk of this size. The defaults leave a small one usable.
    fn on(args: &WorkArgs, total: u64) -> Self {
        Self {
            per_job: args.scratch_per_job.unwrap_or(PER_JOB.min(total / 8)),
            floor: args.free_space_floor.unwrap_or(FLOOR.min(total / 16)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_smaller_on_a_small_disk_and_what_is_said_holds_on_any() {
        let mut args = WorkArgs::default();
        let on = |args: &WorkArgs, total| {
            let Space { per_job, floor } = Space::on(args, total);
            (per_job >> 20, floor >> 20)
        };
        assert_eq!(on(&args, 1 << 40), (1024, 256));
        assert_eq!(on(&args, 1 << 30), (128, 64));
        args.scratch_per_job = Some(5 << 30);
        args.free_space_floor = Some(0);
        assert_eq!(on(&args, 1 << 30), (5 << 10, 0));
    }
}
