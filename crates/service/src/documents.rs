//! Documents: small things that a dialect keeps for an account.

use reelgate_domain::document::{Document, DocumentKind};
use reelgate_store::{DocumentWrite, DocumentsBelow, PutDocument, PutOutcome, WriteOutcome};
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

/// One of several changes of documents that are made together.
#[derive(Clone, Debug)]
pub enum DocumentChange {
    Keep(KeepDocument),
    Forget {
        kind: DocumentKind,
        id: String,
        /// The one that was read.
        revision: u64,
    },
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
        let put = self.put(caller, document);
        let most = put.most;
        match self.store.put_document(put, caller.once).await? {
            PutOutcome::Stored(document) => Ok(document),
            PutOutcome::Changed(_) => {
                let message = format!("{subject} was changed in this very moment");
                Err(ServiceError::new(ErrorKind::Conflict, subject, message))
            }
            PutOutcome::Full => Err(full(subject, most)),
            PutOutcome::Unfit => Err(unfit(subject)),
        }
    }

    fn put(&self, caller: &Caller, document: KeepDocument) -> PutDocument {
        PutDocument {
            account: caller.account,
            kind: document.kind,
            id: document.id,
            body: document.body,
            replaces: document.replaces,
            most: document.most,
            now: self.clock.now(),
        }
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

    /// A page of those whose ids begin with `prefix`, which ends in a slash, and how many these are.
    pub async fn documents_below(
        &self,
        caller: &Caller,
        kind: DocumentKind,
        prefix: String,
        (skip, limit): (u32, u32),
    ) -> Result<(Vec<Document>, u64), ServiceError> {
        let below = DocumentsBelow {
            account: caller.account,
            kind,
            prefix,
            skip,
            limit,
        };
        Ok(self.store.documents_below(below).await?)
    }

    /// Makes all of the changes in one write, or none. False if something that was read has been changed
    /// meanwhile, or is there although it was to be new; fails as [`Service::keep_document`] does.
    pub async fn change_documents(
        &self,
        caller: &Caller,
        changes: Vec<DocumentChange>,
    ) -> Result<bool, ServiceError> {
        let subjects: Vec<(String, u32)> = changes.iter().map(subject).collect();
        let writes = changes.into_iter().map(|change| match change {
            DocumentChange::Keep(document) => DocumentWrite::Put(self.put(caller, document)),
            DocumentChange::Forget { kind, id, revision } => {
                DocumentWrite::Forget { kind, id, revision }
            }
        });
        let writes = writes.collect();
        let outcome = self
            .store
            .write_documents(caller.account, writes, caller.once)
            .await?;
        match outcome {
            WriteOutcome::Written => Ok(true),
            WriteOutcome::Changed { .. } => Ok(false),
            WriteOutcome::Full { at } => {
                let (id, most) = &subjects[at];
                Err(full(id.clone(), *most))
            }
            WriteOutcome::Unfit { at } => Err(unfit(subjects[at].0.clone())),
        }
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

/// What refusals name, and the most there may be of its kind.
fn subject(change: &DocumentChange) -> (String, u32) {
    match change {
        DocumentChange::Keep(document) => (document.id.clone(), document.most),
        DocumentChange::Forget { id, .. } => (id.clone(), u32::MAX),
    }
}

fn full(subject: String, most: u32) -> ServiceError {
    let message = format!("there are {most} already");
    ServiceError::new(ErrorKind::TooLarge, subject, message)
}

fn unfit(subject: String) -> ServiceError {
    let message = format!("{subject} is too long to be kept");
    ServiceError::invalid(subject, message)
}
