//! Fingerprint libraries.

mod changes;
mod entries;
mod libraries;
mod publish;
mod rows;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::dna::{DnaEntry, Library, LibraryId, PrimaryKey};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, Timestamp};

use super::inbox::Lane;
use super::{SqliteStore, access};
use crate::contract::{CreateLibrary, DnaEffect, DnaStore, LibraryChanges, PublishDna, Result};

#[async_trait]
impl DnaStore for SqliteStore {
    async fn create_library(
        &self,
        library: Library,
        most: u32,
        once: Option<Once>,
    ) -> Result<CreateLibrary> {
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || libraries::create(tx, &library, most))
        })
        .await
    }

    async fn libraries(&self, account: AccountId, ids: &[LibraryId]) -> Result<Vec<Library>> {
        let ids = ids.to_vec();
        self.readers
            .look_up(move |connection| libraries::get_many(connection, account, &ids))
            .await
    }

    async fn all_libraries(&self, account: AccountId) -> Result<Vec<Library>> {
        self.readers
            .look_up(move |connection| libraries::of_account(connection, account))
            .await
    }

    async fn delete_library(
        &self,
        account: AccountId,
        id: LibraryId,
        forget: bool,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<bool> {
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || {
                libraries::delete(tx, (account, id), forget, now)
            })
        })
        .await
    }

    async fn entries(
        &self,
        account: AccountId,
        library: LibraryId,
        after: Option<PrimaryKey>,
        limit: u32,
    ) -> Result<Option<Vec<DnaEntry>>> {
        self.readers
            .read(move |connection| {
                entries::page(connection, (account, library), after.as_ref(), limit)
            })
            .await
    }

    async fn find_entries(
        &self,
        account: AccountId,
        library: LibraryId,
        keys: &[PrimaryKey],
        jobs: &[JobId],
    ) -> Result<Option<Vec<DnaEntry>>> {
        let (keys, jobs) = (keys.to_vec(), jobs.to_vec());
        self.readers
            .read(move |connection| entries::find(connection, (account, library), &keys, &jobs))
            .await
    }

    async fn delete_entries(
        &self,
        account: AccountId,
        library: LibraryId,
        keys: &[PrimaryKey],
        _now: Timestamp,
        once: Option<Once>,
    ) -> Result<Option<u64>> {
        let keys = keys.to_vec();
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || entries::delete(tx, (account, library), &keys))
        })
        .await
    }

    async fn publish_fingerprint(
        &self,
        job: JobId,
        staged: Staged,
        effect: DnaEffect,
        now: Timestamp,
    ) -> Result<PublishDna> {
        let lane = match effect.entry {
            // It may have tens of megabytes, for which there has to be room.
            Some(_) => Lane::Normal,
            None => Lane::Urgent,
        };
        self.write(lane, move |tx| {
            publish::publish(tx, job, &staged, &effect, now)
        })
        .await
    }

    async fn library_version(&self, id: LibraryId) -> Result<Option<u64>> {
        self.readers
            .look_up(move |connection| changes::version(connection, id))
            .await
    }

    async fn library_changes(
        &self,
        id: LibraryId,
        after: u64,
        most_bytes: u64,
    ) -> Result<LibraryChanges> {
        self.readers
            .read(move |connection| changes::since(connection, id, after, most_bytes))
            .await
    }

    async fn prune_libraries(&self, now: Timestamp) -> Result<bool> {
        self.write(Lane::Urgent, move |tx| libraries::prune(tx, now))
            .await
    }
}
