//! Making, listing and deleting libraries, and giving back what deleted ones take.

use std::collections::HashSet;

use reelgate_domain::dna::{Library, LibraryId};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::{Connection, params};

use super::super::rows::{Cells, account_key, all, cell, execute, one};
use super::super::sql::dna as sql;
use super::super::writer::Tx;
use super::rows::{library, standing_of};
use crate::assets::Unread;
use crate::contract::{CreateLibrary, Result};
use crate::dna::{PRUNED_AT_ONCE, forgotten_before, model_code, pruned};

pub(super) fn create(tx: &Tx<'_>, library: &Library, most: u32) -> Result<CreateLibrary> {
    let connection = tx.connection();
    let account = account_key(library.account);
    let count: Option<i64> = cell(connection, sql::COUNT_LIBRARIES, [account])?;
    if count.unwrap_or(0) >= i64::from(most) {
        return Ok(CreateLibrary::Full);
    }
    let row = params![
        library.id.as_bytes(),
        account,
        library.name.as_str(),
        model_code(library.model),
        library.description,
        library.created_at.as_millis(),
    ];
    execute(connection, sql::INSERT_LIBRARY, row)?;
    Ok(CreateLibrary::Created)
}

pub(super) fn get_many(
    connection: &Connection,
    account: AccountId,
    ids: &[LibraryId],
) -> Result<Vec<Library>> {
    let mut unread = Unread::of("libraries");
    let (mut asked, mut found) = (HashSet::new(), Vec::new());
    for id in ids.iter().filter(|id| asked.insert(**id)) {
        let key = params![account_key(account), id.as_bytes()];
        let read = one(connection, sql::LIBRARY, key, library);
        found.extend(unread.sift(read)?.flatten());
    }
    unread.named(found)
}

pub(super) fn of_account(connection: &Connection, account: AccountId) -> Result<Vec<Library>> {
    let mut unread = Unread::of("libraries");
    let mut found = Vec::new();
    let rows = all(
        connection,
        sql::ALL_LIBRARIES,
        [account_key(account)],
        |row| Ok(library(row)),
    )?;
    for read in rows {
        found.extend(unread.sift(read)?);
    }
    unread.log();
    Ok(found)
}

pub(super) fn delete(
    tx: &Tx<'_>,
    (account, id): (AccountId, LibraryId),
    forget: bool,
    now: Timestamp,
) -> Result<bool> {
    let connection = tx.connection();
    if standing_of(connection, (account, id))?.is_none() {
        return Ok(false);
    }
    execute(connection, sql::EMPTY_LIBRARY, [id.as_bytes()])?;
    if forget {
        let at = params![id.as_bytes(), now.as_millis()];
        execute(connection, sql::FORGET_LIBRARY, at)?;
    }
    Ok(true)
}

/// Takes away one piece of what nobody sees any more.
pub(super) fn prune(tx: &Tx<'_>, now: Timestamp) -> Result<bool> {
    let connection = tx.connection();
    if drop_fingerprints(connection)? {
        return Ok(true);
    }
    let emptying = one(connection, sql::EMPTYING, [], |row| {
        let cells = Cells::of(row, "dna_libraries", "?");
        let id: [u8; 16] = cells.get(0, "id")?;
        let is_deleted: bool = cells.get(2, "deleted_at")?;
        Ok((id, cells.get(1, "emptied_at")?, is_deleted))
    })?;
    if let Some((id, emptied_at, is_deleted)) = emptying {
        let left = match drop_entries(connection, &id, emptied_at, is_deleted)? {
            false if is_deleted => drop_removals(connection, &id)?,
            left => left,
        };
        if !left {
            execute(connection, sql::EMPTIED, [id])?;
        }
        return Ok(true);
    }
    let old = params![forgotten_before(now), PRUNED_AT_ONCE];
    let gone = execute(connection, sql::FORGET, old)?;
    Ok(gone >= PRUNED_AT_ONCE as usize)
}

/// The fingerprints of entries that were removed; whether there were any.
fn drop_fingerprints(connection: &Connection) -> Result<bool> {
    let held = all(
        connection,
        sql::HELD_FINGERPRINTS,
        [PRUNED_AT_ONCE],
        |row| {
            let cells = Cells::of(row, "dna_removals", "?");
            let library: [u8; 16] = cells.get(0, "library")?;
            let (removed_at, number): (i64, i64) =
                (cells.get(1, "removed_at")?, cells.get(2, "number")?);
            let bytes: Option<i64> = cells.get(3, "body")?;
            Ok((library, removed_at, number, bytes.unwrap_or(0)))
        },
    )?;
    let most = pruned(held.iter().map(|(.., bytes)| *bytes));
    for (library, removed_at, number, _) in &held[..most] {
        execute(
            connection,
            sql::DELETE_FINGERPRINT,
            params![library, number],
        )?;
        execute(
            connection,
            sql::LET_GO,
            params![library, removed_at, number],
        )?;
    }
    Ok(!held.is_empty())
}

/// Entries of before a library was emptied, with their fingerprints; whether there were any. Copies of a library
/// that goes on have yet to be told of them.
fn drop_entries(
    connection: &Connection,
    id: &[u8; 16],
    emptied_at: i64,
    is_deleted: bool,
) -> Result<bool> {
    let range = params![id, emptied_at, PRUNED_AT_ONCE];
    let old = all(connection, sql::OLD_ENTRIES, range, |row| {
        let cells = Cells::of(row, "dna_entries", "?");
        let (number, bytes): (i64, i64) = (cells.get(0, "number")?, cells.get(1, "bytes")?);
        Ok((number, bytes))
    })?;
    let most = pruned(old.iter().map(|(_, bytes)| *bytes));
    for (number, _) in &old[..most] {
        execute(connection, sql::DELETE_FINGERPRINT, params![id, number])?;
        execute(connection, sql::DELETE_ENTRY, params![id, number])?;
        if !is_deleted {
            let gone = params![id, emptied_at, number, false];
            execute(connection, sql::INSERT_REMOVAL, gone)?;
        }
    }
    Ok(!old.is_empty())
}

/// What is known of removals from a deleted library; whether there was anything.
fn drop_removals(connection: &Connection, id: &[u8; 16]) -> Result<bool> {
    let some = params![id, PRUNED_AT_ONCE];
    Ok(execute(connection, sql::DELETE_REMOVALS, some)? > 0)
}
