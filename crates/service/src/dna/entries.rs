//! What is in a library.

use reelgate_domain::JobId;
use reelgate_domain::dna::{DnaEntry, LibraryId, PrimaryKey};

use super::MOST_ENTRIES;
use crate::{Caller, Service, ServiceError};

impl Service {
    /// Entries by key, after one: at most `limit`, which is 1 to 1,000.
    pub async fn library_entries(
        &self,
        caller: &Caller,
        library: LibraryId,
        after: Option<PrimaryKey>,
        limit: u32,
    ) -> Result<Vec<DnaEntry>, ServiceError> {
        if !(1..=MOST_ENTRIES).contains(&limit) {
            let message = format!("a page has 1 to {MOST_ENTRIES} entries");
            return Err(ServiceError::invalid("limit", message));
        }
        let found = self
            .store
            .entries(caller.account, library, after, limit)
            .await?;
        found.ok_or_else(|| ServiceError::missing("library", library))
    }

    /// The entries that have these keys, or were made by these jobs.
    pub async fn find_library_entries(
        &self,
        caller: &Caller,
        library: LibraryId,
        keys: &[PrimaryKey],
        jobs: &[JobId],
    ) -> Result<Vec<DnaEntry>, ServiceError> {
        let found = self
            .store
            .find_entries(caller.account, library, keys, jobs)
            .await?;
        found.ok_or_else(|| ServiceError::missing("library", library))
    }

    /// Removes those of the keys that there are, and says how many. Searches that start afterwards do not find them.
    pub async fn delete_library_entries(
        &self,
        caller: &Caller,
        library: LibraryId,
        keys: &[PrimaryKey],
    ) -> Result<u64, ServiceError> {
        let now = self.clock.now();
        let once = caller.making(library);
        let removed = self
            .store
            .delete_entries(caller.account, library, keys, now, once)
            .await?;
        removed.ok_or_else(|| ServiceError::missing("library", library))
    }
}
