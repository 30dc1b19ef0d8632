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
use crate::assets::{self, DocumentHead, Unread};
use crate::contract::{PutDocument, PutOutcome, Result};
use crate::stored::encode;

pub(super) async fn put(session: &Session, new: &PutDocument) -> Answer<PutOutcome> {
    if !new.fits() {
        return Ok(PutOutcome::Unfit);
    }
    let account = account_key(new.account);
    session.holds(LOCK_ACCOUNT, &[&account]).await?;
    let old = get(session, new.account, new.kind, &new.id).await?;
    if old.as_ref().map(|old| old.revision) != new.replaces {
        return Ok(PutOutcome::Changed(old));
    }
    let document = assets::document(new, old.as_ref());
    let body = encode(&document.body)?;
    let (revision, now) = (document.revision.cast_signed(), new.now.as_millis());
    let (kind, id) = (new.kind, &document.id);
    if old.is_some() {
        let row: [Param<'_>; 6] = [&account, &kind, id, &revision, &body, &now];
        session.execute(sql::SET_DOCUMENT, &row).await?;
        return Ok(PutOutcome::Stored(document));
    }
    let count = session
        .one(sql::COUNT_DOCUMENTS, &[&account, &kind])
        .await?;
    let count: i64 = count.map_or(0, |row| row.get(0));
    if count >= i64::from(new.most) {
        return Ok(PutOutcome::Full);
    }
    let row: [Param<'_>; 7] = [&account, &kind, id, &revision, &body, &now, &now];
    session.execute(sql::INSERT_DOCUMENT, &row).await?;
    Ok(PutOutcome::Stored(document))
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
