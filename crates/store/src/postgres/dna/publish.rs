//! The end of a fingerprint job: the winner and its entry in one transaction.

use reelgate_domain::media::Staged;
use reelgate_domain::{JobId, Timestamp};

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::flush::{self, Then};
use super::super::intention::Needs;
use super::super::report::{self, Race};
use super::super::sql::dna as sql;
use super::super::{batch, unit::Unit};
use super::rows::lock;
use crate::contract::{DnaEffect, NewEntry, PublishDna};
use crate::dna::{Standing, parts, stored_version};
use crate::hints::Wakes;

/// What a publish came to, and whom that wakes.
type Told = (PublishDna, Wakes);

pub(super) async fn publish(
    session: &Session,
    job: JobId,
    staged: &Staged,
    effect: &DnaEffect,
    now: Timestamp,
) -> Answer<Told> {
    let id = effect.library.as_bytes().as_slice();
    // The library first, and the job's row last: tens of megabytes take a while, and the batches that renew
    // leases wait for that row.
    let room = match &effect.entry {
        None => Room::Own,
        Some(entry) => look(session, job, effect, entry).await?,
    };
    if let (Room::Free(standing), Some(entry)) = (&room, &effect.entry) {
        upload(session, id, standing.version + 1, entry).await?;
    }
    let needs = Needs {
        staged: true,
        ..report::needs(vec![job])
    };
    let mut unit: Unit = batch::read_for(session, &needs).await?;
    let held = match report::race(&unit, job, staged.attempt, now)? {
        Race::Wins(held) => held,
        Race::Over(told) => {
            if let Room::Free(standing) = room {
                let unwanted: [Param<'_>; 2] = [&id, &(standing.version + 1)];
                session.execute(sql::DELETE_FINGERPRINT, &unwanted).await?;
            }
            return Ok((PublishDna::Fenced(told), Wakes::NONE));
        }
    };
    match (room, &effect.entry) {
        (Room::None(refusal), _) => return Ok((refusal, Wakes::NONE)),
        (Room::Free(standing), Some(entry)) => {
            add(session, (id, standing), job, entry, now).await?;
        }
        (Room::Free(_) | Room::Own, _) => {}
    }
    let told = report::win(&mut unit, &held, staged, now)?;
    flush::write(session, &unit, Then::More).await?;
    Ok((PublishDna::Fenced(told), unit.wakes))
}

/// Whether there is room for an entry.
enum Room {
    Free(Standing),
    /// An earlier attempt of the job has stored it.
    Own,
    None(PublishDna),
}

async fn look(session: &Session, job: JobId, effect: &DnaEffect, entry: &NewEntry) -> Answer<Room> {
    let Some(library) = lock(session, effect.library).await? else {
        return Ok(Room::None(PublishDna::LibraryGone));
    };
    let standing = library.standing;
    let id = effect.library.as_bytes().as_slice();
    let key: [Param<'_>; 3] = [&id, &standing.emptied_at, &entry.key.as_str()];
    let owner = session.one(sql::JOB_OF_KEY, &key).await?;
    let owner: Option<Vec<u8>> = owner.map(|row| row.get(0));
    if owner.as_deref() == Some(job.as_bytes().as_slice()) {
        return Ok(Room::Own);
    }
    if let Some(searched) = effect.unless_added_since
        && library.added_at > stored_version(searched)
    {
        let version = standing.version.cast_unsigned();
        return Ok(Room::None(PublishDna::Added { version }));
    }
    Ok(match owner {
        Some(_) => Room::None(PublishDna::KeyTaken),
        None => Room::Free(standing),
    })
}

async fn upload(session: &Session, id: &[u8], version: i64, entry: &NewEntry) -> Answer<()> {
    for (number, part) in parts(&entry.fingerprint) {
        let part: [Param<'_>; 4] = [&id, &version, &number, &part];
        session.execute(sql::INSERT_FINGERPRINT, &part).await?;
    }
    Ok(())
}

/// Adds an entry whose fingerprint is there.
async fn add(
    session: &Session,
    (id, standing): (&[u8], Standing),
    job: JobId,
    entry: &NewEntry,
    now: Timestamp,
) -> Answer<()> {
    let version = standing.version + 1;
    let row: [Param<'_>; 10] = [
        &id,
        &version,
        &standing.emptied_at,
        &entry.key.as_str(),
        &entry.source.bucket.as_str(),
        &entry.source.key.as_str(),
        &job.as_bytes().as_slice(),
        &entry.duration_ms.map(u64::cast_signed),
        &(entry.fingerprint.len() as i64),
        &now.as_millis(),
    ];
    session.execute(sql::INSERT_ENTRY, &row).await?;
    let change: [Param<'_>; 2] = [&id, &version];
    session.execute(sql::NOTE_ADDED, &change).await?;
    Ok(())
}
