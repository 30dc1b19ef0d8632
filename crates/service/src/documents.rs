//! Documents: small things that a dialect keeps for an account.

use reelgate_domain::document::{Document, DocumentKind};
use reelgate_store::{PutDocument, PutOutcome};
use serde_json::Value;

use crate::{Caller, ErrorKind, Service, ServiceError};

/// A document that is to be kept.
#[derive(Clone, Debug)]
pub struct KeepDocument {
    pub kind: DocumentKind,
    pub id: String,
    pub body: Value,
    /// Absent: there is none of this id yet. Else the revision that it replaces.
    pub replaces: Option<u64>,
    /// The most documents of this kind that the account may have.
    pub most: u32,
}

impl Service {
    /// An id that no other document has, of 32 hex digits.
    pub fn new_document_id(&self) -> String {
        hex::encode(self.ids.uuid(self.clock.now()))
    }

    /// Keeps a document. Fails with `Conflict` if it was changed meanwhile, with `TooLarge` if there are as
    /// many as there may be, with `Invalid` if it is too long.
    pub async fn keep_document(
        &self,
        caller: &Caller,
        document: KeepDocument,
    ) -> Result<Document, ServiceError> {
        let subject = document.id.clone();
        let put = PutDocument {
            account: caller.account,
            kind: document.kind,
            id: document.id,
            body: document.body,
            replaces: document.replaces,
            most: document.most,
            now: self.clock.now(),
        };
        let most = put.most;
        let (kind, message) = match self.store.put_document(put, caller.once).await? {
            PutOutcome::Stored(document) => return Ok(document),
            PutOutcome::Changed(_) => {
                let message = format!("{subject} was changed in this very moment");
                (ErrorKind::Conflict, message)
            }
            PutOutcome::Full => (ErrorKind::TooLarge, format!("there are {most} already")),
            PutOutcome::Unfit => {
                let message = format!("{subject} is too long to be kept");
                return Err(ServiceError::invalid(subject, message));
            }
        };
        Err(ServiceError::new(kind, subject, message))
    }

    pub async fn document(
        &self,
        caller: &Caller,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Document>, ServiceError> {
        Ok(self.store.document(caller.account, kind, id).await?)
    }

    /// All of a kind, by id.
    pub async fn documents(
        &self,
        caller: &Caller,
        kind: DocumentKind,
    ) -> Result<Vec<Document>, ServiceError> {
        Ok(self.store.documents(caller.account, kind).await?)
    }

    /// Whether there was one.
    pub async fn forget_document(
        &self,
        caller: &Caller,
        kind: DocumentKind,
        id: &str,
    ) -> Result<bool, ServiceError> {
        let deleted = self
            .store
            .delete_document(caller.account, kind, id, caller.once);
        Ok(deleted.await?)
    }
}
