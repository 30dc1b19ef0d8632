//! The part of the contract that is about fingerprint libraries: all of it goes through.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::dna::{DnaEntry, Library, LibraryId, PrimaryKey};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, Timestamp};
use reelgate_store::{
    CreateLibrary, DnaEffect, DnaStore, LibraryChange, LibraryChanges, PublishDna, Result,
};

use std::sync::atomic::Ordering;

use super::{Faulty, failure, is_due};

#[async_trait]
impl DnaStore for Faulty {
    async fn create_library(
        &self,
        library: Library,
        most: u32,
        once: Option<Once>,
    ) -> Result<CreateLibrary> {
        self.inner.create_library(library, most, once).await
    }

    async fn libraries(&self, account: AccountId, ids: &[LibraryId]) -> Result<Vec<Library>> {
        self.inner.libraries(account, ids).await
    }

    async fn all_libraries(&self, account: AccountId) -> Result<Vec<Library>> {
        self.inner.all_libraries(account).await
    }

    async fn delete_library(
        &self,
        account: AccountId,
        id: LibraryId,
        forget: bool,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<bool> {
        self.inner
            .delete_library(account, id, forget, now, once)
            .await
    }

    async fn entries(
        &self,
        account: AccountId,
        library: LibraryId,
        after: Option<PrimaryKey>,
        limit: u32,
    ) -> Result<Option<Vec<DnaEntry>>> {
        self.inner.entries(account, library, after, limit).await
    }

    async fn find_entries(
        &self,
        account: AccountId,
        library: LibraryId,
        keys: &[PrimaryKey],
        jobs: &[JobId],
    ) -> Result<Option<Vec<DnaEntry>>> {
        self.inner.find_entries(account, library, keys, jobs).await
    }

    async fn delete_entries(
        &self,
        account: AccountId,
        library: LibraryId,
        keys: &[PrimaryKey],
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Option<u64>> {
        self.inner
            .delete_entries(account, library, keys, now, once)
            .await
    }

    async fn publish_fingerprint(
        &self,
        job: JobId,
        staged: Staged,
        effect: DnaEffect,
        now: Timestamp,
    ) -> Result<PublishDna> {
        let meeting = self.meeting.lock().unwrap().clone();
        if let Some(meeting) = meeting
            && meeting.wait().await.is_leader()
        {
            // Those that come later do not wait.
            *self.meeting.lock().unwrap() = None;
        }
        let ending = self.inner.publish_fingerprint(job, staged, effect, now);
        let answer = ending.await;
        if matches!(answer, Ok(PublishDna::Added { .. })) {
            self.outrun.fetch_add(1, Ordering::SeqCst);
        }
        match is_due(&self.lost_publish_answers) {
            true => Err(failure()),
            false => answer,
        }
    }

    async fn library_version(&self, id: LibraryId) -> Result<Option<u64>> {
        let version = self.inner.library_version(id).await;
        self.after_version.pass().await;
        version
    }

    async fn library_changes(
        &self,
        id: LibraryId,
        after: u64,
        most_bytes: u64,
    ) -> Result<LibraryChanges> {
        if after == 0 {
            self.begun_copies.fetch_add(1, Ordering::SeqCst);
        }
        self.before_changes.pass().await;
        let told = self.inner.library_changes(id, after, most_bytes).await;
        let garbled = *self.garbled.lock().unwrap();
        told.map(|mut told| {
            for change in &mut told.changes {
                if let LibraryChange::Added {
                    number,
                    fingerprint,
                    ..
                } = change
                    && Some(*number) == garbled
                {
                    *fingerprint = b"nothing of ours".to_vec();
                }
            }
            told
        })
    }

    async fn prune_libraries(&self, now: Timestamp) -> Result<bool> {
        self.inner.prune_libraries(now).await
    }
}
