//! Fingerprint libraries.
//!
//! Each write is a transaction of its own. It locks its library's row first, so that versions follow each other,
//! and that of a job behind it; fingerprints wait for no batch and no batch for them.

mod changes;
mod entries;
mod libraries;
mod prune;
mod publish;
mod rows;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::dna::{DnaEntry, Library, LibraryId, PrimaryKey};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, Timestamp};

use super::PostgresStore;
use super::once::counted;
use super::transaction::{look_up, transact};
use crate::contract::{CreateLibrary, DnaEffect, DnaStore, LibraryChanges, PublishDna, Result};

#[async_trait]
impl DnaStore for PostgresStore {
    async fn create_library(
        &self,
        library: Library,
        most: u32,
        once: Option<Once>,
    ) -> Result<CreateLibrary> {
        transact!(self.pool, s => counted(s, once, libraries::create(s, &library, most)).await)
    }

    async fn libraries(&self, account: AccountId, ids: &[LibraryId]) -> Result<Vec<Library>> {
        look_up!(self.pool, s => libraries::get_many(s, account, ids).await)
    }

    async fn all_libraries(&self, account: AccountId) -> Result<Vec<Library>> {
        look_up!(self.pool, s => libraries::of_account(s, account).await)
    }

    async fn delete_library(
        &self,
        account: AccountId,
        id: LibraryId,
        forget: bool,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<bool> {
        transact!(self.pool, s => {
            counted(s, once, libraries::delete(s, (account, id), forget, now)).await
        })
    }

    async fn entries(
        &self,
        account: AccountId,
        library: LibraryId,
        after: Option<PrimaryKey>,
        limit: u32,
    ) -> Result<Option<Vec<DnaEntry>>> {
        look_up!(self.pool.for_walks(), s => {
            entries::page(s, (account, library), after.as_ref(), limit).await
        })
    }

    async fn find_entries(
        &self,
        account: AccountId,
        library: LibraryId,
        keys: &[PrimaryKey],
        jobs: &[JobId],
    ) -> Result<Option<Vec<DnaEntry>>> {
        look_up!(self.pool, s => entries::find(s, (account, library), keys, jobs).await)
    }

    async fn delete_entries(
        &self,
        account: AccountId,
        library: LibraryId,
        keys: &[PrimaryKey],
        _now: Timestamp,
        once: Option<Once>,
    ) -> Result<Option<u64>> {
        transact!(self.pool, s => {
            counted(s, once, entries::delete(s, (account, library), keys)).await
        })
    }

    async fn publish_fingerprint(
        &self,
        job: JobId,
        staged: Staged,
        effect: DnaEffect,
        now: Timestamp,
    ) -> Result<PublishDna> {
        let told = transact!(self.pool, s => {
            publish::publish(s, job, &staged, &effect, now).await
        });
        let (told, wakes) = told?;
        self.hinter.ring(wakes);
        Ok(told)
    }

    async fn library_version(&self, id: LibraryId) -> Result<Option<u64>> {
        look_up!(self.pool, s => changes::version(s, id).await)
    }

    async fn library_changes(
        &self,
        id: LibraryId,
        after: u64,
        most_bytes: u64,
    ) -> Result<LibraryChanges> {
        look_up!(self.pool.for_walks(), s => changes::since(s, id, after, most_bytes).await)
    }

    async fn prune_libraries(&self, now: Timestamp) -> Result<bool> {
        transact!(self.pool, s => prune::prune(s, now).await)
    }
}
