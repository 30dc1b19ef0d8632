//! This node's copy of one library: an index that follows the fingerprints in the store.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reelgate_dna::{Change, Fingerprint, Found, Index, IndexError, Opened};
use reelgate_domain::dna::LibraryId;
use reelgate_store::{LibraryChange, Result, Store};
use tokio::time::Instant;

use super::query::PreparedQuery;

/// Fingerprints that are asked for at once: some ten hours of video.
const MOST_BYTES: u64 = 8 << 20;
/// What is not saved has to be asked for again after a crash, and is in memory.
const MOST_UNSAVED_BYTES: u64 = 64 << 20;
const LONGEST_UNSAVED: Duration = Duration::from_secs(60);

/// A copy that is open. Its files can be lost at any time: all that is in them is in the store.
pub(crate) struct LibraryCopy {
    pub(crate) id: LibraryId,
    index: Index,
    /// Held while it catches up.
    following: tokio::sync::Mutex<()>,
    unsaved: Mutex<Unsaved>,
    used: Mutex<Instant>,
}

#[derive(Clone, Copy)]
struct Unsaved {
    /// Fingerprints, and something for each change.
    bytes: u64,
    since: Instant,
}

impl LibraryCopy {
    /// Opens the copy in a directory, or begins one. What is not as it was written is thrown away, and the copy begins
    /// anew. Reads every byte: it takes a while for large ones.
    pub(super) fn open(id: LibraryId, dir: &Path) -> std::result::Result<Self, IndexError> {
        let Opened {
            index,
            lost,
            damage,
        } = Index::open(dir, true)?;
        if damage.is_empty() && lost.is_empty() {
            return Ok(Self::with(id, index));
        }
        for damage in &damage {
            let (file, what) = (damage.file.display(), damage.what);
            tracing::warn!(%file, "a copy of library {id} is damaged: {what}");
        }
        tracing::warn!(library.id = %id, "the copy of library {id} is made anew from the store");
        drop(index);
        Self::begin(id, dir)
    }

    /// Throws away what is in a directory and begins a copy there.
    pub(super) fn begin(id: LibraryId, dir: &Path) -> std::result::Result<Self, IndexError> {
        // What cannot be removed is found to be in the way when the index is opened.
        let _ = remove(dir);
        let Opened { index, .. } = Index::open(dir, true)?;
        Ok(Self::with(id, index))
    }

    fn with(id: LibraryId, index: Index) -> Self {
        let now = Instant::now();
        Self {
            id,
            index,
            following: tokio::sync::Mutex::new(()),
            unsaved: Mutex::new(Unsaved {
                bytes: 0,
                since: now,
            }),
            used: Mutex::new(now),
        }
    }

    /// The library's version that a search sees at least.
    pub(crate) fn version(&self) -> u64 {
        self.index.version()
    }

    /// How many fingerprints can be found.
    pub(super) fn len(&self) -> u64 {
        self.index.len() as u64
    }

    /// How long nobody has asked for it.
    pub(super) fn idle(&self) -> Duration {
        locked(&self.used).elapsed()
    }

    /// Applies what has happened to the library: the version that every search from now on sees at least.
    pub(super) async fn follow(self: &Arc<Self>, store: &dyn Store) -> Result<u64> {
        *locked(&self.used) = Instant::now();
        let _following = self.following.lock().await;
        loop {
            let before = self.index.version();
            let changes = store.library_changes(self.id, before, MOST_BYTES).await?;
            let (reached, more) = (changes.reached, changes.more);
            if reached > before {
                let copy = Arc::clone(self);
                let applying = move || copy.apply(reached, changes.changes);
                if let Err(error) = tokio::task::spawn_blocking(applying).await {
                    std::panic::resume_unwind(error.into_panic());
                }
            }
            if !more || reached <= before {
                return Ok(self.index.version());
            }
        }
    }

    fn apply(&self, reached: u64, changes: Vec<LibraryChange>) {
        let mut bytes = 0;
        let mut applied = Vec::with_capacity(changes.len());
        for change in changes {
            bytes += 64;
            match change {
                LibraryChange::Removed { number } => applied.push(Change::Remove(number)),
                LibraryChange::Added {
                    number,
                    fingerprint,
                    ..
                } => match Fingerprint::decode(&fingerprint) {
                    Ok(print) => {
                        bytes += fingerprint.len() as u64;
                        applied.push(Change::Add(number, Box::new(print)));
                    }
                    Err(error) => {
                        let id = self.id;
                        tracing::error!(%error, "entry {number} of library {id} cannot be found");
                        // It stands there without anything: a copy that lacks an entry is made anew whenever it is
                        // opened, which would not help.
                        applied.push(Change::Add(number, Box::default()));
                    }
                },
            }
        }
        self.index.apply(reached, applied);
        let unsaved = {
            let mut unsaved = locked(&self.unsaved);
            if unsaved.bytes == 0 {
                unsaved.since = Instant::now();
            }
            unsaved.bytes += bytes.max(1);
            *unsaved
        };
        if unsaved.bytes >= MOST_UNSAVED_BYTES {
            self.save();
        }
    }

    /// Looks for something in what has been applied. The best comes first.
    pub(crate) async fn search(
        self: &Arc<Self>,
        query: &Arc<PreparedQuery>,
    ) -> io::Result<Vec<Found>> {
        let (copy, query) = (Arc::clone(self), Arc::clone(query));
        let searching = tokio::task::spawn_blocking(move || query.search(&copy.index));
        searching.await.unwrap_or_else(|error| {
            // It was not aborted, so it panicked.
            Err(io::Error::other(error))
        })
    }

    /// Saves what has not been saved for long, and joins what is in many files.
    pub(super) fn save_if_due(&self) {
        let unsaved = *locked(&self.unsaved);
        if unsaved.bytes > 0 && unsaved.since.elapsed() >= LONGEST_UNSAVED {
            self.save();
            if let Err(error) = self.index.merge() {
                tracing::warn!(%error, "files of library {} stay apart", self.id);
            }
        }
    }

    /// Saves what is not saved yet. If that fails it is asked for again after a restart.
    pub(super) fn save(&self) {
        let before = *locked(&self.unsaved);
        if before.bytes == 0 {
            return;
        }
        match self.index.save() {
            Ok(()) => {
                let mut unsaved = locked(&self.unsaved);
                unsaved.bytes -= before.bytes.min(unsaved.bytes);
                unsaved.since = Instant::now();
            }
            Err(error) => {
                let id = self.id;
                tracing::error!(library.id = %id, %error, "the copy of library {id} is not saved");
            }
        }
    }
}

/// Removes a directory with what is in it, if it is there.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// What the locks guard is replaced as a whole, so a panic leaves nothing half done.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
