//! From rows of libraries and entries to the domain's words.

use reelgate_domain::AccountId;
use reelgate_domain::dna::{DnaEntry, Library, LibraryId};
use rusqlite::{Connection, Row};

use super::super::rows::{Cells, account_key, one};
use super::super::sql::dna as sql;
use crate::contract::Result;
use crate::dna::{EntryRow, LibraryRow, Standing};

/// Reads `library_query!`.
pub(super) fn library(row: &Row<'_>) -> Result<Library> {
    let id = Cells::of(row, "dna_libraries", "?").get(0, "id")?;
    let cells = Cells::of(row, "dna_libraries", LibraryId::from_bytes(id));
    let row = LibraryRow {
        id,
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

/// Reads `entry_query!`.
pub(super) fn entry(row: &Row<'_>) -> Result<DnaEntry> {
    let cells = Cells::of(row, "dna_entries", "?");
    let library = LibraryId::from_bytes(cells.get(0, "library")?);
    let number = cells.get(1, "number")?;
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

/// How an active library stands, whoever's it is.
pub(super) fn standing(connection: &Connection, id: LibraryId) -> Result<Option<Standing>> {
    let found = with_account(connection, id)?;
    Ok(found.map(|(standing, _)| standing))
}

/// The same of one of this account.
pub(super) fn standing_of(
    connection: &Connection,
    (account, id): (AccountId, LibraryId),
) -> Result<Option<Standing>> {
    let found = with_account(connection, id)?;
    let own = found.filter(|(_, owner)| *owner == account_key(account));
    Ok(own.map(|(standing, _)| standing))
}

fn with_account(connection: &Connection, id: LibraryId) -> Result<Option<(Standing, i64)>> {
    one(connection, sql::STANDING, [id.as_bytes()], |row| {
        let cells = Cells::of(row, "dna_libraries", id);
        let standing = Standing {
            version: cells.get(0, "version")?,
            emptied_at: cells.get(1, "emptied_at")?,
        };
        Ok((standing, cells.get(2, "account")?))
    })
}
