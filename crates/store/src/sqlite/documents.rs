//! Documents: what dialects keep for accounts.

use reelgate_domain::AccountId;
use reelgate_domain::document::{Document, DocumentKind};
use rusqlite::{Connection, Row, params};

use super::rows::{Cells, account_key, all, cell, execute, one};
use super::sql::assets as sql;
use super::writer::Tx;
use crate::assets::{self, DocumentHead, NewOnes, Unread};
use crate::contract::{
    DocumentWrite, DocumentsBelow, PutDocument, PutOutcome, Result, WriteOutcome,
};
use crate::stored::{encode, storable};

pub(super) fn put(tx: &Tx<'_>, new: &PutDocument) -> Result<PutOutcome> {
    match look(tx.connection(), new, 0)? {
        Ok(fitting) => write(tx.connection(), new, fitting).map(PutOutcome::Stored),
        Err(refusal) => Ok(refusal),
    }
}

/// All of them or none.
pub(super) fn write_all(
    tx: &Tx<'_>,
    account: AccountId,
    writes: &[DocumentWrite],
) -> Result<WriteOutcome> {
    let connection = tx.connection();
    let mut news = NewOnes::default();
    let mut fitting = Vec::with_capacity(writes.len());
    for (at, wish) in writes.iter().enumerate() {
        let found = match wish {
            DocumentWrite::Put(new) => match look(connection, new, news.of(new))? {
                Ok(found) => found,
                Err(refusal) => return Ok(WriteOutcome::refused(at, &refusal)),
            },
            DocumentWrite::Forget { kind, id, revision } => {
                let old = get(connection, account, kind, id)?;
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
                write(connection, new, found)?;
            }
            DocumentWrite::Forget { kind, id, .. } => {
                delete(tx, account, kind, id)?;
            }
        }
    }
    Ok(WriteOutcome::Written)
}

/// Whether it can be stored, where so many more of its kind are stored beside it.
fn look(
    connection: &Connection,
    new: &PutDocument,
    beside: i64,
) -> Result<std::result::Result<Option<Document>, PutOutcome>> {
    if !new.fits() {
        return Ok(Err(PutOutcome::Unfit));
    }
    let old = get(connection, new.account, new.kind, &new.id)?;
    if old.as_ref().map(|old| old.revision) != new.replaces {
        return Ok(Err(PutOutcome::Changed(old)));
    }
    if old.is_none() && new.most < u32::MAX {
        let key = params![account_key(new.account), new.kind];
        let count: i64 = cell(connection, sql::COUNT_DOCUMENTS, key)?.unwrap_or(0);
        if count + beside >= i64::from(new.most) {
            return Ok(Err(PutOutcome::Full));
        }
    }
    Ok(Ok(old))
}

fn write(connection: &Connection, new: &PutDocument, found: Option<Document>) -> Result<Document> {
    let account = account_key(new.account);
    let document = assets::document(new, found.as_ref());
    let body = encode(&document.body)?;
    let (revision, now) = (document.revision.cast_signed(), new.now.as_millis());
    if found.is_some() {
        let row = params![account, new.kind, document.id, revision, body, now];
        execute(connection, sql::SET_DOCUMENT, row)?;
    } else {
        let row = params![account, new.kind, document.id, revision, body, now, now];
        execute(connection, sql::INSERT_DOCUMENT, row)?;
    }
    Ok(document)
}

pub(super) fn get(
    connection: &Connection,
    account: AccountId,
    kind: DocumentKind,
    id: &str,
) -> Result<Option<Document>> {
    let key = params![account_key(account), kind, storable(id)];
    one(connection, sql::DOCUMENT, key, document)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    kind: DocumentKind,
) -> Result<Vec<Document>> {
    let key = params![account_key(account), kind];
    let rows = all(connection, sql::DOCUMENTS, key, |row| Ok(document(row)))?;
    let mut documents = Vec::with_capacity(rows.len());
    let mut unread = Unread::of("documents");
    for row in rows {
        documents.extend(unread.sift(row)?);
    }
    unread.log();
    Ok(documents)
}

/// A page of those below, and how many there are.
pub(super) fn list_below(
    connection: &Connection,
    below: &DocumentsBelow,
) -> Result<(Vec<Document>, u64)> {
    let account = account_key(below.account);
    let (from, to) = below.ids();
    let key = params![account, below.kind, from, to];
    let count: i64 = cell(connection, sql::COUNT_DOCUMENTS_BELOW, key)?.unwrap_or(0);
    let key = params![account, below.kind, from, to, below.limit, below.skip];
    let rows = all(connection, sql::DOCUMENTS_BELOW, key, |row| {
        Ok(document(row))
    })?;
    let mut documents = Vec::with_capacity(rows.len());
    let mut unread = Unread::of("documents");
    for row in rows {
        documents.extend(unread.sift(row)?);
    }
    unread.log();
    Ok((documents, count.cast_unsigned()))
}

pub(super) fn delete(
    tx: &Tx<'_>,
    account: AccountId,
    kind: DocumentKind,
    id: &str,
) -> Result<bool> {
    let key = params![account_key(account), kind, storable(id)];
    Ok(execute(tx.connection(), sql::DELETE_DOCUMENT, key)? > 0)
}

/// Reads `document_query!`.
fn document(row: &Row<'_>) -> Result<Document> {
    let (kind, id): (String, String) = (row.get(1)?, row.get(2)?);
    let cells = Cells::of(row, "documents", format!("{kind} {id}"));
    let head = DocumentHead {
        account: cells.account(0)?,
        revision: cells.number(3, "revision")?,
        created_at: cells.time(4, "created_at")?,
        modified_at: cells.time(5, "modified_at")?,
        kind,
        id,
    };
    head.with(&cells.get::<String>(6, "body")?)
}
