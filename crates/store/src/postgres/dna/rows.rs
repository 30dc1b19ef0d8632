//! From rows of libraries and entries to the domain's words.

use reelgate_domain::AccountId;
use reelgate_domain::dna::{DnaEntry, Library, LibraryId};
use tokio_postgres::Row;

use super::super::connect::Session;
use super::super::error::Answer;
use super::super::rows::{Cells, account_key};
use super::super::sql::dna as sql;
use crate::contract::Result;
use crate::dna::{EntryRow, LibraryRow, Standing};

/// Reads `library_query!`.
pub(super) fn library(row: &Row) -> Result<Library> {
    let id = library_id(row)?;
    let cells = Cells::of(row, "dna_libraries", id);
    let row = LibraryRow {
        id: *id.as_bytes(),
        account: cells.get(1, "account")?,
        name: cells.get(2, "name")?,
        model: cells.get(3, "model")?,
        description: cells.get(4, "description")?,
        version: cells.get(5, "version")?,
        added_at: cells.get(6, "added_at")?,
        entries: cells.get(7, "entries")?,
        created_at: cells.get(8, "created_at")?,
        deleted_at: cells.get(9, "deleted_at")?,
    };
    row.read()
}

/// Which library a row is about, whatever else is in it.
pub(super) fn library_id(row: &Row) -> Result<LibraryId> {
    let id = Cells::of(row, "dna_libraries", "?").bytes(0, "id")?;
    Ok(LibraryId::from_bytes(id))
}

/// Reads `entry_query!`.
pub(super) fn entry(row: &Row) -> Result<DnaEntry> {
    let cells = Cells::of(row, "dna_entries", "?");
    let library = LibraryId::from_bytes(cells.bytes(0, "library")?);
    let number: i64 = cells.get(1, "number")?;
    let cells = Cells::of(row, "dna_entries", format!("{library}/{number}"));
    let row = EntryRow {
        library,
        number,
        key: cells.get(2, "key")?,
        bucket: cells.get(3, "bucket")?,
        object: cells.get(4, "object")?,
        job: cells.get(5, "job")?,
        duration_ms: cells.get(6, "duration_ms")?,
        bytes: cells.get(7, "bytes")?,
        created_at: cells.get(8, "created_at")?,
    };
    row.read()
}

/// An active library, as `STANDING` and `LOCK_LIBRARY` read it.
pub(super) struct Kept {
    pub(super) standing: Standing,
    pub(super) account: i64,
    pub(super) added_at: i64,
}

pub(super) async fn standing(session: &Session, id: LibraryId) -> Answer<Option<Kept>> {
    kept(session, sql::STANDING, id).await
}

/// The same, until the end of the transaction as nobody else changes it.
pub(super) async fn lock(session: &Session, id: LibraryId) -> Answer<Option<Kept>> {
    kept(session, sql::LOCK_LIBRARY, id).await
}

pub(super) async fn standing_of(
    session: &Session,
    (account, id): (AccountId, LibraryId),
) -> Answer<Option<Standing>> {
    Ok(own(account, standing(session, id).await?))
}

pub(super) async fn lock_of(
    session: &Session,
    (account, id): (AccountId, LibraryId),
) -> Answer<Option<Standing>> {
    Ok(own(account, lock(session, id).await?))
}

fn own(account: AccountId, kept: Option<Kept>) -> Option<Standing> {
    let own = kept.filter(|kept| kept.account == account_key(account));
    own.map(|kept| kept.standing)
}

async fn kept(session: &Session, statement: &'static str, id: LibraryId) -> Answer<Option<Kept>> {
    let row = session.one(statement, &[&id.as_bytes().as_slice()]).await?;
    Ok(row.map(|row| Kept {
        standing: Standing {
            version: row.get(0),
            emptied_at: row.get(1),
        },
        account: row.get(2),
        added_at: row.get(3),
    }))
}
