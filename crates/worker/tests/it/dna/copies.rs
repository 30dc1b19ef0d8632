//! The node's copies of libraries: after whatever happens they are what the store says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use reelgate_domain::dna::{DnaModel, LibraryId, PrimaryKey};
use reelgate_domain::job::StateName;
use reelgate_domain::job::kind::fingerprint::{DnaMedia, SaveMode};
use reelgate_store::Store;
use reelgate_worker::Worker;

use super::{BBB, HDR, Wish, keys_of};
use crate::faulty::Faulty;
use crate::gate::{engine_works, while_open};
use crate::house::House;

const CLIPS: [(&str, &str); 2] = [("bbb", BBB), ("hdr", HDR)];

fn wish<'a>(library: LibraryId, input: &'a str, key: &'a str, save: SaveMode) -> Wish<'a> {
    Wish {
        library,
        input,
        key,
        save,
        media: DnaMedia::Video,
    }
}

/// What may happen to a file.
type Harm = fn(&Path);

/// A house with a library of two clips, each of which is an input under its key.
async fn stocked() -> (House, LibraryId) {
    let house = House::new().await;
    let library = house.library(DnaModel::Video).await;
    let worker = house.worker(1);
    for (key, clip) in CLIPS {
        house.put_clip(clip, key).await;
        let job = house.print(wish(library, key, key, SaveMode::IfNew)).await;
        assert_eq!(keys_of(&house.found(&job)), [] as [&str; 0]);
    }
    worker.shut_down().await;
    (house, library)
}

/// What each input finds: itself, if it is in the library.
async fn check(house: &House, library: LibraryId, expected: &[&str]) {
    for (key, _) in CLIPS {
        let job = house
            .print(wish(library, key, "search", SaveMode::Never))
            .await;
        let found = house.found(&job);
        let is_there = expected.contains(&key);
        assert_eq!(keys_of(&found), if is_there { vec![key] } else { vec![] });
    }
    let mut kept = house.keys(library).await;
    kept.sort();
    assert_eq!(kept, expected);
}

fn files_of(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn copy_of(house: &House, library: LibraryId) -> PathBuf {
    house.dir.path().join("dna").join(library.to_string())
}

async fn killed(worker: Worker) {
    worker.kill_switch().kill().await;
    // Nothing of it goes on, and nothing is saved.
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_copy_is_gone_on_with_and_a_damaged_one_is_made_anew() {
    let (house, library) = stocked().await;
    let dir = copy_of(&house, library);
    let saved = files_of(&dir);
    assert!(saved.len() >= 2, "a segment and what names it: {saved:?}");
    let worker = house.worker(1);
    check(&house, library, &["bbb", "hdr"]).await;
    worker.shut_down().await;
    let harm: [(&str, Harm); 5] = [
        ("a byte is another", |file| {
            let mut bytes = std::fs::read(file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            std::fs::write(file, bytes).unwrap();
        }),
        ("cut off", |file| {
            let bytes = std::fs::read(file).unwrap();
            std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("empty", |file| std::fs::write(file, "").unwrap()),
        ("missing", |file| std::fs::remove_file(file).unwrap()),
        ("foreign", |file| {
            std::fs::write(file, "nothing of ours").unwrap();
        }),
    ];
    for (what, harm) in harm {
        let count = files_of(&dir).len();
        for number in 0..count {
            // A copy that was made anew may have fewer files.
            let Some(file) = files_of(&dir).get(number).cloned() else {
                break;
            };
            harm(&file);
            let worker = house.worker(1);
            check(&house, library, &["bbb", "hdr"]).await;
            worker.shut_down().await;
            assert!(!files_of(&dir).is_empty(), "{what}: {}", file.display());
        }
    }
    // All of it is lost.
    std::fs::remove_dir_all(&dir).unwrap();
    let worker = house.worker(1);
    check(&house, library, &["bbb", "hdr"]).await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_saved_before_a_crash_is_asked_for_again() {
    let (house, library) = stocked().await;
    let worker = house.worker(1);
    check(&house, library, &["bbb", "hdr"]).await;
    let keys = [PrimaryKey::new("bbb").unwrap()];
    let removed = house
        .service
        .delete_library_entries(&house.caller, library, &keys);
    assert_eq!(removed.await.unwrap(), 1);
    // A deletion is seen by the next search, on a node that has searched before.
    check(&house, library, &["hdr"]).await;
    let job = house
        .print(wish(library, "bbb", "bbb", SaveMode::IfNew))
        .await;
    assert_eq!(keys_of(&house.found(&job)), [] as [&str; 0]);
    killed(worker).await;
    let worker = house.worker(1);
    check(&house, library, &["bbb", "hdr"]).await;
    killed(worker).await;
    // Another node has nothing yet.
    let elsewhere = house.dir.path().join("elsewhere");
    let worker = house.worker_with(1, |config| config.dna = elsewhere);
    check(&house, library, &["bbb", "hdr"]).await;
    worker.shut_down().await;
}

// A copy that another job had let follow meanwhile was taken for one ahead of the store, and made anew under that job.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_others_let_follow_while_the_store_is_asked_is_gone_on_with() {
    let (house, library) = stocked().await;
    let faulty = Faulty::over(Arc::clone(&house.store));
    let worker = house.worker_on(Arc::clone(&faulty) as Arc<dyn Store>, 2, |_| {});
    // Opens the copy.
    let job = house
        .print(wish(library, "bbb", "first", SaveMode::Never))
        .await;
    assert_eq!(keys_of(&house.found(&job)), ["bbb"]);
    let begun = faulty.begun_copies.load(Ordering::SeqCst);
    faulty.before_changes.bar();
    let follower = house
        .submit_print(wish(library, "bbb", "follower", SaveMode::Never))
        .await;
    faulty.before_changes.holds_one().await;
    faulty.after_version.bar();
    let asker = house
        .submit_print(wish(library, "hdr", "asker", SaveMode::Never))
        .await;
    faulty.after_version.holds_one().await;
    // What the asker was told is outdated before it hears it.
    let keys = [PrimaryKey::new("bbb").unwrap()];
    let removed = house
        .service
        .delete_library_entries(&house.caller, library, &keys);
    assert_eq!(removed.await.unwrap(), 1);
    faulty.before_changes.open();
    let follower = house.ended(follower.id).await;
    assert_eq!(keys_of(&house.found(&follower)), [] as [&str; 0]);
    faulty.after_version.open();
    let asker = house.ended(asker.id).await;
    assert_eq!(keys_of(&house.found(&asker)), ["hdr"]);
    assert_eq!(faulty.begun_copies.load(Ordering::SeqCst), begun);
    worker.shut_down().await;
}

// The copy had fewer entries than the library, and was made anew whenever it was opened.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_read_does_not_cost_the_rest_of_the_copy() {
    let (house, library) = stocked().await;
    let faulty = Faulty::over(Arc::clone(&house.store));
    *faulty.garbled.lock().unwrap() = Some(1);
    let search = async |key| {
        let job = house
            .print(wish(library, key, "search", SaveMode::Never))
            .await;
        let found = house.found(&job);
        keys_of(&found).len()
    };
    for _ in 0..3 {
        let elsewhere = house.dir.path().join("elsewhere");
        let store = Arc::clone(&faulty) as Arc<dyn Store>;
        let worker = house.worker_on(store, 1, |config| config.dna = elsewhere);
        assert_eq!((search("bbb").await, search("hdr").await), (0, 1));
        worker.shut_down().await;
    }
    assert_eq!(faulty.begun_copies.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_library_finds_nothing_on_any_node() {
    let (house, library) = stocked().await;
    let worker = house.worker(1);
    check(&house, library, &["bbb", "hdr"]).await;
    house
        .service
        .purge_library(&house.caller, library)
        .await
        .unwrap();
    check(&house, library, &[]).await;
    let job = house
        .print(wish(library, "hdr", "hdr", SaveMode::IfNew))
        .await;
    assert_eq!(keys_of(&house.found(&job)), [] as [&str; 0]);
    check(&house, library, &["hdr"]).await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_at_work_leaves_the_job_to_the_next() {
    let house = House::gated().await;
    house.put_clip(BBB, "bbb").await;
    let library = house.library(DnaModel::Video).await;
    let hasty = |config: &mut reelgate_worker::WorkerConfig| {
        config.lease = std::time::Duration::from_millis(500);
        config.renew_every = std::time::Duration::from_millis(100);
    };
    let first = house.worker_with(1, hasty);
    let job = house
        .submit_print(wish(library, "bbb", "bbb", SaveMode::Only))
        .await;
    engine_works(&house).await;
    killed(first).await;
    assert_eq!(house.keys(library).await, [] as [&str; 0]);
    let second = house.worker_with(1, |config| {
        config.dna = house.dir.path().join("elsewhere");
    });
    let done = while_open(&house, house.ended(job.id)).await;
    assert_eq!(done.lifecycle.state.name(), StateName::Succeeded);
    assert_eq!(done.lifecycle.attempt, 2);
    assert_eq!(house.keys(library).await, ["bbb"]);
    second.shut_down().await;
}
