//! The lock file that keeps a second process from serving the same directory.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::contract::{Result, StoreError};

const FILE_NAME: &str = "reelgate.lock";

/// Holds the directory for this process. The kernel lets go when the process ends in any way.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE_NAME);
        let fail = |why: String| StoreError::Unavailable(format!("{}: {why}", path.display()));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| fail(error.to_string()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            // The number only helps a person; without it the message still says what to do.
            let _ = file.read_to_string(&mut holder);
            let holder = match holder.trim() {
                "" => "another process".to_owned(),
                number => format!("process {number}"),
            };
            return Err(StoreError::Unavailable(format!(
                "{holder} already serves {}; stop it or choose another directory",
                dir.display()
            )));
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|error| fail(error.to_string()))?;
        Ok(Self { _file: file })
    }
}
