//! What is in fingerprint libraries: listed, found and removed.

use std::time::Duration;

use reelgate_domain::JobId;
use reelgate_domain::dna::DnaEntry;
use reelgate_testkit::object;

use super::Home;
use super::shelf::{Replica, STORED, Shelf, entry, key, storing};
use crate::NewEntry;

pub async fn an_entry_reads_back_as_it_was_stored(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    let longest = "ü".repeat(128);
    let new = NewEntry {
        source: object("ordner/größe.mp4"),
        duration_ms: None,
        ..entry(&longest, 0)
    };
    let first = it.add(id, new).await;
    it.clock.advance(Duration::from_secs(5));
    let second = it.add(id, entry("k", 70_000)).await;
    let expected = |name: &str, number, job, bytes, at| DnaEntry {
        library: id,
        key: key(name),
        number,
        source: object("film.mp4"),
        job,
        duration_ms: Some(1500),
        stored_bytes: bytes,
        created_at: at,
    };
    let now = it.now();
    let began = reelgate_testkit::FixedClock::START;
    let odd = DnaEntry {
        source: object("ordner/größe.mp4"),
        duration_ms: None,
        ..expected(&"ü".repeat(128), 1, first, 0, began)
    };
    let plain = expected("k", 2, second, 70_000, now);
    assert_eq!(it.entries(id).await, [plain, odd]);
    let library = it.library(id).await;
    assert_eq!(
        (library.version, library.added_at, library.entries),
        (2, 2, 2)
    );
    let copy = Replica::of(&it, id).await;
    assert_eq!(copy.entries[&2].1, entry("k", 70_000).fingerprint);
    assert_eq!(copy.entries[&1], (longest, Vec::new()));
}

pub async fn entries_are_listed_by_key_in_pages(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let (id, other) = (it.made("a").await, it.made("b").await);
    // In the order of their bytes, which is not that of a dictionary.
    let mut names = ["b", "a", "Z", "a-1", "a1", "ä", "B", "a 1", "直播", "0"];
    for name in names {
        it.add(id, entry(name, 1)).await;
        it.add(other, entry(name, 1)).await;
    }
    it.remove(id, &["a1"]).await;
    it.add(id, entry("a1", 1)).await;
    names.sort_unstable();
    assert_eq!(it.keys(id).await, names);
    for limit in [1, 3, 10, 11] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = it.store.entries(it.account, id, after, limit).await;
            let page = page.expect("entries").expect("the library exists");
            assert!(page.len() <= limit as usize);
            after = page.last().map(|entry| entry.key.clone());
            seen.extend(page.iter().map(|entry| entry.key.to_string()));
            if page.len() < limit as usize {
                break;
            }
        }
        assert_eq!(seen, names, "pages of {limit}");
    }
    let behind = it.store.entries(it.account, id, Some(key("a")), 2).await;
    let behind = behind.expect("entries").expect("the library exists");
    let behind: Vec<_> = behind.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(behind, ["a 1", "a-1"]);
}

pub async fn entries_are_found_by_keys_and_by_jobs(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let (id, other) = (it.made("a").await, it.made("b").await);
    let mut jobs = Vec::new();
    for name in ["c", "a", "b"] {
        jobs.push(it.add(id, entry(name, 1)).await);
    }
    let elsewhere = it.add(other, entry("x", 1)).await;
    let find = async |keys: &[&str], jobs: &[JobId]| {
        let keys: Vec<_> = keys.iter().map(|text| key(text)).collect();
        let found = it.store.find_entries(it.account, id, &keys, jobs).await;
        let found = found.expect("find_entries").expect("the library exists");
        let found = found.into_iter().map(|entry| entry.key.to_string());
        found.collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(find(&[], &[]).await, none);
    assert_eq!(find(&["b", "a", "nobody", "b"], &[]).await, ["a", "b"]);
    assert_eq!(find(&[], &[jobs[0], elsewhere]).await, ["c"]);
    assert_eq!(find(&["c", "x"], &[jobs[0], jobs[1]]).await, ["a", "c"]);
    it.remove(id, &["a"]).await;
    assert_eq!(find(&["a", "b"], &[jobs[1]]).await, ["b"]);
}

pub async fn a_removed_entry_is_gone_and_its_key_is_free(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    for name in ["a", "b", "c"] {
        it.add(id, entry(name, 10)).await;
    }
    assert_eq!(it.remove(id, &["nobody"]).await, Some(0));
    assert_eq!(it.version(id).await, Some(3));
    assert_eq!(it.remove(id, &["a", "c", "nobody", "a"]).await, Some(2));
    let library = it.library(id).await;
    assert_eq!(
        (library.version, library.added_at, library.entries),
        (4, 3, 1)
    );
    assert_eq!(it.keys(id).await, ["b"]);
    let job = it.started().await;
    assert_eq!(it.win(job, 1, storing(id, entry("a", 20))).await, STORED);
    let numbers: Vec<_> = it.entries(id).await.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [5, 2]);
    it.prune().await;
    let copy = Replica::of(&it, id).await;
    assert_eq!(copy.entries[&5].1, entry("a", 20).fingerprint);
    assert_eq!(copy.entries.len(), 2);
}

/// What is taken away goes in pieces, and whoever lists or copies a library meanwhile sees no difference.
pub async fn what_is_gone_is_taken_away_in_pieces(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let (emptied, deleted, thinned) = (it.made("a").await, it.made("b").await, it.made("c").await);
    let names: Vec<String> = (0..120).map(|n| format!("k{n:03}")).collect();
    for name in &names {
        for id in [emptied, deleted, thinned] {
            it.add(id, entry(name, 10)).await;
        }
    }
    let some: Vec<&str> = names[..110].iter().map(String::as_str).collect();
    let before = Replica::of(&it, emptied).await;
    assert_eq!(it.remove(thinned, &some).await, Some(110));
    it.empty(emptied, false).await;
    it.add(emptied, entry("new", 1)).await;
    it.empty(deleted, true).await;
    let kept = Replica::of(&it, thinned).await;
    let mut pieces = 0;
    loop {
        let more = it.prune_once().await;
        let mut late = before.clone();
        late.catch_up(&it, emptied, u64::MAX).await;
        assert_eq!(late, Replica::of(&it, emptied).await);
        assert_eq!(Replica::of(&it, thinned).await, kept);
        assert_eq!(it.keys(emptied).await, ["new"]);
        if !more {
            break;
        }
        pieces += 1;
    }
    assert!((6..40).contains(&pieces), "{pieces} pieces");
    assert!(!it.prune_once().await);
}
