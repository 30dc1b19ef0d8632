//! What cases about fingerprint libraries arrange with.

use std::collections::BTreeMap;
use std::ops::Deref;

use reelgate_domain::JobId;
use reelgate_domain::dna::{
    DnaEntry, DnaModel, Library, LibraryId, LibraryName, LibraryStatus, PrimaryKey,
};
use reelgate_domain::job::JobKind;
use reelgate_testkit::{object, of_kind, staged};

use super::{Home, World};
use crate::{
    CreateLibrary, DnaEffect, Ending, Fenced, LibraryChange, LibraryChanges, NewEntry, PublishDna,
};

/// A world with words for what is done with libraries.
pub(super) struct Shelf(pub(super) World);

impl Deref for Shelf {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

pub(super) fn key(text: &str) -> PrimaryKey {
    PrimaryKey::new(text).expect("it is a valid key")
}

/// An entry of this key whose fingerprint has so many bytes.
pub(super) fn entry(name: &str, bytes: usize) -> NewEntry {
    let seed = name.bytes().fold(0_u8, u8::wrapping_add);
    NewEntry {
        key: key(name),
        source: object("film.mp4"),
        duration_ms: Some(1500),
        fingerprint: (0..bytes).map(|at| seed.wrapping_add(at as u8)).collect(),
    }
}

/// Stores an entry, whatever else is in the library.
pub(super) fn storing(library: LibraryId, entry: NewEntry) -> DnaEffect {
    DnaEffect {
        library,
        entry: Some(entry),
        unless_added_since: None,
    }
}

/// The same, unless something was added since this version.
pub(super) fn if_new(library: LibraryId, entry: NewEntry, searched: u64) -> DnaEffect {
    DnaEffect {
        unless_added_since: Some(searched),
        ..storing(library, entry)
    }
}

pub(super) const STORED: PublishDna = PublishDna::Fenced(Fenced::Done);

impl Shelf {
    pub(super) async fn new(home: &dyn Home) -> Self {
        Self(World::new(home).await)
    }

    pub(super) fn new_library(&self, name: &str) -> Library {
        let at = self.now();
        Library {
            id: LibraryId::from_bytes(*self.ids.job(at).as_bytes()),
            account: self.account,
            name: LibraryName::new(name).expect("a name"),
            model: DnaModel::Video,
            description: format!("about {name}"),
            status: LibraryStatus::Active,
            version: 0,
            added_at: 0,
            entries: 0,
            created_at: at,
        }
    }

    pub(super) async fn make(&self, library: Library, most: u32) -> CreateLibrary {
        let made = self.store.create_library(library, most, None).await;
        made.expect("create_library")
    }

    pub(super) async fn made(&self, name: &str) -> LibraryId {
        let library = self.new_library(name);
        let id = library.id;
        assert_eq!(self.make(library, 100).await, CreateLibrary::Created);
        id
    }

    pub(super) async fn library(&self, id: LibraryId) -> Library {
        let mut found = self.store.libraries(self.account, &[id]).await;
        let found = found.as_mut().expect("libraries");
        assert_eq!(found.len(), 1, "library {id} is missing");
        found.remove(0)
    }

    pub(super) async fn version(&self, id: LibraryId) -> Option<u64> {
        let version = self.store.library_version(id).await;
        version.expect("library_version")
    }

    /// A fingerprint job in its first attempt; nothing else may be claimable.
    pub(super) async fn started(&self) -> JobId {
        let job = self.new_job().spec(of_kind(JobKind::Fingerprint)).build();
        let id = self.submit(vec![job]).await[0].id;
        assert_eq!(
            self.claim_ids(1).await,
            [id],
            "something else was claimable"
        );
        id
    }

    pub(super) async fn win(&self, job: JobId, attempt: u32, effect: DnaEffect) -> PublishDna {
        let (store, now) = (&self.store, self.now());
        let told = store.publish_fingerprint(job, staged(attempt), effect, now);
        told.await.expect("publish_fingerprint")
    }

    /// Has a job store this and end.
    pub(super) async fn add(&self, library: LibraryId, entry: NewEntry) -> JobId {
        let job = self.started().await;
        assert_eq!(self.win(job, 1, storing(library, entry)).await, STORED);
        assert_eq!(self.finish(job, 1, Ending::Succeeded).await, Fenced::Done);
        job
    }

    pub(super) async fn remove(&self, library: LibraryId, keys: &[&str]) -> Option<u64> {
        let keys: Vec<_> = keys.iter().map(|text| key(text)).collect();
        let (account, now) = (self.account, self.now());
        let removed = self
            .store
            .delete_entries(account, library, &keys, now, None);
        removed.await.expect("delete_entries")
    }

    /// Empties a library, and deletes it if that is wished too.
    pub(super) async fn empty(&self, library: LibraryId, forget: bool) -> bool {
        let (account, now) = (self.account, self.now());
        let done = self
            .store
            .delete_library(account, library, forget, now, None);
        done.await.expect("delete_library")
    }

    /// All pieces; how many there were that left more.
    pub(super) async fn prune(&self) -> usize {
        let mut pieces = 0;
        while self.prune_once().await {
            pieces += 1;
            assert!(pieces < 10_000, "it never ends");
        }
        pieces
    }

    pub(super) async fn prune_once(&self) -> bool {
        let pruned = self.store.prune_libraries(self.now()).await;
        pruned.expect("prune_libraries")
    }

    pub(super) async fn entries(&self, library: LibraryId) -> Vec<DnaEntry> {
        let entries = self.store.entries(self.account, library, None, 1000).await;
        entries.expect("entries").expect("the library exists")
    }

    pub(super) async fn keys(&self, library: LibraryId) -> Vec<String> {
        let entries = self.entries(library).await.into_iter();
        entries.map(|entry| entry.key.to_string()).collect()
    }

    pub(super) async fn changes(&self, id: LibraryId, after: u64, most: u64) -> LibraryChanges {
        let changes = self.store.library_changes(id, after, most).await;
        changes.expect("library_changes")
    }
}

/// A node's copy of a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) version: u64,
    /// Keys and fingerprints by number.
    pub(super) entries: BTreeMap<u64, (String, Vec<u8>)>,
}

impl Replica {
    /// A copy made from nothing.
    pub(super) async fn of(it: &Shelf, id: LibraryId) -> Self {
        let mut replica = Self::default();
        replica.catch_up(it, id, u64::MAX).await;
        replica
    }

    /// In steps of so many bytes; how many there were.
    pub(super) async fn catch_up(&mut self, it: &Shelf, id: LibraryId, most_bytes: u64) -> usize {
        for step in 1.. {
            let told = it.changes(id, self.version, most_bytes).await;
            assert!(told.reached >= self.version, "{} went back", self.version);
            assert!(!told.more || told.reached > self.version, "it never ends");
            self.apply(told.changes, most_bytes);
            self.version = told.reached;
            if !told.more {
                return step;
            }
        }
        unreachable!("steps have no end")
    }

    fn apply(&mut self, changes: Vec<LibraryChange>, most_bytes: u64) {
        let (mut bytes, mut additions) = (0, 0);
        for change in changes {
            match change {
                LibraryChange::Added {
                    number,
                    key,
                    fingerprint,
                } => {
                    bytes += fingerprint.len() as u64;
                    additions += 1;
                    let before = self.entries.insert(number, (key.to_string(), fingerprint));
                    assert_eq!(before, None, "entry {number} was told of twice");
                }
                LibraryChange::Removed { number } => {
                    self.entries.remove(&number);
                }
            }
        }
        assert!(
            additions <= 1 || bytes <= most_bytes,
            "{bytes} bytes at once"
        );
    }
}
