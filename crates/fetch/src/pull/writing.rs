//! What is written behind the network's back, hashed as it comes, noted, and made durable from time to time.

use std::collections::VecDeque;
use std::fs::{File, remove_file, rename};
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use rustix::io::{Errno, pwritev};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::pull::fault::PullFault;
use crate::pull::folder::{PART, STATE, WHOLE};
use crate::pull::part::Source;
use crate::pull::ranges::Ranges;
use crate::pull::state::{MOST_RANGES, State, StateFile};

/// After so many bytes data and state are made durable. Frequent enough that the disk is never idle.
const DURABLE_BYTES: u64 = 64 << 20;
/// Less than this is fetched again sooner than a state of it is written.
pub(super) const WORTH_KEEPING: u64 = 4 << 20;
/// What is read at once to be hashed.
const READ_BYTES: usize = 1 << 20;
/// The system takes no more pieces in one call.
const MOST_PIECES: usize = 1024;

/// A file, what waits to be written to it, and what is known of it.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) dir: PathBuf,
    pub(super) url: String,
    pub(super) file: File,
    pub(super) room: Arc<Semaphore>,
    pub(super) stopped: AtomicBool,
    pub(super) progress: Mutex<Progress>,
    pub(super) hasher: Mutex<Hasher>,
    pub(super) state_file: Mutex<Option<StateFile>>,
    /// Keeps others out of the directory until the last write has ended.
    pub(super) _lock: File,
}

#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) waiting: VecDeque<Block>,
    pub(super) is_writing: bool,
    /// The same blocks, hashed beside the writing.
    pub(super) unhashed: VecDeque<Block>,
    pub(super) is_hashing: bool,
    pub(super) is_syncing: bool,
    pub(super) held: Ranges,
    /// Since the last time that data was made durable.
    pub(super) unsynced: u64,
    pub(super) source: Option<Source>,
    pub(super) fault: Option<PullFault>,
}

#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) at: u64,
    pub(super) pieces: Vec<Bytes>,
    pub(super) length: u64,
    /// Until it has been written as well as hashed.
    pub(super) _room: Arc<OwnedSemaphorePermit>,
}

/// The hash of everything before a place.
pub(super) struct Hasher {
    pub(super) hash: Context,
    pub(super) hashed: u64,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Hasher({})", self.hashed)
    }
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self {
            hash: Context::new(&SHA256),
            hashed: 0,
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Inner {
    /// What cannot be resumed is not left behind. The directory is still locked.
    fn drop(&mut self) {
        let can_be_resumed = locked(&self.state_file).is_some();
        if !can_be_resumed {
            // If it is complete, it has another name by now.
            remove_file(self.dir.join(PART)).ok();
        }
    }
}

impl Inner {
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut progress = locked(&self.progress);
        progress.waiting.clear();
        progress.unhashed.clear();
    }

    /// Writes what waits until nothing waits. One thread at a time does this.
    pub(super) fn write_waiting(self: &Arc<Self>) {
        loop {
            let block = {
                let mut progress = locked(&self.progress);
                match progress.waiting.pop_front() {
                    Some(block) if progress.fault.is_none() => block,
                    _ => {
                        progress.waiting.clear();
                        progress.is_writing = false;
                        return;
                    }
                }
            };
            if let Err(error) = self.write_block(&block) {
                let mut progress = locked(&self.progress);
                progress.fault = Some(PullFault::disk("write", &error));
            }
        }
    }

    fn write_block(self: &Arc<Self>, block: &Block) -> io::Result<()> {
        write_pieces(&self.file, block.at, &block.pieces)?;
        let prefix = {
            let mut progress = locked(&self.progress);
            progress.held.add(block.at..block.at + block.length);
            progress.unsynced += block.length;
            progress.held.prefix()
        };
        self.catch_up(prefix, 2 * block.length)?;
        self.note()
    }

    /// Hashes what waits, as long as it comes in order. One thread at a time does this.
    pub(super) fn hash_waiting(&self) {
        loop {
            let block = {
                let mut progress = locked(&self.progress);
                let Some(block) = progress.unhashed.pop_front() else {
                    progress.is_hashing = false;
                    return;
                };
                block
            };
            let mut hasher = locked(&self.hasher);
            let mut at = block.at;
            for piece in &block.pieces {
                // What has been caught up with is in it already.
                let known = hasher.hashed.saturating_sub(at).min(piece.len() as u64);
                at += known;
                if at == hasher.hashed {
                    hasher.hash.update(&piece[known as usize..]);
                    hasher.hashed += piece.len() as u64 - known;
                }
                at += piece.len() as u64 - known;
            }
        }
    }

    /// After a start anew, or when parts come in another order, what has been written is hashed later: so much of it
    /// that it is caught up with twice as fast as more comes.
    fn catch_up(&self, prefix: u64, bytes: u64) -> io::Result<()> {
        if locked(&self.progress).is_hashing {
            return Ok(());
        }
        let mut hasher = locked(&self.hasher);
        let up_to = prefix.min(hasher.hashed + bytes);
        self.hash_up_to(&mut hasher, up_to)
    }

    /// Notes what has been written, and has it made durable from time to time.
    fn note(self: &Arc<Self>) -> io::Result<()> {
        let Some((state, is_due)) = self.state() else {
            return Ok(());
        };
        // Whoever has been stopped must not make a file that somebody has just removed.
        if self.stopped.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.begun(&mut locked(&self.state_file))?.note(&state)?;
        if is_due {
            let inner = Arc::clone(self);
            tokio::runtime::Handle::current().spawn_blocking(move || inner.make_durable());
        }
        Ok(())
    }

    fn begun<'a>(&self, file: &'a mut Option<StateFile>) -> io::Result<&'a mut StateFile> {
        match file {
            Some(file) => Ok(file),
            none => Ok(none.insert(StateFile::create(&self.dir.join(STATE))?)),
        }
    }

    /// What can be resumed, if that is worth it, and whether it is time to make it durable.
    fn state(&self) -> Option<(State, bool)> {
        let mut progress = locked(&self.progress);
        let source = progress.source.clone()?;
        if progress.held.bytes() < WORTH_KEEPING {
            return None;
        }
        let is_due = progress.unsynced >= DURABLE_BYTES && !progress.is_syncing;
        if is_due {
            progress.is_syncing = true;
            progress.unsynced = 0;
        }
        let state = State {
            url: self.url.clone(),
            total: source.total,
            facts: source.facts,
            held: progress.held.to_pairs(MOST_RANGES),
            sha256: None,
        };
        Some((state, is_due))
    }

    /// What is held now will be known after the machine has lost its power.
    fn make_durable(&self) {
        let made = || -> io::Result<()> {
            let number = locked(&self.state_file)
                .as_mut()
                .map(StateFile::next_number);
            let (Some(number), Some((state, _))) = (number, self.state()) else {
                return Ok(());
            };
            self.file.sync_data()?;
            let kept = match locked(&self.state_file).as_mut() {
                Some(state_file) => state_file.keep(number, &state)?,
                None => return Ok(()),
            };
            kept.sync_data()
        };
        let made = made();
        let mut progress = locked(&self.progress);
        progress.is_syncing = false;
        if let Err(error) = made {
            progress.fault = Some(PullFault::disk("write", &error));
        }
    }

    pub(super) fn hash_up_to(&self, hasher: &mut Hasher, up_to: u64) -> io::Result<()> {
        if hasher.hashed >= up_to {
            return Ok(());
        }
        let mut buffer = vec![0; READ_BYTES];
        while hasher.hashed < up_to {
            let length = (up_to - hasher.hashed).min(READ_BYTES as u64) as usize;
            let bytes = &mut buffer[..length];
            self.file.read_exact_at(bytes, hasher.hashed)?;
            hasher.hash.update(bytes);
            hasher.hashed += length as u64;
        }
        Ok(())
    }

    pub(super) fn complete(&self, source: Source, sha256: &[u8]) -> io::Result<PathBuf> {
        let whole = self.dir.join(WHOLE);
        // Gives back what was reserved beyond the end.
        self.file.set_len(source.total)?;
        self.file.sync_data()?;
        // Also of what could not have been gone on with: it is found complete. A small file is sooner fetched again.
        let mut state_file = locked(&self.state_file);
        if state_file.is_some() || source.total >= WORTH_KEEPING {
            let state_file = self.begun(&mut state_file)?;
            let state = State {
                url: self.url.clone(),
                total: source.total,
                facts: source.facts,
                held: vec![(0, source.total)],
                sha256: Some(hex::encode(sha256)),
            };
            let number = state_file.next_number();
            state_file.keep(number, &state)?.sync_data()?;
        }
        rename(self.dir.join(PART), &whole)?;
        Ok(whole)
    }
}

fn write_pieces(file: &File, at: u64, pieces: &[Bytes]) -> io::Result<()> {
    let mut at = at;
    for pieces in pieces.chunks(MOST_PIECES) {
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|it| IoSlice::new(it)).collect();
        let mut slices = &mut slices[..];
        while !slices.is_empty() {
            match pwritev(file, slices, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    at += written as u64;
                    IoSlice::advance_slices(&mut slices, written);
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
