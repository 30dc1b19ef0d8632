//! How a copy of a library catches up.

use reelgate_domain::dna::LibraryId;
use rusqlite::{Connection, params};

use super::super::rows::{Cells, all};
use super::super::sql::dna as sql;
use super::rows::standing;
use crate::contract::{LibraryChanges, Result};
use crate::dna::{
    Head, Standing, TOLD_AT_ONCE, Telling, log_untold, nothing_told, stored_version, whole,
};

pub(super) fn version(connection: &Connection, id: LibraryId) -> Result<Option<u64>> {
    let found = standing(connection, id)?;
    Ok(found.map(|it| it.version.cast_unsigned()))
}

pub(super) fn since(
    connection: &Connection,
    id: LibraryId,
    after: u64,
    most_bytes: u64,
) -> Result<LibraryChanges> {
    let Some(standing) = standing(connection, id)? else {
        return Ok(nothing_told(after));
    };
    let after = stored_version(after);
    if after >= standing.version {
        return Ok(nothing_told(standing.version.cast_unsigned()));
    }
    let from = after.max(standing.emptied_at);
    let range = params![id.as_bytes(), from, TOLD_AT_ONCE + 1];
    let added = all(connection, sql::ADDED, range, |row| {
        let cells = Cells::of(row, "dna_entries", id);
        Ok(Head {
            number: cells.get(0, "number")?,
            key: cells.get(1, "key").ok(),
            bytes: cells.get(2, "bytes")?,
        })
    })?;
    let mut telling = Telling::of(standing, after, added, most_bytes);
    let removed = removed(connection, id, standing, &telling)?;
    let mut added = Vec::new();
    for head in std::mem::take(&mut telling.added) {
        let place = params![id.as_bytes(), head.number];
        let parts = all(connection, sql::FINGERPRINT, place, |row| {
            Cells::of(row, "dna_fingerprints", id).get::<Vec<u8>>(0, "body")
        })?;
        match whole(parts, head.bytes) {
            Some(fingerprint) => added.push((head, fingerprint)),
            None => log_untold(id, head.number),
        }
    }
    Ok(telling.changes(added, removed))
}

/// By which versions which entries were removed that a copy may have.
fn removed(
    connection: &Connection,
    id: LibraryId,
    standing: Standing,
    telling: &Telling,
) -> Result<Vec<(i64, i64)>> {
    let (after, reached) = (telling.after, telling.reached);
    // Who has nothing has nothing to remove.
    if after == 0 {
        return Ok(Vec::new());
    }
    let range = params![id.as_bytes(), after, reached];
    let mut removed = all(connection, sql::REMOVED, range, |row| {
        let cells = Cells::of(row, "dna_removals", id);
        Ok((cells.get(0, "removed_at")?, cells.get(1, "number")?))
    })?;
    if let Some(emptied_at) = telling.emptied(standing) {
        let range = params![id.as_bytes(), after];
        removed.extend(all(connection, sql::OUTDATED, range, |row| {
            let number = Cells::of(row, "dna_entries", id).get(0, "number")?;
            Ok((emptied_at, number))
        })?);
    }
    Ok(removed)
}
