//! Fetches on a disk that others fill, and that gives back what a fetch gives up.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reelgate_domain::job::{FaultCode, Job, JobSpec, StateName};
use reelgate_worker::WorkerConfig;

use crate::groups::first_failure;
use crate::house::{House, PATIENCE};
use crate::ingest::{ingest, padded};
use crate::limits::waits_for_room;
use crate::web::Web;

const MIB: u64 = 1 << 20;
const PLENTY: u64 = 1 << 40;

/// What is left of a disk of this size with what has been fetched on it.
fn free_of(disk: u64, scratch: &Path) -> u64 {
    disk.saturating_sub(taken_below(&scratch.with_file_name("fetched")))
}

fn taken_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let taken = entries.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => taken_below(&entry.path()),
        _ => entry.metadata().map_or(0, |file| file.blocks() * 512),
    });
    taken.sum()
}

fn impatient(config: &mut WorkerConfig) {
    config.poll_every = Duration::from_millis(20);
}

async fn submit(house: &House, web: &Web) -> Job {
    let spec = ingest(web.url("a.mp4"), "up/a.mp4");
    house.submit_spec(JobSpec::Ingest(spec)).await
}

async fn succeeds(house: &House, job: &Job) {
    let ended = house.ended(job.id).await;
    let state = ended.lifecycle.state.name();
    assert_eq!(state, StateName::Succeeded, "{ended:?}");
}

/// Waits until it holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let look = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, look).await;
    waited.unwrap_or_else(|_| panic!("never {what}"));
}

/// It gave back all it had, found that enough to begin with, and fetched the same again and again.
#[tokio::test(flavor = "multi_thread")]
async fn what_begins_anew_waits_until_all_of_it_has_room() {
    static DISK: AtomicU64 = AtomicU64::new(PLENTY);
    static LOOKS: AtomicU64 = AtomicU64::new(0);
    let house = House::new().await;
    let web = Web::serve_unidentified(padded(48)).await;
    web.hold_at(8 * MIB);
    let worker = house.worker_with(1, |config| {
        impatient(config);
        config.free_space_floor = 40 * MIB;
        config.free_bytes = |scratch| {
            LOOKS.fetch_add(1, Ordering::SeqCst);
            Ok(free_of(DISK.load(Ordering::SeqCst), scratch))
        };
    });
    let job = submit(&house, &web).await;
    until("sent", || web.sent() >= 8 * MIB).await;
    DISK.store(50 * MIB, Ordering::SeqCst);
    web.hold_at(u64::MAX);
    let told = waits_for_room(&house, &job).await;
    assert!(told.contains("beside a floor of 41.9 MB"), "{told}");
    // What it had is free again, which is more than the floor and too little for the file.
    let looks = LOOKS.load(Ordering::SeqCst);
    until("looked again", || LOOKS.load(Ordering::SeqCst) > looks + 20).await;
    assert_eq!((house.fetched_bytes(), web.requests()), (0, 1));
    DISK.store(PLENTY, Ordering::SeqCst);
    succeeds(&house, &job).await;
    assert_eq!(web.requests(), 2);
    worker.shut_down().await;
}

/// It was asked for beside what it was to replace.
#[tokio::test(flavor = "multi_thread")]
async fn what_begins_anew_needs_no_more_room_than_before() {
    let house = House::new().await;
    let web = Web::serve_unidentified(padded(48)).await;
    web.break_at(40 * MIB);
    let worker = house.worker_with(1, |config| {
        impatient(config);
        config.scratch_per_job = 55 * MIB;
        config.free_space_floor = 32 * MIB;
        config.free_bytes = |scratch| Ok(free_of(90 * MIB, scratch));
    });
    let job = submit(&house, &web).await;
    succeeds(&house, &job).await;
    assert_eq!(web.requests(), 2);
    worker.shut_down().await;
}

/// A quota is nothing that waiting for free space helps against.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_and_says_it_is_not_costs_an_attempt() {
    let house = House::new().await;
    // More than a file of any file system may have, or this one has left.
    let web = Web::promise(10 << 40).await;
    let worker = house.worker_with(1, |config| {
        impatient(config);
        config.max_file_bytes = 1 << 50;
        config.scratch_per_job = 1 << 50;
        config.free_bytes = |_| Ok(1 << 60);
    });
    let job = submit(&house, &web).await;
    let failure = first_failure(&house, &job).await;
    assert_eq!(failure, (1, FaultCode::StorageFailed));
    worker.shut_down().await;
}

impl House {
    fn fetched_bytes(&self) -> u64 {
        taken_below(&self.dir.path().join("fetched"))
    }
}
