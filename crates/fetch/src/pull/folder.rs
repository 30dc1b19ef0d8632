//! The directory of a pull: what lies in it, and who may work there.

use std::fs::{File, remove_file};
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::pull::fault::PullFault;

pub(super) const PART: &str = "pulled.part";
pub(super) const STATE: &str = "pulled.state";
pub(super) const WHOLE: &str = "pulled";

/// How long a pull waits for one that has just been dropped in the same directory.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
const LOCK_INTERVAL: Duration = Duration::from_millis(20);

/// Removes whatever pulls have left in a directory, once nobody writes there any more. Blocks.
pub fn discard(dir: &Path) -> Result<(), PullFault> {
    let failed = |error: &io::Error| PullFault::disk("remove", error);
    let lock = match File::open(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        lock => lock.map_err(|error| failed(&error))?,
    };
    self::lock(&lock)?;
    remove(dir).map_err(|error| failed(&error))
}

pub(super) fn remove(dir: &Path) -> io::Result<()> {
    // The state last: what it speaks of must not outlive it.
    for name in [WHOLE, PART, STATE] {
        match remove_file(dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Waits until nobody else works in it. Blocks.
pub(super) fn lock(dir: &File) -> Result<(), PullFault> {
    let mut waited = Duration::ZERO;
    loop {
        match flock(dir, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if waited < LOCK_PATIENCE => {
                std::thread::sleep(LOCK_INTERVAL);
                waited += LOCK_INTERVAL;
            }
            Err(Errno::WOULDBLOCK) => return Err(PullFault::InUse),
            // Some file systems lock no directories.
            _ => return Ok(()),
        }
    }
}
