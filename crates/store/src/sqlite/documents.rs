//! Documents: what dialects keep for accounts.

use reelgate_domain::AccountId;
use reelgate_domain::document::{Document, DocumentKind};
use rusqlite::{Connection, Row, params};

use super::rows::{Cells, account_key, all, cell, execute, one};
use super::sql::assets as sql;
use super::writer::Tx;
use crate::assets::{self, DocumentHead, Unread};
use crate::contract::{PutDocument, PutOutcome, Result};
use crate::stored::{encode, storable};

pub(super) fn put(tx: &Tx<'_>, new: &PutDocument) -> Result<PutOutcome> {
    if !new.fits() {
        return Ok(PutOutcome::Unfit);
    }
    let connection = tx.connection();
    let account = account_key(new.account);
    let old = get(connection, new.account, new.kind, &new.id)?;
    if old.as_ref().map(|old| old.revision) != new.replaces {
        return Ok(PutOutcome::Changed(old));
    }
    let document = assets::document(new, old.as_ref());
    let body = encode(&document.body)?;
    let (revision, now) = (document.revision.cast_signed(), new.now.as_millis());
    if old.is_some() {
        let row = params![account, new.kind, document.id, revision, body, now];
        execute(connection, sql::SET_DOCUMENT, row)?;
        return Ok(PutOutcome::Stored(document));
    }
    let count: i64 =
        cell(connection, sql::COUNT_DOCUMENTS, params![account, new.kind])?.unwrap_or(0);
    if count >= i64::from(new.most) {
        return Ok(PutOutcome::Full);
    }
    let row = params![account, new.kind, document.id, revision, body, now, now];
    execute(connection, sql::INSERT_DOCUMENT, row)?;
    Ok(PutOutcome::Stored(document))
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
