//! The directory that a node keeps its own files in: scratch space, and what tells it from other nodes.
//! One process has it at a time, which empties the scratch space when it starts.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use reelgate_service::Ids;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

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
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => bail!(
                "another process runs with the data directory {}: give each node one of its own by --data",
                data.display()
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
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

/// What tells a directory that several nodes see: a file in it, which the first of them makes. It appears whole: a
/// node that dies over it leaves one of another name, which nobody reads.
pub(super) fn mark(shared: &Path, ids: &dyn Ids) -> Result<String> {
    let path = shared.join(".reelgate-shared");
    let read = || -> std::io::Result<String> {
        std::fs::create_dir_all(shared)?;
        if !path.exists() {
            let mark = random_hex(ids);
            let own = shared.join(format!(".reelgate-shared-{mark}"));
            let mut file = File::create_new(&own)?;
            file.write_all(mark.as_bytes())?;
            file.sync_all()?;
            // Unless another node was first.
            let linked = std::fs::hard_link(&own, &path);
            std::fs::remove_file(&own)?;
            match linked {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(error);
                }
                _ => File::open(shared)?.sync_all()?,
            }
        }
        let text = std::fs::read_to_string(&path)?;
        match text.len() {
            32 => Ok(text),
            _ => Err(std::io::Error::other(
                "the file is not one of Reelgate's: end all nodes, remove it and start them again",
            )),
        }
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

    #[test]
    fn nodes_that_start_at_once_agree_on_the_mark() {
        let dir = tempfile::tempdir().unwrap();
        let marks: Vec<_> = std::thread::scope(|scope| {
            let start = || mark(dir.path(), &RandomIds::default()).unwrap();
            let nodes: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            nodes.into_iter().map(|node| node.join().unwrap()).collect()
        });
        assert!(marks.iter().all(|mark| *mark == marks[0]), "{marks:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    /// A node may have died over its own file, and a file of that name may be anybody's.
    #[test]
    fn what_a_dead_node_left_is_no_mark_and_what_is_none_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let ids = RandomIds::default();
        std::fs::write(dir.path().join(".reelgate-shared-0a"), "").unwrap();
        assert_eq!(mark(dir.path(), &ids).unwrap().len(), 32);
        std::fs::write(dir.path().join(".reelgate-shared"), "").unwrap();
        let refused = format!("{:#}", mark(dir.path(), &ids).unwrap_err());
        assert!(refused.contains("remove it"), "{refused}");
    }
}
