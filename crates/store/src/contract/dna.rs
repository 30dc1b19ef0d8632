//! Fingerprint libraries: what they hold, and how a node's copy of one catches up.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::dna::{DnaEntry, Library, LibraryId, PrimaryKey};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, ObjectRef, Timestamp};

use super::{Fenced, Result};

/// What became of a wish to make a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateLibrary {
    Created,
    /// The account has as many as it may have; deleted ones do not count.
    Full,
}

/// A fingerprint that is to become an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry {
    pub key: PrimaryKey,
    pub source: ObjectRef,
    pub duration_ms: Option<u64>,
    /// In the engine's own form, which says its version.
    pub fingerprint: Vec<u8>,
}

/// What a fingerprint job does to its library.
#[derive(Clone, Debug, PartialEq)]
pub struct DnaEffect {
    pub library: LibraryId,
    /// Absent: nothing is stored.
    pub entry: Option<NewEntry>,
    /// Stores only if nothing was added to the library after this version: the one that was searched.
    pub unless_added_since: Option<u64>,
}

/// What became of the end of a fingerprint job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishDna {
    /// As [`Store::publish`](super::Store::publish) says; with `Done` the entry is in the library.
    Fenced(Fenced),
    /// Something was added meanwhile: search what came since, and try again. Nothing was written.
    Added { version: u64 },
    /// Another entry has the key. Nothing was written.
    KeyTaken,
    /// The library is gone. Nothing was written.
    LibraryGone,
}

/// What has happened to a library after a version, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct LibraryChanges {
    /// The version that the copy has when all of these are in it.
    pub reached: u64,
    /// Whether there are more.
    pub more: bool,
    pub changes: Vec<LibraryChange>,
}

/// One change of a library.
#[derive(Clone, Debug, PartialEq)]
pub enum LibraryChange {
    Added {
        number: u64,
        key: PrimaryKey,
        fingerprint: Vec<u8>,
    },
    Removed {
        number: u64,
    },
}

/// The part of the contract that is about fingerprint libraries.
///
/// Each change of what a library holds takes its next version in the same write. A search that begins after a
/// method has answered sees what it did, because it first asks for the changes since its copy's version.
#[async_trait]
pub trait DnaStore: Send + Sync {
    /// Stores a library that is `Active`; the account may have `most` of them.
    async fn create_library(
        &self,
        library: Library,
        most: u32,
        once: Option<Once>,
    ) -> Result<CreateLibrary>;

    /// Those of the libraries that exist, deleted ones too for 30 days, each once, in the order asked for.
    async fn libraries(&self, account: AccountId, ids: &[LibraryId]) -> Result<Vec<Library>>;

    /// The account's libraries that are not deleted, oldest first.
    async fn all_libraries(&self, account: AccountId) -> Result<Vec<Library>>;

    /// Empties a library and, with `forget`, makes it `Deleted`; false if there is no active one. Its entries
    /// are not seen any more from then on; what they take is given back in pieces by
    /// [`DnaStore::prune_libraries`].
    async fn delete_library(
        &self,
        account: AccountId,
        id: LibraryId,
        forget: bool,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<bool>;

    /// The library's entries by key, after one, at most `limit`; `None` if there is no active library.
    async fn entries(
        &self,
        account: AccountId,
        library: LibraryId,
        after: Option<PrimaryKey>,
        limit: u32,
    ) -> Result<Option<Vec<DnaEntry>>>;

    /// The entries that have these keys, or were made by these jobs: each once, by key.
    async fn find_entries(
        &self,
        account: AccountId,
        library: LibraryId,
        keys: &[PrimaryKey],
        jobs: &[JobId],
    ) -> Result<Option<Vec<DnaEntry>>>;

    /// Removes those of the keys that there are, and says how many; `None` if there is no active library.
    async fn delete_entries(
        &self,
        account: AccountId,
        library: LibraryId,
        keys: &[PrimaryKey],
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Option<u64>>;

    /// Declares the attempt of a fingerprint job the winner, with what it staged, and does what it does to the
    /// library, in one write: after a crash both are there or neither is. Can be repeated as
    /// [`Store::publish`](super::Store::publish) can: the entry of the same job is its own and is not added twice.
    /// What is said of the attempt comes before what is said of the library, and that something was added before
    /// that the key is taken. An effect without an entry asks nothing of the library.
    async fn publish_fingerprint(
        &self,
        job: JobId,
        staged: Staged,
        effect: DnaEffect,
        now: Timestamp,
    ) -> Result<PublishDna>;

    /// A library's version, whoever asks; `None` if it is not active.
    async fn library_version(&self, id: LibraryId) -> Result<Option<u64>>;

    /// What has happened to a library after a version, as far as it still matters: what was added and removed
    /// again is not told, and a removal may be told of something that a copy never had. At most so many bytes of
    /// fingerprints, and at least one change if there is any. Of a library that is not active nothing is told.
    /// `reached` is below `after` if the copy is of another history, as after a backup was restored: such a copy
    /// is to be made anew.
    async fn library_changes(
        &self,
        id: LibraryId,
        after: u64,
        most_bytes: u64,
    ) -> Result<LibraryChanges>;

    /// Gives back what deleted libraries and entries take, a bounded number at once; whether there may be more.
    async fn prune_libraries(&self, now: Timestamp) -> Result<bool>;
}
