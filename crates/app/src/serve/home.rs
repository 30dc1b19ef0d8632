//! The directory that a node keeps its own files in: scratch space, and what tells it from other nodes.
//! One process has it at a time, which empties the scratch space when it starts.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use reelgate_service::Ids;
use rustix::fs::{FlockOperation, flock};

/// The directory, as long as this process has it.
pub(super) struct Home {
    /// Stays with the directory.
    pub(super) id: String,
    _lock: File,
}

impl Home {
    pub(super) fn take(data: &Path, ids: &dyn Ids) -> Result<Self> {
        let path = data.join("node");
        let open = || -> std::io::Result<File> {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            options.mode(0o600).open(&path)
        };
        let mut file = open().with_context(|| format!("opening {}", path.display()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            bail!(
                "another process runs with the data directory {}: give each node one of its own by --data",
                data.display()
            );
        }
        let mut id = String::new();
        file.read_to_string(&mut id)?;
        let id = match id.trim() {
            "" => {
                let new = random_hex(ids);
                file.rewind()?;
                file.write_all(new.as_bytes())?;
                file.sync_all()?;
                new
            }
            known => known.to_owned(),
        };
        Ok(Self { id, _lock: file })
    }
}

/// What tells a directory that several nodes see: a file in it, which the first of them makes.
pub(super) fn mark(shared: &Path, ids: &dyn Ids) -> Result<String> {
    let path = shared.join(".reelgate-shared");
    let read = || -> std::io::Result<String> {
        std::fs::create_dir_all(shared)?;
        let mut options = File::options();
        match options.write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(random_hex(ids).as_bytes())?;
                file.sync_all()?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        // Another node may be about to write it.
        for _ in 0..50 {
            let text = std::fs::read_to_string(&path)?;
            if text.len() == 32 {
                return Ok(text);
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Err(std::io::Error::other("the file is not one of Reelgate's"))
    };
    read().with_context(|| format!("reading {}, which marks shared buckets", path.display()))
}

pub(super) fn random_hex(ids: &dyn Ids) -> String {
    let mut bytes = [0; 16];
    ids.secret(&mut bytes);
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use reelgate_service::RandomIds;

    use super::*;

    #[test]
    fn a_directory_has_one_node_at_a_time_and_keeps_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let ids = RandomIds::default();
        let first = Home::take(dir.path(), &ids).unwrap();
        let refused = Home::take(dir.path(), &ids).err().unwrap().to_string();
        assert!(refused.contains("--data"), "{refused}");
        let id = first.id.clone();
        drop(first);
        assert_eq!(Home::take(dir.path(), &ids).unwrap().id, id);
    }

    #[test]
    fn all_who_see_a_shared_directory_read_the_same_mark() {
        let dir = tempfile::tempdir().unwrap();
        let (ids, other) = (RandomIds::default(), tempfile::tempdir().unwrap());
        let first = mark(dir.path(), &ids).unwrap();
        assert_eq!(mark(dir.path(), &ids).unwrap(), first);
        assert_ne!(mark(other.path(), &ids).unwrap(), first);
    }
}
