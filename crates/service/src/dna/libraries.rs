//! Making, listing and deleting libraries.

use reelgate_domain::dna::{DnaModel, Library, LibraryId, LibraryName, LibraryStatus};
use reelgate_store::CreateLibrary;

use super::MOST_LIBRARIES;
use crate::{Caller, ErrorKind, Service, ServiceError};

/// The most characters of a description.
const MOST_DESCRIPTION_CHARS: usize = 1024;

/// A library that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLibrary {
    /// 1 to 128 characters without control characters.
    pub name: String,
    pub model: DnaModel,
    /// At most 1,024 characters.
    pub description: String,
}

impl Service {
    /// Makes a library that can be used at once.
    ///
    /// Fails with `Invalid` for a name or description that is none, and with `Full` if the account has as many as
    /// it may have; the subject is `libraries` then.
    pub async fn create_library(
        &self,
        caller: &Caller,
        new: NewLibrary,
    ) -> Result<Library, ServiceError> {
        let name = LibraryName::new(new.name).ok_or_else(|| {
            let message = "a library's name is 1 to 128 characters without control characters";
            ServiceError::invalid("name", message)
        })?;
        if new.description.chars().count() > MOST_DESCRIPTION_CHARS
            || new.description.contains('\0')
        {
            let message = format!(
                "a description has at most {MOST_DESCRIPTION_CHARS} characters and no zero character"
            );
            return Err(ServiceError::invalid("description", message));
        }
        let now = self.clock.now();
        let library = Library {
            id: LibraryId::from_bytes(self.ids.uuid(now)),
            account: caller.account,
            name,
            model: new.model,
            description: new.description,
            status: LibraryStatus::Active,
            version: 0,
            added_at: 0,
            entries: 0,
            created_at: now,
        };
        let once = caller.making(library.id);
        let made = self
            .store
            .create_library(library.clone(), MOST_LIBRARIES, once)
            .await?;
        match made {
            CreateLibrary::Created => Ok(library),
            CreateLibrary::Full => {
                let message = format!(
                    "the account has {MOST_LIBRARIES} libraries, which is as many as it may have"
                );
                Err(ServiceError::new(ErrorKind::Full, "libraries", message))
            }
        }
    }

    /// The account's libraries that are not deleted, oldest first.
    pub async fn libraries(&self, caller: &Caller) -> Result<Vec<Library>, ServiceError> {
        Ok(self.store.all_libraries(caller.account).await?)
    }

    /// Those of the libraries that the account has, also those deleted of late, in the order asked for.
    pub async fn libraries_named(
        &self,
        caller: &Caller,
        ids: &[LibraryId],
    ) -> Result<Vec<Library>, ServiceError> {
        Ok(self.store.libraries(caller.account, ids).await?)
    }

    /// A library that is not deleted.
    pub async fn library(&self, caller: &Caller, id: LibraryId) -> Result<Library, ServiceError> {
        let found = self.libraries_named(caller, &[id]).await?.pop();
        let active = found.filter(|library| library.status == LibraryStatus::Active);
        active.ok_or_else(|| ServiceError::missing("library", id))
    }

    /// Empties a library and deletes it. Searches that start afterwards find nothing of it.
    pub async fn delete_library(&self, caller: &Caller, id: LibraryId) -> Result<(), ServiceError> {
        self.empty(caller, id, true).await
    }

    /// Removes all that a library holds.
    pub async fn purge_library(&self, caller: &Caller, id: LibraryId) -> Result<(), ServiceError> {
        self.empty(caller, id, false).await
    }

    async fn empty(
        &self,
        caller: &Caller,
        id: LibraryId,
        forget: bool,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let once = caller.making(id);
        let done = self
            .store
            .delete_library(caller.account, id, forget, now, once)
            .await?;
        if done {
            Ok(())
        } else {
            Err(ServiceError::missing("library", id))
        }
    }
}
