//! Fingerprint libraries.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::dna::{DnaEntry, Library, LibraryId, PrimaryKey};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, Timestamp};

use super::SqliteStore;
use crate::contract::{
    CreateLibrary, DnaEffect, DnaStore, LibraryChanges, PublishDna, Result, StoreError,
};

#[async_trait]
impl DnaStore for SqliteStore {
    async fn create_library(&self, _: Library, _: u32, _: Option<Once>) -> Result<CreateLibrary> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn libraries(&self, _: AccountId, _: &[LibraryId]) -> Result<Vec<Library>> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn all_libraries(&self, _: AccountId) -> Result<Vec<Library>> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn delete_library(
        &self,
        _: AccountId,
        _: LibraryId,
        _: bool,
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<bool> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn entries(
        &self,
        _: AccountId,
        _: LibraryId,
        _: Option<PrimaryKey>,
        _: u32,
    ) -> Result<Option<Vec<DnaEntry>>> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn find_entries(
        &self,
        _: AccountId,
        _: LibraryId,
        _: &[PrimaryKey],
        _: &[JobId],
    ) -> Result<Option<Vec<DnaEntry>>> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn delete_entries(
        &self,
        _: AccountId,
        _: LibraryId,
        _: &[PrimaryKey],
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<Option<u64>> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn publish_fingerprint(
        &self,
        _: JobId,
        _: Staged,
        _: DnaEffect,
        _: Timestamp,
    ) -> Result<PublishDna> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn library_version(&self, _: LibraryId) -> Result<Option<u64>> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn library_changes(&self, _: LibraryId, _: u64, _: u64) -> Result<LibraryChanges> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }

    async fn prune_libraries(&self, _: Timestamp) -> Result<bool> {
        Err(StoreError::Unavailable(
            "libraries are not kept by this engine yet".to_owned(),
        ))
    }
}
