//! Scratch space: what running jobs may still write, and whether another one fits beside it.

mod estimate;

use std::collections::HashMap;
use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

pub(crate) use estimate::within;

/// How the space of a file system is shared out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// What is promised to whatever starts, before anything is known of it.
    pub(crate) per_job: u64,
    /// What stays free.
    pub(crate) floor: u64,
    pub(crate) free_bytes: fn(&Path) -> std::io::Result<u64>,
}

/// Why something does not fit, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    needed: u64,
    free: u64,
    promised: u64,
    floor: u64,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            needed,
            free,
            promised,
            floor,
        } = self;
        let (needed, free, floor) = (Amount(*needed), Amount(*free), Amount(*floor));
        write!(
            f,
            "{needed} of scratch space needed beside a floor of {floor}, {free} free"
        )?;
        if *promised > 0 {
            write!(f, " with {} of it for running jobs", Amount(*promised))?;
        }
        Ok(())
    }
}

/// Bytes as people read them.
pub(crate) struct Amount(pub(crate) u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        if self.0 >= 100_000_000 {
            write!(f, "{:.1} GB", bytes / 1e9)
        } else {
            write!(f, "{:.1} MB", bytes / 1e6)
        }
    }
}

/// What may still be promised.
fn spare(free: u64, floor: u64, promised: u64) -> u64 {
    free.saturating_sub(floor).saturating_sub(promised)
}

/// How many starts fit, at most `wanted`.
fn starts(spare: u64, per_job: u64, wanted: u32) -> u32 {
    let fits = spare.checked_div(per_job).unwrap_or(u64::MAX);
    u32::try_from(fits).unwrap_or(u32::MAX).min(wanted)
}

/// What has been promised to whom.
#[derive(Debug)]
pub(crate) struct Ledger {
    rules: Rules,
    scratch: PathBuf,
    entries: Mutex<Entries>,
    /// Held by whoever asks for more, or two would be given the same.
    asking: tokio::sync::Mutex<()>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    promises: HashMap<u64, Promise>,
}

#[derive(Clone, Debug)]
struct Promise {
    budget: u64,
    /// What lies in here is written already and no longer free.
    folder: PathBuf,
}

impl Promise {
    fn outstanding(&self) -> u64 {
        self.budget.saturating_sub(bytes_below(&self.folder))
    }
}

impl Ledger {
    pub(crate) fn new(rules: Rules, scratch: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            rules,
            scratch,
            entries: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            changes: watch::Sender::new(0),
        })
    }

    /// Promises the usual budget to as many starts as fit, at most `wanted`; or says why none fits.
    pub(crate) async fn room(self: &Arc<Self>, wanted: u32) -> Result<Room, Shortage> {
        let Rules { per_job, floor, .. } = self.rules;
        let _alone = self.asking.lock().await;
        // Cheaper than to look, and right as long as there is plenty.
        let all: u64 = self.entries().promises.values().map(|it| it.budget).sum();
        if starts(spare(self.free(), floor, all), per_job, wanted) == wanted {
            return Ok(self.hold(wanted));
        }
        let promised = self.outstanding(None).await;
        let free = self.free();
        match starts(spare(free, floor, promised), per_job, wanted) {
            0 => Err(Shortage {
                needed: per_job,
                free,
                promised,
                floor,
            }),
            some => Ok(self.hold(some)),
        }
    }

    fn hold(self: &Arc<Self>, starts: u32) -> Room {
        let bytes = self.rules.per_job.saturating_mul(u64::from(starts));
        // Nothing is written before something has started.
        let _held = self.enter(bytes, PathBuf::new());
        Room { starts, _held }
    }

    /// Promises the usual budget to what is about to start, whose files will be in `folder`.
    pub(crate) fn promise(self: &Arc<Self>, folder: PathBuf) -> Budget {
        self.enter(self.rules.per_job, folder)
    }

    fn enter(self: &Arc<Self>, budget: u64, folder: PathBuf) -> Budget {
        let mut entries = self.entries();
        entries.next += 1;
        let id = entries.next;
        entries.promises.insert(id, Promise { budget, folder });
        Budget {
            ledger: Arc::clone(self),
            id,
        }
    }

    /// If the file system does not tell, it has to do with its own errors.
    fn free(&self) -> u64 {
        (self.rules.free_bytes)(&self.scratch).unwrap_or(u64::MAX)
    }

    /// What has been promised, but for one, and is not written yet.
    async fn outstanding(&self, but: Option<u64>) -> u64 {
        let promises: Vec<_> = {
            let entries = self.entries();
            let others = entries.promises.iter().filter(|(id, _)| Some(**id) != but);
            others.map(|(_, promise)| promise.clone()).collect()
        };
        let most = promises.iter().map(|promise| promise.budget).sum();
        let look = move || promises.iter().map(Promise::outstanding).sum();
        tokio::task::spawn_blocking(look).await.unwrap_or(most)
    }

    /// What lies in the folder of one.
    async fn written(&self, id: u64) -> u64 {
        let folder = {
            let entries = self.entries();
            entries.promises.get(&id).map(|it| it.folder.clone())
        };
        let Some(folder) = folder else { return 0 };
        let look = tokio::task::spawn_blocking(move || bytes_below(&folder));
        look.await.unwrap_or(0)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is promised to those that are about to be claimed, until each has a promise of its own.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) starts: u32,
    _held: Budget,
}

/// What was promised to one group of attempts; taken back when this is dropped.
#[derive(Debug)]
pub(crate) struct Budget {
    ledger: Arc<Ledger>,
    id: u64,
}

impl Budget {
    /// How many bytes may lie in its folder.
    pub(crate) fn bytes(&self) -> u64 {
        let entries = self.ledger.entries();
        entries.promises.get(&self.id).map_or(0, |it| it.budget)
    }

    /// Asks for more than was promised at first. What is refused more gives back what it has, so
    /// that those that wait do not keep each other waiting, and asks again after a change.
    pub(crate) async fn ask(&self, needed: u64) -> Result<(), Shortage> {
        let Rules { per_job, floor, .. } = self.ledger.rules;
        let needed = needed.max(per_job);
        if self.bytes() >= needed {
            return Ok(());
        }
        let _alone = self.ledger.asking.lock().await;
        let promised = self.ledger.outstanding(Some(self.id)).await;
        let written = self.ledger.written(self.id).await;
        let free = self.ledger.free();
        // What is written already is no longer free.
        let fits = spare(free, floor, promised) >= needed.saturating_sub(written);
        self.set(if fits { needed } else { 0 });
        if fits {
            return Ok(());
        }
        Err(Shortage {
            needed,
            free,
            promised,
            floor,
        })
    }

    /// Whether what it may need beside what it has written is free, promised or not: others than those of the
    /// ledger fill the disk, too.
    pub(crate) async fn check(&self, needed: u64) -> Result<(), Shortage> {
        let needed = needed.saturating_sub(self.ledger.written(self.id).await);
        let (free, floor) = (self.ledger.free(), self.ledger.rules.floor);
        if free >= floor.saturating_add(needed) {
            return Ok(());
        }
        Err(Shortage {
            needed,
            free,
            promised: 0,
            floor,
        })
    }

    /// Completes when somebody has given something back.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.ledger.changes.subscribe()
    }

    fn set(&self, budget: u64) {
        let mut entries = self.ledger.entries();
        let Some(promise) = entries.promises.get_mut(&self.id) else {
            return;
        };
        let before = std::mem::replace(&mut promise.budget, budget);
        drop(entries);
        if budget < before {
            self.ledger.changes.send_modify(|count| *count += 1);
        }
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.ledger.entries().promises.remove(&self.id);
        self.ledger.changes.send_modify(|count| *count += 1);
    }
}

/// What lies below a directory takes, with what is reserved for it. What vanishes meanwhile does not count.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let bytes = entries.flatten().map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => bytes_below(&entry.path()),
        // In units of 512 bytes, whatever the file system's blocks are.
        _ => entry
            .metadata()
            .map_or(0, |file| file.len().max(file.blocks() * 512)),
    });
    bytes.sum()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn what_is_free_is_shared_out_above_the_floor() {
        for (free, floor, promised, left) in [
            (100, 10, 0, 90),
            (100, 10, 60, 30),
            (100, 10, 95, 0),
            (5, 10, 0, 0),
        ] {
            assert_eq!(spare(free, floor, promised), left);
        }
        for (spare, per_job, wanted, fit) in [(90, 40, 4, 2), (90, 40, 1, 1), (39, 40, 4, 0)] {
            assert_eq!(starts(spare, per_job, wanted), fit);
        }
        assert_eq!(starts(0, 0, 4), 4, "jobs that need nothing");
    }

    #[test]
    fn a_shortage_says_what_is_needed_and_what_there_is() {
        let mut shortage = Shortage {
            needed: 4_300_000_000,
            free: 1_200_000_000,
            promised: 0,
            floor: 90_000_000,
        };
        assert_eq!(
            shortage.to_string(),
            "4.3 GB of scratch space needed beside a floor of 90.0 MB, 1.2 GB free"
        );
        shortage.promised = 1_000_000_000;
        let text = shortage.to_string();
        assert!(
            text.ends_with("1.2 GB free with 1.0 GB of it for running jobs"),
            "{text}"
        );
    }

    async fn fit(ledger: &Arc<Ledger>) -> Result<u32, Shortage> {
        ledger.room(9).await.map(|room| room.starts)
    }

    #[tokio::test]
    async fn what_is_written_already_is_not_counted_twice() {
        // More than a file system's blocks have.
        const UNIT: u64 = 1 << 16;
        static FREE: AtomicU64 = AtomicU64::new(1000 * UNIT);
        let dir = tempfile::tempdir().unwrap();
        let rules = Rules {
            per_job: 300 * UNIT,
            floor: 100 * UNIT,
            free_bytes: |_| Ok(FREE.load(Ordering::SeqCst)),
        };
        let ledger = Ledger::new(rules, dir.path().to_owned());
        assert_eq!(fit(&ledger).await, Ok(3));
        let folder = dir.path().join("first");
        let first = ledger.promise(folder.clone());
        assert_eq!(fit(&ledger).await, Ok(2));
        std::fs::create_dir_all(folder.join("1/0")).unwrap();
        let file = std::fs::File::create(folder.join("1/0/file")).unwrap();
        file.set_len(250 * UNIT).unwrap();
        FREE.store(750 * UNIT, Ordering::SeqCst);
        assert_eq!(fit(&ledger).await, Ok(2));
        FREE.store(500 * UNIT, Ordering::SeqCst);
        assert_eq!(fit(&ledger).await, Ok(1));
        FREE.store(449 * UNIT, Ordering::SeqCst);
        let shortage = fit(&ledger).await.unwrap_err();
        assert_eq!(
            (shortage.needed, shortage.promised),
            (300 * UNIT, 50 * UNIT)
        );
        drop(first);
        assert_eq!(fit(&ledger).await, Ok(1));
    }

    /// It was neither free nor taken off the promise: a fetch counted twice until all of it had come.
    #[test]
    fn what_is_reserved_counts_as_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(dir.path().join("file")).unwrap();
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, 1 << 20).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
        let promise = Promise {
            budget: 3 << 20,
            folder: dir.path().to_owned(),
        };
        assert!(promise.outstanding() <= 2 << 20);
        // A file with holes takes less for now; it may still be filled.
        file.set_len(5 << 19).unwrap();
        assert_eq!(promise.outstanding(), 1 << 19);
    }

    #[tokio::test]
    async fn two_that_need_more_do_not_keep_each_other_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let rules = Rules {
            per_job: 300,
            floor: 100,
            free_bytes: |_| Ok(1000),
        };
        let ledger = Ledger::new(rules, dir.path().to_owned());
        let one = ledger.promise(dir.path().join("one"));
        let other = ledger.promise(dir.path().join("other"));
        let mut changes = other.changes();
        assert!(one.ask(800).await.is_err());
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert!(one.ask(800).await.is_err());
        assert!(
            !changes.has_changed().unwrap(),
            "it had nothing to give back"
        );
        // What the first one had is free for the other.
        assert_eq!(other.ask(800).await, Ok(()));
        assert_eq!(other.bytes(), 800);
        let mut changes = one.changes();
        drop(other);
        changes.changed().await.unwrap();
        assert_eq!(one.ask(800).await, Ok(()));
        assert_eq!(one.ask(100).await, Ok(()), "it has more than that");
    }

    /// A group that asked for more while a claim was on its way was given the same.
    #[tokio::test]
    async fn what_is_about_to_be_claimed_has_its_room_already() {
        let dir = tempfile::tempdir().unwrap();
        let rules = Rules {
            per_job: 300,
            floor: 100,
            free_bytes: |_| Ok(1300),
        };
        let ledger = Ledger::new(rules, dir.path().to_owned());
        let large = ledger.promise(dir.path().join("large"));
        let room = ledger.room(2).await.unwrap();
        assert_eq!(room.starts, 2);
        let shortage = large.ask(800).await.unwrap_err();
        assert_eq!(shortage.promised, 600);
        let mut changes = large.changes();
        drop(room);
        changes.changed().await.unwrap();
        assert_eq!(large.ask(800).await, Ok(()));
    }
}
