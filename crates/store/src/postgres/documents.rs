//! Documents: what dialects keep for accounts.
//!
//! An account's are changed by one node at a time, so that no more of a kind are stored than there may
//! be.

use reelgate_domain::AccountId;
use reelgate_domain::document::{Document, DocumentKind};
use tokio_postgres::Row;

use super::connect::{Param, Session};
use super::error::Answer;
use super::rows::{Cells, account_key, storable};
use super::sql::access::LOCK_ACCOUNT;
use super::sql::assets as sql;
use crate::assets::{self, DocumentHead, NewOnes, Unread};
use crate::contract::{
    DocumentWrite, DocumentsBelow, PutDocument, PutOutcome, Result, WriteOutcome,
};
use crate::stored::encode;

pub(super) async fn put(session: &Session, new: &PutDocument) -> Answer<PutOutcome> {
    let account = account_key(new.account);
    session.holds(LOCK_ACCOUNT, &[&account]).await?;
    match look(session, new, 0).await? {
        Ok(found) => Ok(PutOutcome::Stored(write(session, new, found).await?)),
        Err(refusal) => Ok(refusal),
    }
}

/// All of them or none.
pub(super) async fn write_all(
    session: &Session,
    account: AccountId,
    writes: &[DocumentWrite],
) -> Answer<WriteOutcome> {
    session
        .holds(LOCK_ACCOUNT, &[&account_key(account)])
        .await?;
    let mut news = NewOnes::default();
    let mut fitting = Vec::with_capacity(writes.len());
    for (at, wish) in writes.iter().enumerate() {
        let found = match wish {
            DocumentWrite::Put(new) => match look(session, new, news.of(new)).await? {
                Ok(found) => found,
                Err(refusal) => return Ok(WriteOutcome::refused(at, &refusal)),
            },
            DocumentWrite::Forget { kind, id, revision } => {
                let old = get(session, account, kind, id).await?;
                if old.as_ref().is_none_or(|old| old.revision != *revision) {
                    return Ok(WriteOutcome::Changed { at });
                }
                news.forget(kind);
                old
            }
        };
        fitting.push(found);
    }
    for (wish, found) in writes.iter().zip(fitting) {
        match wish {
            DocumentWrite::Put(new) => {
                write(session, new, found).await?;
            }
            DocumentWrite::Forget { kind, id, .. } => {
                delete(session, account, kind, id).await?;
            }
        }
    }
    Ok(WriteOutcome::Written)
}

/// Whether it can be stored, where so many more of its kind are stored beside it, and what it replaces.
async fn look(
    session: &Session,
    new: &PutDocument,
    beside: i64,
) -> Answer<std::result::Result<Option<Document>, PutOutcome>> {
    if !new.fits() {
        return Ok(Err(PutOutcome::Unfit));
    }
    let old = get(session, new.account, new.kind, &new.id).await?;
    if old.as_ref().map(|old| old.revision) != new.replaces {
        return Ok(Err(PutOutcome::Changed(old)));
    }
    if old.is_none() && new.most < u32::MAX {
        let key: [Param<'_>; 2] = [&account_key(new.account), &new.kind];
        let count = session.one(sql::COUNT_DOCUMENTS, &key).await?;
        let count: i64 = count.map_or(0, |row| row.get(0));
        if count + beside >= i64::from(new.most) {
            return Ok(Err(PutOutcome::Full));
        }
    }
    Ok(Ok(old))
}

async fn write(session: &Session, new: &PutDocument, found: Option<Document>) -> Answer<Document> {
    let account = account_key(new.account);
    let document = assets::document(new, found.as_ref());
    let body = encode(&document.body)?;
    let (revision, now) = (document.revision.cast_signed(), new.now.as_millis());
    let (kind, id) = (new.kind, &document.id);
    if found.is_some() {
        let row: [Param<'_>; 6] = [&account, &kind, id, &revision, &body, &now];
        session.execute(sql::SET_DOCUMENT, &row).await?;
    } else {
        let row: [Param<'_>; 7] = [&account, &kind, id, &revision, &body, &now, &now];
        session.execute(sql::INSERT_DOCUMENT, &row).await?;
    }
    Ok(document)
}

pub(super) async fn get(
    session: &Session,
    account: AccountId,
    kind: DocumentKind,
    id: &str,
) -> Answer<Option<Document>> {
    let key: [Param<'_>; 3] = [&account_key(account), &kind, &storable(id)];
    let row = session.one(sql::DOCUMENT, &key).await?;
    Ok(row.as_ref().map(document).transpose()?)
}

pub(super) async fn list(
    session: &Session,
    account: AccountId,
    kind: DocumentKind,
) -> Answer<Vec<Document>> {
    let key: [Param<'_>; 2] = [&account_key(account), &kind];
    let rows = session.all(sql::DOCUMENTS, &key).await?;
    let mut documents = Vec::with_capacity(rows.len());
    let mut unread = Unread::of("documents");
    for row in &rows {
        documents.extend(unread.sift(document(row))?);
    }
    unread.log();
    Ok(documents)
}

/// A page of those below, and how many there are.
pub(super) async fn list_below(
    session: &Session,
    below: &DocumentsBelow,
) -> Answer<(Vec<Document>, u64)> {
    let account = account_key(below.account);
    let (from, to) = below.ids();
    let key: [Param<'_>; 4] = [&account, &below.kind, &from, &to];
    let count = session.one(sql::COUNT_DOCUMENTS_BELOW, &key).await?;
    let count: i64 = count.map_or(0, |row| row.get(0));
    let (limit, skip) = (i64::from(below.limit), i64::from(below.skip));
    let key: [Param<'_>; 6] = [&account, &below.kind, &from, &to, &limit, &skip];
    let rows = session.all(sql::DOCUMENTS_BELOW, &key).await?;
    let mut documents = Vec::with_capacity(rows.len());
    let mut unread = Unread::of("documents");
    for row in &rows {
        documents.extend(unread.sift(document(row))?);
    }
    unread.log();
    Ok((documents, count.cast_unsigned()))
}

pub(super) async fn delete(
    session: &Session,
    account: AccountId,
    kind: DocumentKind,
    id: &str,
) -> Answer<bool> {
    let account = account_key(account);
    session.holds(LOCK_ACCOUNT, &[&account]).await?;
    let key: [Param<'_>; 3] = [&account, &kind, &storable(id)];
    Ok(session.execute(sql::DELETE_DOCUMENT, &key).await? > 0)
}

/// Reads `document_query!`.
fn document(row: &Row) -> Result<Document> {
    let (kind, id): (String, String) = (row.get(1), row.get(2));
    let cells = Cells::of(row, "documents", format!("{kind} {id}"));
    let head = DocumentHead {
        account: cells.account(0)?,
        revision: cells.number::<i64, u64>(3, "revision")?,
        created_at: cells.time(4, "created_at")?,
        modified_at: cells.time(5, "modified_at")?,
        kind,
        id,
    };
    head.with(cells.get(6, "body")?)
}
