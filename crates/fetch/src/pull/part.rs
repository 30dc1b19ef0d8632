//! The file that is being fetched: blocks written behind the network's back, hashed as they come, and noted.

use std::collections::VecDeque;
use std::fs::{File, remove_file, rename};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock};
use rustix::io::{Errno, pwritev};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::pull::answer::Facts;
use crate::pull::fault::PullFault;
use crate::pull::ranges::Ranges;
use crate::pull::state::{MOST_RANGES, State, StateFile};

const PART: &str = "pulled.part";
const STATE: &str = "pulled.state";
const WHOLE: &str = "pulled";

/// What may wait to be written or hashed: beyond it, nothing more is read from the network. Whoever is killed loses
/// no more than this and what its connections have not handed over.
const WAITING_BYTES: usize = 4 << 20;
/// After so many bytes data and state are made durable. Frequent enough that the disk is never idle.
const DURABLE_BYTES: u64 = 64 << 20;
/// Less than this is fetched again sooner than a state of it is written.
const WORTH_KEEPING: u64 = 4 << 20;
/// What is read at once to be hashed.
const READ_BYTES: usize = 1 << 20;
/// The system takes no more pieces in one call.
const MOST_PIECES: usize = 1024;

/// How long a pull waits for one that has just been dropped in the same directory.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
const LOCK_INTERVAL: Duration = Duration::from_millis(20);

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

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    url: String,
    file: File,
    room: Arc<Semaphore>,
    stopped: AtomicBool,
    progress: Mutex<Progress>,
    hasher: Mutex<Hasher>,
    state_file: Mutex<Option<StateFile>>,
    /// Keeps others out of the directory until the last write has ended.
    _lock: File,
}

#[derive(Debug, Default)]
struct Progress {
    waiting: VecDeque<Block>,
    is_writing: bool,
    /// The same blocks, hashed beside the writing.
    unhashed: VecDeque<Block>,
    is_hashing: bool,
    is_syncing: bool,
    held: Ranges,
    /// Since the last time that data was made durable.
    unsynced: u64,
    source: Option<Source>,
    fault: Option<PullFault>,
}

/// The content that the file is made of, as far as that is known; nothing can be resumed without.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) total: u64,
    pub(super) facts: Facts,
}

#[derive(Clone, Debug)]
struct Block {
    at: u64,
    pieces: Vec<Bytes>,
    length: u64,
    /// Until it has been written as well as hashed.
    _room: Arc<OwnedSemaphorePermit>,
}

/// The hash of everything before a place.
struct Hasher {
    hash: Context,
    hashed: u64,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Hasher({})", self.hashed)
    }
}

impl Hasher {
    fn new() -> Self {
        Self {
            hash: Context::new(&SHA256),
            hashed: 0,
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes whatever pulls have left in a directory, once nobody writes there any more. Blocks.
pub fn discard(dir: &Path) -> Result<(), PullFault> {
    let failed = |error: &io::Error| PullFault::disk("remove", error);
    let lock = match File::open(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        lock => lock.map_err(|error| failed(&error))?,
    };
    lock_dir(&lock)?;
    remove(dir).map_err(|error| failed(&error))
}

fn remove(dir: &Path) -> io::Result<()> {
    // The state last: what it speaks of must not outlive it.
    for name in [WHOLE, PART, STATE] {
        match remove_file(dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn lock_dir(dir: &File) -> Result<(), PullFault> {
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

impl Part {
    /// Opens what a directory has of a content that is known by this hash of its address. Blocks.
    pub(super) fn open(dir: &Path, url: &str) -> Result<Found, PullFault> {
        let failed = |error: io::Error| PullFault::disk("open", &error);
        std::fs::create_dir_all(dir).map_err(failed)?;
        let lock = File::open(dir).map_err(failed)?;
        lock_dir(&lock)?;
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
            remove(dir).map_err(failed)?;
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
        self.blocking(|inner| remove(&inner.dir).map_err(|error| PullFault::disk("remove", &error)))
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
    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut progress = locked(&self.progress);
        progress.waiting.clear();
        progress.unhashed.clear();
    }

    /// Writes what waits until nothing waits. One thread at a time does this.
    fn write_waiting(self: &Arc<Self>) {
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
    fn hash_waiting(&self) {
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

    fn hash_up_to(&self, hasher: &mut Hasher, up_to: u64) -> io::Result<()> {
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

    fn complete(&self, source: Source, sha256: &[u8]) -> io::Result<PathBuf> {
        let whole = self.dir.join(WHOLE);
        // Gives back what was reserved beyond the end.
        self.file.set_len(source.total)?;
        self.file.sync_data()?;
        // Also of what could not have been gone on with: it is found complete.
        let mut state_file = locked(&self.state_file);
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
