//! What is in libraries: listed, found and removed.

use std::collections::BTreeMap;

use reelgate_domain::dna::{DnaEntry, LibraryId, PrimaryKey};
use reelgate_domain::{AccountId, JobId};
use rusqlite::{Connection, Row, params};

use super::super::rows::{Cells, all, execute, one};
use super::super::sql::dna as sql;
use super::super::writer::Tx;
use super::rows::{entry, standing_of};
use crate::assets::Unread;
use crate::contract::Result;
use crate::dna::Standing;

pub(super) fn page(
    connection: &Connection,
    (account, library): (AccountId, LibraryId),
    after: Option<&PrimaryKey>,
    limit: u32,
) -> Result<Option<Vec<DnaEntry>>> {
    let Some(standing) = standing_of(connection, (account, library))? else {
        return Ok(None);
    };
    let mut unread = Unread::of("entries");
    let mut found = Vec::new();
    let mut after = after.map_or("", PrimaryKey::as_str).to_owned();
    // A page with one that cannot be read is filled up: one that is not full says that it is the last.
    while found.len() < limit as usize {
        let room = limit as usize - found.len();
        let range = params![library.as_bytes(), standing.emptied_at, after, room as i64];
        let rows = all(connection, sql::ENTRIES, range, |row| {
            let key: String = Cells::of(row, "dna_entries", library).get(2, "key")?;
            Ok((key, entry(row)))
        })?;
        let is_last = rows.len() < room;
        for (key, read) in rows {
            found.extend(unread.sift(read)?);
            after = key;
        }
        if is_last {
            break;
        }
    }
    unread.log();
    Ok(Some(found))
}

/// Each once, by key.
pub(super) fn find(
    connection: &Connection,
    (account, library): (AccountId, LibraryId),
    keys: &[PrimaryKey],
    jobs: &[JobId],
) -> Result<Option<Vec<DnaEntry>>> {
    let Some(Standing { emptied_at, .. }) = standing_of(connection, (account, library))? else {
        return Ok(None);
    };
    let mut unread = Unread::of("entries");
    let mut found = BTreeMap::new();
    let mut add = |rows: Vec<Result<DnaEntry>>| -> Result<()> {
        for read in rows {
            if let Some(entry) = unread.sift(read)? {
                found.insert(entry.key.clone(), entry);
            }
        }
        Ok(())
    };
    let read = |row: &Row<'_>| Ok(entry(row));
    for key in keys {
        let key = params![library.as_bytes(), emptied_at, key.as_str()];
        add(all(connection, sql::ENTRY_OF_KEY, key, read)?)?;
    }
    for job in jobs {
        let key = params![library.as_bytes(), emptied_at, job.as_bytes()];
        add(all(connection, sql::ENTRIES_OF_JOB, key, read)?)?;
    }
    unread.named(found.into_values().collect()).map(Some)
}

/// The number of the entry with this key, and the job that stored it.
pub(super) fn of_key(
    connection: &Connection,
    (library, standing): (LibraryId, Standing),
    key: &PrimaryKey,
) -> Result<Option<(i64, Vec<u8>)>> {
    let key = params![library.as_bytes(), standing.emptied_at, key.as_str()];
    one(connection, sql::NUMBER_OF_KEY, key, |row| {
        let cells = Cells::of(row, "dna_entries", library);
        Ok((cells.get(0, "number")?, cells.get(1, "job")?))
    })
}

/// Their fingerprints go later, in pieces.
pub(super) fn delete(
    tx: &Tx<'_>,
    (account, library): (AccountId, LibraryId),
    keys: &[PrimaryKey],
) -> Result<Option<u64>> {
    let connection = tx.connection();
    let Some(standing) = standing_of(connection, (account, library))? else {
        return Ok(None);
    };
    let version = standing.version + 1;
    let mut removed: u64 = 0;
    for key in keys {
        let Some((number, _)) = of_key(connection, (library, standing), key)? else {
            continue;
        };
        let entry = params![library.as_bytes(), number];
        execute(connection, sql::DELETE_ENTRY, entry)?;
        let removal = params![library.as_bytes(), version, number, true];
        execute(connection, sql::INSERT_REMOVAL, removal)?;
        removed += 1;
    }
    if removed > 0 {
        let change = params![library.as_bytes(), version, removed.cast_signed()];
        execute(connection, sql::NOTE_REMOVED, change)?;
    }
    Ok(Some(removed))
}
