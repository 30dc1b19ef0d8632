//! How a copy of a library catches up.

use std::collections::HashMap;

use reelgate_domain::dna::LibraryId;
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::sql::dna as sql;
use super::rows::standing;
use crate::contract::LibraryChanges;
use crate::dna::{
    Head, Standing, TOLD_AT_ONCE, Telling, log_untold, nothing_told, stored_version, whole,
};

pub(super) async fn version(session: &Session, id: LibraryId) -> Answer<Option<u64>> {
    let found = standing(session, id).await?;
    Ok(found.map(|kept| kept.standing.version.cast_unsigned()))
}

pub(super) async fn since(
    session: &Session,
    id: LibraryId,
    after: u64,
    most_bytes: u64,
) -> Answer<LibraryChanges> {
    let stored = stored_version(after);
    let most = i64::try_from(most_bytes).unwrap_or(i64::MAX);
    let library = id.as_bytes().as_slice();
    let range: [Param<'_>; 4] = [&library, &stored, &(TOLD_AT_ONCE + 1), &most];
    let seen = Seen::of(&session.all(sql::CHANGES, &range).await?);
    let Some(standing) = seen.standing else {
        return Ok(nothing_told(after));
    };
    if stored >= standing.version {
        return Ok(nothing_told(standing.version.cast_unsigned()));
    }
    let mut telling = Telling::of(standing, stored, seen.added, most_bytes);
    let mut removed = seen.removed;
    if telling.emptied(standing).is_some() {
        removed.extend(seen.outdated);
    }
    removed.retain(|(version, _)| *version <= telling.reached);
    let heads = std::mem::take(&mut telling.added);
    let added = with_fingerprints(session, id, heads).await?;
    Ok(telling.changes(added, removed))
}

/// What `CHANGES` reads.
#[derive(Default)]
struct Seen {
    standing: Option<Standing>,
    added: Vec<Head>,
    /// Versions and numbers.
    removed: Vec<(i64, i64)>,
    outdated: Vec<(i64, i64)>,
}

impl Seen {
    fn of(rows: &[Row]) -> Self {
        let mut seen = Self::default();
        for row in rows {
            let (what, one, other): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
            match what {
                0 => {
                    seen.standing = Some(Standing {
                        version: one,
                        emptied_at: other,
                    });
                }
                1 => seen.added.push(Head {
                    number: one,
                    bytes: other,
                    key: row.get(3),
                }),
                2 => seen.removed.push((one, other)),
                _ => seen.outdated.push((one, other)),
            }
        }
        // What is united has no order.
        seen.added.sort_unstable_by_key(|head| head.number);
        seen.removed.sort_unstable();
        seen
    }
}

async fn with_fingerprints(
    session: &Session,
    id: LibraryId,
    heads: Vec<Head>,
) -> Answer<Vec<(Head, Vec<u8>)>> {
    if heads.is_empty() {
        return Ok(Vec::new());
    }
    let library = id.as_bytes().as_slice();
    let numbers: Vec<i64> = heads.iter().map(|head| head.number).collect();
    let wanted: [Param<'_>; 2] = [&library, &numbers];
    let mut parts: HashMap<i64, Vec<Vec<u8>>> = HashMap::new();
    for row in session.all(sql::FINGERPRINTS, &wanted).await? {
        parts.entry(row.get(0)).or_default().push(row.get(1));
    }
    let mut added = Vec::with_capacity(heads.len());
    for head in heads {
        let parts = parts.remove(&head.number).unwrap_or_default();
        if let Some(fingerprint) = whole(parts, head.bytes) {
            added.push((head, fingerprint));
            continue;
        }
        // One that was removed and taken away since is told of as removed by the next changes.
        let place: [Param<'_>; 2] = [&library, &head.number];
        if session.holds(sql::IS_THERE, &place).await? {
            log_untold(id, head.number);
        }
    }
    Ok(added)
}
