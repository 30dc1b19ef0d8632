//! What is in libraries: listed, found and removed.

use std::collections::BTreeMap;

use reelgate_domain::dna::{DnaEntry, LibraryId, PrimaryKey};
use reelgate_domain::{AccountId, JobId};

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::Cells;
use super::super::sql::dna as sql;
use super::rows::{entry, lock_of, standing_of};
use crate::assets::Unread;

pub(super) async fn page(
    session: &Session,
    (account, library): (AccountId, LibraryId),
    after: Option<&PrimaryKey>,
    limit: u32,
) -> Answer<Option<Vec<DnaEntry>>> {
    let Some(standing) = standing_of(session, (account, library)).await? else {
        return Ok(None);
    };
    let mut unread = Unread::of("entries");
    let mut found = Vec::new();
    let mut after = after.map_or("", PrimaryKey::as_str).to_owned();
    // A page with one that cannot be read is filled up: one that is not full says that it is the last.
    while found.len() < limit as usize {
        let room = limit as usize - found.len();
        let id = library.as_bytes().as_slice();
        let range: [Param<'_>; 4] = [&id, &standing.emptied_at, &after, &(room as i64)];
        let rows = session.all(sql::ENTRIES, &range).await?;
        for row in &rows {
            found.extend(unread.sift(entry(row))?);
        }
        match rows.last() {
            Some(last) if rows.len() == room => {
                after = Cells::of(last, "dna_entries", library).get(2, "key")?;
            }
            _ => break,
        }
    }
    unread.log();
    Ok(Some(found))
}

/// Each once, by key.
pub(super) async fn find(
    session: &Session,
    (account, library): (AccountId, LibraryId),
    keys: &[PrimaryKey],
    jobs: &[JobId],
) -> Answer<Option<Vec<DnaEntry>>> {
    let Some(standing) = standing_of(session, (account, library)).await? else {
        return Ok(None);
    };
    let id = library.as_bytes().as_slice();
    let keys: Vec<&str> = keys.iter().map(PrimaryKey::as_str).collect();
    let jobs: Vec<&[u8]> = jobs.iter().map(|job| job.as_bytes().as_slice()).collect();
    let by_key: [Param<'_>; 3] = [&id, &standing.emptied_at, &keys];
    let by_job: [Param<'_>; 3] = [&id, &standing.emptied_at, &jobs];
    let mut rows = session.all(sql::ENTRIES_OF_KEYS, &by_key).await?;
    rows.extend(session.all(sql::ENTRIES_OF_JOBS, &by_job).await?);
    let mut unread = Unread::of("entries");
    let mut found = BTreeMap::new();
    for row in &rows {
        if let Some(entry) = unread.sift(entry(row))? {
            found.insert(entry.key.clone(), entry);
        }
    }
    Ok(Some(unread.named(found.into_values().collect())?))
}

/// Their fingerprints go later, in pieces.
pub(super) async fn delete(
    session: &Session,
    (account, library): (AccountId, LibraryId),
    keys: &[PrimaryKey],
) -> Answer<Option<u64>> {
    let Some(standing) = lock_of(session, (account, library)).await? else {
        return Ok(None);
    };
    let id = library.as_bytes().as_slice();
    let version = standing.version + 1;
    let keys: Vec<&str> = keys.iter().map(PrimaryKey::as_str).collect();
    let gone: [Param<'_>; 4] = [&id, &standing.emptied_at, &keys, &version];
    let removed = session.execute(sql::REMOVE_ENTRIES, &gone).await?;
    if removed > 0 {
        let change: [Param<'_>; 3] = [&id, &version, &removed.cast_signed()];
        session.execute(sql::NOTE_REMOVED, &change).await?;
    }
    Ok(Some(removed))
}
