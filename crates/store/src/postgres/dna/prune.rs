//! Giving back what deleted libraries and entries take.

use reelgate_domain::Timestamp;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::sql::dna as sql;
use crate::dna::{PRUNED_AT_ONCE, forgotten_before, pruned};

/// Takes away one piece of what nobody sees any more.
pub(super) async fn prune(session: &Session, now: Timestamp) -> Answer<bool> {
    if drop_fingerprints(session).await? {
        return Ok(true);
    }
    if let Some(row) = session.one(sql::EMPTYING, &[]).await? {
        let (id, emptied_at, is_deleted): (&[u8], i64, bool) = (row.get(0), row.get(1), row.get(2));
        let left = match drop_entries(session, id, emptied_at, is_deleted).await? {
            false if is_deleted => {
                let some: [Param<'_>; 2] = [&id, &PRUNED_AT_ONCE];
                session.execute(sql::DELETE_REMOVALS, &some).await? > 0
            }
            left => left,
        };
        if !left {
            session.execute(sql::EMPTIED, &[&id]).await?;
        }
        return Ok(true);
    }
    let old: [Param<'_>; 2] = [&forgotten_before(now), &PRUNED_AT_ONCE];
    let gone = session.execute(sql::FORGET, &old).await?;
    Ok(gone >= PRUNED_AT_ONCE.unsigned_abs())
}

/// The fingerprints of entries that were removed; whether there were any.
async fn drop_fingerprints(session: &Session) -> Answer<bool> {
    let held = session
        .all(sql::HELD_FINGERPRINTS, &[&PRUNED_AT_ONCE])
        .await?;
    let most = pruned(held.iter().map(|row| row.get(3)));
    for row in &held[..most] {
        let (library, removed_at, number): (&[u8], i64, i64) = (row.get(0), row.get(1), row.get(2));
        let fingerprint: [Param<'_>; 2] = [&library, &number];
        session
            .execute(sql::DELETE_FINGERPRINT, &fingerprint)
            .await?;
        let removal: [Param<'_>; 3] = [&library, &removed_at, &number];
        session.execute(sql::LET_GO, &removal).await?;
    }
    Ok(!held.is_empty())
}

/// Entries of before a library was emptied, with their fingerprints; whether there were any. Copies of a library
/// that goes on have yet to be told of them.
async fn drop_entries(
    session: &Session,
    id: &[u8],
    emptied_at: i64,
    is_deleted: bool,
) -> Answer<bool> {
    let range: [Param<'_>; 3] = [&id, &emptied_at, &PRUNED_AT_ONCE];
    let old = session.all(sql::OLD_ENTRIES, &range).await?;
    let most = pruned(old.iter().map(|row| row.get(1)));
    let numbers: Vec<i64> = old[..most].iter().map(|row| row.get(0)).collect();
    if numbers.is_empty() {
        return Ok(false);
    }
    let gone: [Param<'_>; 2] = [&id, &numbers];
    session.execute(sql::DELETE_FINGERPRINTS, &gone).await?;
    session.execute(sql::DELETE_ENTRIES, &gone).await?;
    if !is_deleted {
        let removals: [Param<'_>; 3] = [&id, &numbers, &emptied_at];
        session.execute(sql::INSERT_REMOVALS, &removals).await?;
    }
    Ok(true)
}
