//! The end of fingerprint jobs: the win and the entry are one write.

use reelgate_domain::job::{CancelPolicy, FaultCode, StateName};
use tokio::task::JoinSet;

use super::Home;
use super::shelf::{Replica, STORED, Shelf, entry, if_new, key, storing};
use super::world::{LEASE, failed};
use crate::{DnaEffect, Ending, Fenced, PublishDna, RetryOutcome};

/// About what a day of video comes to.
const LARGE: usize = 30 << 20;

pub async fn a_win_and_its_entry_are_one(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    let job = it.started().await;
    assert_eq!(it.win(job, 1, storing(id, entry("a", 5))).await, STORED);
    assert_eq!(it.state(job).await, StateName::Publishing);
    assert_eq!(it.keys(id).await, ["a"]);
    assert_eq!(it.finish(job, 1, Ending::Succeeded).await, Fenced::Done);
    let done = it.job(job).await;
    assert_eq!(done.results, reelgate_testkit::staged(1).results);
    // One that only searches wins as every other job does.
    let job = it.started().await;
    let searching = DnaEffect {
        library: id,
        entry: None,
        unless_added_since: None,
    };
    assert_eq!(it.win(job, 1, searching).await, STORED);
    assert_eq!(it.state(job).await, StateName::Publishing);
    assert_eq!(it.version(id).await, Some(1));
}

pub async fn a_fingerprint_publish_that_is_repeated_stores_once(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    let job = it.started().await;
    let effect = if_new(id, entry("a", 5), 0);
    for _ in 0..3 {
        assert_eq!(it.win(job, 1, effect.clone()).await, STORED);
    }
    let library = it.library(id).await;
    assert_eq!((library.version, library.entries), (1, 1));
    // Whoever removes the entry meanwhile does not get it back.
    it.remove(id, &["a"]).await;
    assert_eq!(it.win(job, 1, effect.clone()).await, STORED);
    assert_eq!(it.keys(id).await, [] as [&str; 0]);
    it.empty(id, true).await;
    assert_eq!(it.win(job, 1, effect.clone()).await, STORED);
    assert_eq!(it.finish(job, 1, Ending::Succeeded).await, Fenced::Done);
    let late = it.win(job, 1, effect).await;
    assert_eq!(late, PublishDna::Fenced(Fenced::Lost));
}

pub async fn an_attempt_that_does_not_win_stores_nothing(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    let job = it.started().await;
    let effect = storing(id, entry("a", 5));
    let lost = PublishDna::Fenced(Fenced::Lost);
    assert_eq!(it.win(job, 2, effect.clone()).await, lost);
    // Its lease runs out, and another takes the job.
    it.clock.advance(LEASE);
    it.sweep().await;
    assert_eq!(it.win(job, 1, effect.clone()).await, lost);
    it.clock.advance(LEASE);
    it.sweep().await;
    assert_eq!(it.claim_ids(1).await, [job]);
    assert_eq!(it.win(job, 1, effect.clone()).await, lost);
    assert_eq!(it.version(id).await, Some(0));
    // Nor does one that somebody has stopped.
    it.cancel(job, CancelPolicy::Any).await;
    let stopped = it.win(job, 2, effect.clone()).await;
    assert_eq!(stopped, PublishDna::Fenced(Fenced::Stopping));
    assert_eq!(it.version(id).await, Some(0));
    assert_eq!(it.entries(id).await, []);
    assert_eq!(it.state(job).await, StateName::Stopping);
}

pub async fn what_stands_against_an_entry_leaves_its_job_running(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    it.add(id, entry("a", 5)).await;
    let job = it.started().await;
    let taken = it.win(job, 1, storing(id, entry("a", 6))).await;
    assert_eq!(taken, PublishDna::KeyTaken);
    let added = it.win(job, 1, if_new(id, entry("b", 6), 0)).await;
    assert_eq!(added, PublishDna::Added { version: 1 });
    // What it finds when it has searched again comes first: it may be no duplicate at all.
    let added = it.win(job, 1, if_new(id, entry("a", 6), 0)).await;
    assert_eq!(added, PublishDna::Added { version: 1 });
    let unknown = reelgate_domain::dna::LibraryId::from_bytes([9; 16]);
    let gone = it.win(job, 1, storing(unknown, entry("b", 6))).await;
    assert_eq!(gone, PublishDna::LibraryGone);
    assert_eq!(it.state(job).await, StateName::Running);
    assert_eq!(it.version(id).await, Some(1));
    // A removal is no reason to search again.
    it.remove(id, &["a"]).await;
    assert_eq!(it.win(job, 1, if_new(id, entry("b", 6), 1)).await, STORED);
    assert_eq!(it.version(id).await, Some(3));
}

pub async fn of_jobs_that_store_the_same_new_thing_at_once_one_does(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let beside = it.beside(home).await;
    let id = it.made("a").await;
    for round in 0..5 {
        let searched = it.version(id).await.expect("the library exists");
        let mut jobs = Vec::new();
        for _ in 0..6 {
            jobs.push(it.started().await);
        }
        let mut set = JoinSet::new();
        for (at, job) in jobs.into_iter().enumerate() {
            let store = [&it.store, &beside.store][at % 2].clone();
            let new = entry(&format!("{round}-{at}"), 100);
            let (effect, now) = (if_new(id, new, searched), it.now());
            set.spawn(async move {
                let staged = reelgate_testkit::staged(1);
                let told = store.publish_fingerprint(job, staged, effect, now).await;
                (job, told.expect("publish_fingerprint"))
            });
        }
        let mut winners = 0;
        for (job, told) in set.join_all().await {
            match told {
                PublishDna::Fenced(Fenced::Done) => {
                    winners += 1;
                    it.finish(job, 1, Ending::Succeeded).await;
                }
                PublishDna::Added { version } => {
                    assert_eq!(version, searched + 1);
                    assert_eq!(it.state(job).await, StateName::Running);
                    it.finish(job, 1, failed(FaultCode::SourceMissing)).await;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(winners, 1);
        assert_eq!(it.version(id).await, Some(searched + 1));
    }
}

pub async fn a_retried_job_finds_its_own_entry(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    let job = it.started().await;
    assert_eq!(it.win(job, 1, storing(id, entry("a", 5))).await, STORED);
    // It could not put its document in its place.
    it.finish(job, 1, failed(FaultCode::SourceMissing)).await;
    assert_eq!(it.state(job).await, StateName::Failed);
    assert_eq!(it.retry(job).await, RetryOutcome::Queued);
    let attempt = it.claim(1).await[0].job.lifecycle.attempt;
    assert_eq!(
        it.win(job, attempt, if_new(id, entry("a", 5), 0)).await,
        STORED
    );
    assert_eq!(
        it.finish(job, attempt, Ending::Succeeded).await,
        Fenced::Done
    );
    let library = it.library(id).await;
    assert_eq!((library.version, library.entries), (1, 1));
    let (keys, jobs) = ([key("a")], [job]);
    let found = it.store.find_entries(it.account, id, &keys, &jobs);
    let found = found.await.expect("find_entries").expect("it exists");
    assert_eq!(found.len(), 1);
}

pub async fn a_fingerprint_of_a_day_is_stored_and_copied(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    it.add(id, entry("small", 10)).await;
    it.add(id, entry("large", LARGE)).await;
    it.add(id, entry("next", 10)).await;
    let sizes: Vec<_> = it
        .entries(id)
        .await
        .iter()
        .map(|it| it.stored_bytes)
        .collect();
    assert_eq!(sizes, [LARGE as u64, 10, 10]);
    let mut copy = Replica::default();
    assert_eq!(copy.catch_up(&it, id, 1 << 20).await, 3);
    assert!(copy.entries[&2].1 == entry("large", LARGE).fingerprint);
    it.remove(id, &["large"]).await;
    it.prune().await;
    copy.catch_up(&it, id, 1 << 20).await;
    assert!(copy == Replica::of(&it, id).await);
}
