//! The file that is being fetched: what it holds, and what becomes of it in the end.

use std::fs::{File, remove_file, rename};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use tokio::sync::Semaphore;

use crate::pull::answer::Facts;
use crate::pull::fault::PullFault;
use crate::pull::folder::{self, PART, STATE, WHOLE};
use crate::pull::ranges::Ranges;
use crate::pull::state::{State, StateFile};
use crate::pull::writing::{Block, Hasher, Inner, Progress, WORTH_KEEPING, locked};

/// What may wait to be written or hashed: beyond it, nothing more is read from the network. Whoever is killed loses
/// no more than this and what its connections have not handed over.
const WAITING_BYTES: usize = 4 << 20;

/// The file of one pull. Dropping it stops what has not been written yet.
#[derive(Debug)]
pub(super) struct Part(Arc<Inner>);

/// What a directory holds at the start of a pull.
pub(super) enum Found {
    /// All of it, verified before.
    Whole { path: PathBuf, state: Box<State> },
    /// A part, or nothing.
    Part(Part),
}

/// The content that the file is made of, as far as that is known; nothing can be resumed without.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) total: u64,
    pub(super) facts: Facts,
}

impl Part {
    /// Opens what a directory has of a content that is known by this hash of its address. Blocks.
    pub(super) fn open(dir: &Path, url: &str) -> Result<Found, PullFault> {
        let failed = |error: io::Error| PullFault::disk("open", &error);
        std::fs::create_dir_all(dir).map_err(failed)?;
        let lock = File::open(dir).map_err(failed)?;
        folder::lock(&lock)?;
        let known = StateFile::open(&dir.join(STATE)).map_err(failed)?;
        let known = known.filter(|(_, state)| state.url == url);
        let length = |name: &str| std::fs::metadata(dir.join(name)).map_or(0, |it| it.len());
        if let Some((_, state)) = known.as_ref().filter(|(_, it)| it.sha256.is_some()) {
            let path = dir.join(WHOLE);
            // It may have ended between the last two steps.
            if length(WHOLE) != state.total && length(PART) == state.total {
                rename(dir.join(PART), &path).map_err(failed)?;
            }
            if length(WHOLE) == state.total {
                let state = Box::new(state.clone());
                return Ok(Found::Whole { path, state });
            }
        }
        let resumed = known.and_then(|(file, state)| {
            let held = Ranges::from_pairs(&state.held)?;
            let fits = held.end() <= state.total.min(length(PART));
            (fits && state.sha256.is_none() && held.bytes() > 0).then_some((file, state, held))
        });
        let mut progress = Progress::default();
        let mut state_file = None;
        if let Some((file, state, held)) = resumed {
            progress.held = held;
            progress.source = Some(Source {
                total: state.total,
                facts: state.facts,
            });
            state_file = Some(file);
        } else {
            folder::remove(dir).map_err(failed)?;
        }
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join(PART))
            .map_err(failed)?;
        Ok(Found::Part(Self(Arc::new(Inner {
            dir: dir.to_owned(),
            url: url.to_owned(),
            file,
            room: Arc::new(Semaphore::new(WAITING_BYTES)),
            stopped: AtomicBool::new(false),
            progress: Mutex::new(progress),
            hasher: Mutex::new(Hasher::new()),
            state_file: Mutex::new(state_file),
            _lock: lock,
        }))))
    }

    /// What it is made of, if it can be resumed.
    pub(super) fn source(&self) -> Option<Source> {
        locked(&self.0.progress).source.clone()
    }

    pub(super) fn held(&self) -> u64 {
        locked(&self.0.progress).held.bytes()
    }

    pub(super) fn gaps(&self, total: u64) -> Vec<Range<u64>> {
        locked(&self.0.progress).held.gaps(total)
    }

    /// What a file of this length still needs on the disk.
    pub(super) fn missing_room(&self, total: u64) -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        // Blocks of 512 bytes: what was reserved earlier is among them.
        let taken = self.0.file.metadata().map_or(0, |it| it.blocks() * 512);
        total.saturating_sub(taken)
    }

    /// From now on it is known of what it is made, and what is written can be resumed.
    pub(super) fn set_source(&self, source: Source) {
        locked(&self.0.progress).source = Some(source);
    }

    /// Takes the room for all of it on the disk, where the file system can.
    pub(super) async fn reserve(&self, total: u64) -> Result<(), PullFault> {
        // The short ones have it as soon as it is looked for.
        if total <= WORTH_KEEPING {
            return Ok(());
        }
        self.blocking(move |inner| {
            match fallocate(&inner.file, FallocateFlags::KEEP_SIZE, 0, total) {
                Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => {
                    Err(PullFault::disk("make room for", &error.into()))
                }
                _ => Ok(()),
            }
        })
        .await
    }

    /// Hands over bytes to be written, as soon as there is room for them.
    pub(super) async fn write(&self, at: u64, pieces: Vec<Bytes>) -> Result<(), PullFault> {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        // One block alone may be larger than what may wait.
        let room = length.min(WAITING_BYTES) as u32;
        let room = Arc::clone(&self.0.room).acquire_many_owned(room).await;
        let block = Block {
            at,
            pieces,
            length: length as u64,
            _room: Arc::new(room.expect("the semaphore is never closed")),
        };
        let mut progress = locked(&self.0.progress);
        if let Some(fault) = &progress.fault {
            return Err(fault.clone());
        }
        progress.waiting.push_back(block.clone());
        progress.unhashed.push_back(block);
        if !progress.is_hashing {
            progress.is_hashing = true;
            let inner = Arc::clone(&self.0);
            tokio::task::spawn_blocking(move || inner.hash_waiting());
        }
        if !progress.is_writing {
            progress.is_writing = true;
            let inner = Arc::clone(&self.0);
            tokio::task::spawn_blocking(move || inner.write_waiting());
        }
        Ok(())
    }

    /// Whether the network waits for the disk.
    pub(super) fn is_behind(&self) -> bool {
        self.0.room.available_permits() < WAITING_BYTES / 2
    }

    /// Waits until everything that was handed over has been written.
    pub(super) async fn settle(&self) -> Result<(), PullFault> {
        let all = self.0.room.acquire_many(WAITING_BYTES as u32).await;
        drop(all.expect("the semaphore is never closed"));
        match &locked(&self.0.progress).fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    /// Forgets everything that has been fetched.
    pub(super) async fn clear(&self) -> Result<(), PullFault> {
        self.settle().await?;
        self.blocking(|inner| {
            let failed = |error: io::Error| PullFault::disk("empty", &error);
            *locked(&inner.progress) = Progress::default();
            *locked(&inner.hasher) = Hasher::new();
            if let Some(state_file) = locked(&inner.state_file).take() {
                state_file.clear().map_err(failed)?;
                remove_file(inner.dir.join(STATE)).map_err(failed)?;
            }
            inner.file.set_len(0).map_err(failed)
        })
        .await
    }

    /// The hash of its first `total` bytes, all of which have to be there.
    pub(super) async fn sha256(&self, total: u64) -> Result<[u8; 32], PullFault> {
        self.blocking(move |inner| {
            let mut hasher = locked(&inner.hasher);
            let failed = |error: io::Error| PullFault::disk("read", &error);
            inner.hash_up_to(&mut hasher, total).map_err(failed)?;
            let digest = hasher.hash.clone().finish();
            Ok(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
        })
        .await
    }

    /// Makes it durable and gives it the name of a file that is complete.
    pub(super) async fn complete(
        &self,
        source: Source,
        sha256: [u8; 32],
    ) -> Result<PathBuf, PullFault> {
        self.blocking(move |inner| {
            inner
                .complete(source, &sha256)
                .map_err(|error| PullFault::disk("complete", &error))
        })
        .await
    }

    /// Removes it.
    pub(super) async fn discard(&self) -> Result<(), PullFault> {
        self.0.stop();
        // A fault of the disk is of no interest any more.
        self.settle().await.ok();
        self.blocking(|inner| {
            folder::remove(&inner.dir).map_err(|error| PullFault::disk("remove", &error))
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Arc<Inner>) -> Result<T, PullFault> + Send + 'static,
    ) -> Result<T, PullFault> {
        let inner = Arc::clone(&self.0);
        let acting = tokio::task::spawn_blocking(move || act(&inner)).await;
        acting.unwrap_or_else(|error| {
            Err(PullFault::Disk {
                doing: "work on",
                cause: error.to_string(),
            })
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.0.stop();
    }
}
