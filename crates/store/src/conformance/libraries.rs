//! Fingerprint libraries: made, listed, emptied and deleted.

use std::time::Duration;

use futures_util::future::join_all;
use reelgate_domain::dna::{DnaModel, Library, LibraryId, LibraryStatus};
use reelgate_testkit::account;

use super::keyed::keyed;
use super::shelf::{Replica, STORED, Shelf, entry, key, storing};
use super::{Home, World};
use crate::{CreateLibrary, PublishDna, StoreError};

const A_MONTH: Duration = Duration::from_hours(30 * 24);

pub async fn a_library_reads_back_as_it_was_made(home: &dyn Home) {
    let it = Shelf::new(home).await;
    for model in DnaModel::ALL {
        let new = Library {
            model,
            ..it.new_library("Küche 直播")
        };
        assert_eq!(it.make(new.clone(), 9).await, CreateLibrary::Created);
        assert_eq!(it.library(new.id).await, new);
        assert_eq!(it.version(new.id).await, Some(0));
        assert_eq!(it.entries(new.id).await, []);
    }
    assert_eq!(it.version(LibraryId::from_bytes([9; 16])).await, None);
}

pub async fn an_account_has_as_many_libraries_as_it_may_without_deleted_ones(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let first = it.made("a").await;
    it.made("b").await;
    let third = it.new_library("c");
    assert_eq!(it.make(third.clone(), 2).await, CreateLibrary::Full);
    let of_another = Library {
        account: account(9),
        ..it.new_library("c")
    };
    assert_eq!(it.make(of_another, 2).await, CreateLibrary::Created);
    assert!(it.empty(first, false).await);
    assert_eq!(it.make(third.clone(), 2).await, CreateLibrary::Full);
    assert!(it.empty(first, true).await);
    assert_eq!(it.make(third, 2).await, CreateLibrary::Created);
}

pub async fn of_many_that_make_libraries_at_once_no_more_than_the_most_are_made(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let beside = it.beside(home).await;
    let makers = (0..12).map(|n| {
        let library = it.new_library(&format!("l{n}"));
        let store = [&it.store, &beside.store][n % 2];
        store.create_library(library, 5, None)
    });
    let made = join_all(makers).await.into_iter();
    let made =
        made.filter(|made| *made.as_ref().expect("create_library") == CreateLibrary::Created);
    assert_eq!(made.count(), 5);
    let all = it.store.all_libraries(it.account).await;
    assert_eq!(all.expect("all_libraries").len(), 5);
}

pub async fn libraries_are_listed_oldest_first_and_found_in_the_order_asked_for(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let mut ids = Vec::new();
    for name in ["c", "a", "b"] {
        ids.push(it.made(name).await);
        it.clock.advance(Duration::from_secs(1));
    }
    it.empty(ids[1], true).await;
    let listed = it.store.all_libraries(it.account).await;
    let listed: Vec<_> = listed
        .expect("all_libraries")
        .iter()
        .map(|it| it.id)
        .collect();
    assert_eq!(listed, [ids[0], ids[2]]);
    let unknown = LibraryId::from_bytes([9; 16]);
    let asked = [ids[2], unknown, ids[1], ids[2], ids[0]];
    let found = it.store.libraries(it.account, &asked).await;
    let found: Vec<_> = found.expect("libraries").iter().map(|it| it.id).collect();
    assert_eq!(found, [ids[2], ids[1], ids[0]]);
}

pub async fn libraries_of_another_account_do_not_exist(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    let job = it.add(id, entry("k", 3)).await;
    let before = it.library(id).await;
    let (store, other, now) = (&it.store, account(9), it.now());
    assert_eq!(store.libraries(other, &[id]).await.expect("libraries"), []);
    assert_eq!(store.all_libraries(other).await.expect("all"), []);
    assert_eq!(
        store.entries(other, id, None, 9).await.expect("entries"),
        None
    );
    let found = store.find_entries(other, id, &[key("k")], &[job]).await;
    assert_eq!(found.expect("find_entries"), None);
    let removed = store
        .delete_entries(other, id, &[key("k")], now, None)
        .await;
    assert_eq!(removed.expect("delete_entries"), None);
    for forget in [false, true] {
        let gone = store.delete_library(other, id, forget, now, None).await;
        assert!(!gone.expect("delete_library"));
    }
    assert_eq!(it.library(id).await, before);
}

pub async fn an_emptied_library_goes_on(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    for name in ["a", "b", "c"] {
        it.add(id, entry(name, 9)).await;
    }
    it.remove(id, &["b"]).await;
    let before = it.library(id).await;
    assert_eq!((before.version, before.added_at, before.entries), (4, 3, 2));
    let mut copy = Replica::of(&it, id).await;
    assert!(it.empty(id, false).await);
    let after = it.library(id).await;
    assert_eq!((after.version, after.entries), (5, 0));
    assert_eq!(after.status, LibraryStatus::Active);
    assert_eq!(it.keys(id).await, [] as [&str; 0]);
    let found = it
        .store
        .find_entries(it.account, id, &[key("a")], &[])
        .await;
    assert_eq!(found.expect("find_entries"), Some(Vec::new()));
    assert_eq!(it.remove(id, &["a"]).await, Some(0));
    // What is in the way of nobody any more takes no key.
    it.add(id, entry("a", 4)).await;
    copy.catch_up(&it, id, u64::MAX).await;
    let there = Replica::of(&it, id).await;
    assert_eq!(copy, there);
    assert_eq!(there.entries.keys().copied().collect::<Vec<_>>(), [6]);
    it.prune().await;
    assert_eq!(it.keys(id).await, ["a"]);
    assert_eq!(Replica::of(&it, id).await, there);
}

pub async fn a_deleted_library_is_known_and_holds_nothing(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let (id, other) = (it.made("a").await, it.made("b").await);
    for library in [id, other] {
        it.add(library, entry("k", 9)).await;
    }
    let job = it.started().await;
    assert!(it.empty(id, true).await);
    let gone = it.library(id).await;
    assert_eq!((gone.status, gone.entries), (LibraryStatus::Deleted, 0));
    assert!(!it.empty(id, true).await);
    assert!(!it.empty(id, false).await);
    assert_eq!(it.version(id).await, None);
    assert_eq!(it.remove(id, &["k"]).await, None);
    let entries = it.store.entries(it.account, id, None, 9).await;
    assert_eq!(entries.expect("entries"), None);
    let found = it
        .store
        .find_entries(it.account, id, &[key("k")], &[])
        .await;
    assert_eq!(found.expect("find_entries"), None);
    let told = it.changes(id, 1, 9).await;
    assert_eq!((told.changes.len(), told.more), (0, false));
    let refused = it.win(job, 1, storing(id, entry("x", 1))).await;
    assert_eq!(refused, PublishDna::LibraryGone);
    it.prune().await;
    assert_eq!(it.library(id).await, gone);
    assert_eq!(it.keys(other).await, ["k"]);
    assert_eq!(Replica::of(&it, other).await.entries.len(), 1);
    it.clock.advance(A_MONTH + Duration::from_secs(1));
    it.prune().await;
    let found = it.store.libraries(it.account, &[id, other]).await;
    let found: Vec<_> = found.expect("libraries").iter().map(|it| it.id).collect();
    assert_eq!(found, [other]);
    // Who searches only is not held up by that.
    let mut searching = storing(id, entry("x", 1));
    searching.entry = None;
    let _ = it.claim(1).await;
    assert!(matches!(
        it.win(job, 1, searching).await,
        PublishDna::Fenced(_)
    ));
}

pub async fn a_call_about_a_library_counts_once(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let (store, owner, now) = (&it.store, it.account, it.now());
    let (full, new) = (it.new_library("a"), it.new_library("a"));
    let id = new.id;
    let made = store.create_library(full, 0, Some(keyed(1, id))).await;
    assert_eq!(made.expect("create_library"), CreateLibrary::Full);
    // A refusal leaves the call free.
    let made = store.create_library(new.clone(), 9, Some(keyed(1, id)));
    assert_eq!(made.await.expect("create_library"), CreateLibrary::Created);
    let other = it.new_library("a");
    let again = store.create_library(other, 9, Some(keyed(1, id))).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    it.add(id, entry("k", 1)).await;
    let keys = [key("k")];
    let remove = || store.delete_entries(owner, id, &keys, now, Some(keyed(2, id)));
    assert_eq!(remove().await.expect("delete_entries"), Some(1));
    let again = remove().await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    let empty = || store.delete_library(owner, id, true, now, Some(keyed(3, id)));
    assert!(empty().await.expect("delete_library"));
    let again = empty().await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
}

pub async fn libraries_are_there_after_a_reopen(home: &dyn Home) {
    let it = Shelf::new(home).await;
    let id = it.made("a").await;
    for name in ["a", "b", "c"] {
        it.add(id, entry(name, 2000)).await;
    }
    it.remove(id, &["b"]).await;
    let (library, entries) = (it.library(id).await, it.entries(id).await);
    let copy = Replica::of(&it, id).await;
    let world = it.0;
    drop(world.store);
    let store = home.open().await;
    let it = Shelf(World { store, ..world });
    assert_eq!(it.library(id).await, library);
    assert_eq!(it.entries(id).await, entries);
    assert_eq!(Replica::of(&it, id).await, copy);
    let job = it.started().await;
    assert_eq!(it.win(job, 1, storing(id, entry("b", 1))).await, STORED);
    assert_eq!(it.version(id).await, Some(5));
}
