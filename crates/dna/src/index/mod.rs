//! The index of one library: immutable segments, what is deleted in them, and the library's version they stand for.

mod build;
mod manifest;
mod merge;
mod segment;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::print::Fingerprint;
pub(crate) use segment::{Lists, Part, Reach, Segment, begins};

/// One step of a library's history.
pub enum Change {
    /// A fingerprint under a number; one that is there already is replaced.
    Add(u64, Box<Fingerprint>),
    /// No search that starts afterwards finds it.
    Remove(u64),
}

/// Something on disk that was not what had been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub file: PathBuf,
    pub what: &'static str,
}

/// The directory cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", .path.display())]
pub struct IndexError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl IndexError {
    fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            action,
            path,
            source,
        }
    }
}

/// An index and what it lost since it was saved.
pub struct Opened {
    pub index: Index,
    /// Fingerprints that have to be added again, from where they are stored, for the version to be true.
    pub lost: Vec<u64>,
    pub damage: Vec<Damage>,
}

/// Searches and changes go side by side: a search sees all changes that were applied before it began, and no others.
///
/// If the process dies, [`Index::open`] gives what the last [`Index::save`] wrote, with the version of that moment; the
/// changes since then have to be applied again. Nobody else may write in the directory.
pub struct Index {
    dir: Option<PathBuf>,
    snapshot: RwLock<Arc<Snapshot>>,
    /// Held while a snapshot is made from its predecessor.
    changing: Mutex<()>,
    /// Held while files are written.
    keeping: Mutex<()>,
}

/// What a search works on.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    /// The version that the files stand for.
    saved: u64,
    pub(crate) segments: Vec<Live>,
}

/// A segment with what is deleted in it.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) segment: Arc<Segment>,
    /// For each of its fingerprints.
    pub(crate) dead: Arc<Vec<bool>>,
    /// The number in its file's name, once it has one.
    file: Option<u64>,
    /// It is in a file, or about to be.
    is_sealed: bool,
}

impl Live {
    fn new(segment: Segment, file: Option<u64>) -> Self {
        Self {
            dead: Arc::new(vec![false; segment.len()]),
            segment: Arc::new(segment),
            file,
            is_sealed: file.is_some(),
        }
    }

    fn alive(&self) -> impl Iterator<Item = Part<'_>> {
        let parts = (0..self.segment.len()).filter(|part| !self.dead[*part]);
        parts.map(|part| self.segment.part(part))
    }

    fn bury(&mut self, ids: &HashSet<u64>) {
        let hit: Vec<usize> = (0..self.segment.len())
            .filter(|part| !self.dead[*part] && ids.contains(&self.segment.entry(*part).id))
            .collect();
        if !hit.is_empty() {
            let dead = Arc::make_mut(&mut self.dead);
            hit.into_iter().for_each(|part| dead[part] = true);
        }
    }
}

impl Index {
    /// An index that is never saved.
    pub fn in_memory() -> Self {
        Self::with(None, Snapshot::default())
    }

    /// Opens or begins the index in a directory. `thorough` reads every byte and compares checksums; without it only
    /// lengths and heads are checked, which takes no longer for large libraries.
    pub fn open(dir: &Path, thorough: bool) -> Result<Opened, IndexError> {
        std::fs::create_dir_all(dir).map_err(IndexError::new("make", dir))?;
        let manifest::Read {
            snapshot,
            lost,
            damage,
        } = manifest::read(dir, thorough)?;
        Ok(Opened {
            index: Self::with(Some(dir.to_owned()), snapshot),
            lost,
            damage,
        })
    }

    fn with(dir: Option<PathBuf>, snapshot: Snapshot) -> Self {
        Self {
            dir,
            snapshot: RwLock::new(Arc::new(snapshot)),
            changing: Mutex::new(()),
            keeping: Mutex::new(()),
        }
    }

    /// The library's version up to which all changes are seen by searches.
    pub fn version(&self) -> u64 {
        self.snapshot().version
    }

    /// How many fingerprints can be found.
    pub fn len(&self) -> usize {
        let snapshot = self.snapshot();
        let alive = |live: &Live| live.dead.iter().filter(|dead| !**dead).count();
        snapshot.segments.iter().map(alive).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all segments, mapped or in memory.
    pub fn bytes(&self) -> usize {
        let snapshot = self.snapshot();
        snapshot
            .segments
            .iter()
            .map(|live| live.segment.bytes().len())
            .sum()
    }

    /// Applies changes in their order; once it returns, every search that starts sees all of them. `version` is the
    /// library's after them. Applying a change twice is the same as once.
    pub fn apply(&self, version: u64, changes: Vec<Change>) {
        let mut gone = HashSet::new();
        let mut added: Vec<(u64, Fingerprint)> = Vec::new();
        for change in changes {
            let id = match &change {
                Change::Add(id, _) | Change::Remove(id) => *id,
            };
            gone.insert(id);
            added.retain(|(earlier, _)| *earlier != id);
            if let Change::Add(id, print) = change {
                added.push((id, *print));
            }
        }
        // The costly part; nobody waits for it but the caller.
        let fresh = (!added.is_empty()).then(|| Live::new(Segment::of(&added), None));
        let _changing = held(&self.changing);
        let mut next = Snapshot::clone(&self.snapshot());
        next.version = version;
        next.segments.iter_mut().for_each(|live| live.bury(&gone));
        next.segments.extend(fresh);
        merge::small_ones(&mut next.segments);
        self.put(next);
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        let snapshot = self.snapshot.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&snapshot)
    }

    fn put(&self, snapshot: Snapshot) {
        let mut place = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(snapshot);
    }
}

/// What the locks guard is replaced as a whole, so a panic leaves nothing half done.
fn held(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
