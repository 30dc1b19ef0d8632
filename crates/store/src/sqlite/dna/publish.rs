//! The end of a fingerprint job: the winner and its entry in one write.

use reelgate_domain::dna::LibraryId;
use reelgate_domain::media::Staged;
use reelgate_domain::{JobId, Timestamp};
use rusqlite::params;

use super::super::report::{self, Race};
use super::super::rows::{cell, execute};
use super::super::sql::dna as sql;
use super::super::writer::Tx;
use super::entries::of_key;
use super::rows::standing;
use crate::contract::{DnaEffect, Fenced, NewEntry, PublishDna, Result};
use crate::dna::{Standing, parts, stored_version};

pub(super) fn publish(
    tx: &Tx<'_>,
    job: JobId,
    staged: &Staged,
    effect: &DnaEffect,
    now: Timestamp,
) -> Result<PublishDna> {
    let held = match report::race(tx, job, staged.attempt, now)? {
        Race::Wins(held) => held,
        Race::Over(told) => return Ok(PublishDna::Fenced(told)),
    };
    let place = match &effect.entry {
        None => None,
        Some(entry) => match look(tx, job, effect, entry)? {
            Room::Free(standing) => Some((entry, standing)),
            Room::Own => None,
            Room::None(refusal) => return Ok(refusal),
        },
    };
    let told = report::win(tx, &held, staged, now)?;
    if told == Fenced::Done
        && let Some((entry, standing)) = place
    {
        add(tx, (effect.library, standing), job, entry, now)?;
    }
    Ok(PublishDna::Fenced(told))
}

/// Whether there is room for an entry.
enum Room {
    Free(Standing),
    /// An earlier attempt of the job has stored it.
    Own,
    None(PublishDna),
}

fn look(tx: &Tx<'_>, job: JobId, effect: &DnaEffect, entry: &NewEntry) -> Result<Room> {
    let connection = tx.connection();
    let id = effect.library;
    let Some(standing) = standing(connection, id)? else {
        return Ok(Room::None(PublishDna::LibraryGone));
    };
    let taken = of_key(connection, (id, standing), &entry.key)?;
    if let Some((_, owner)) = &taken
        && owner.as_slice() == job.as_bytes()
    {
        return Ok(Room::Own);
    }
    if let Some(searched) = effect.unless_added_since {
        let added_at: Option<i64> = cell(connection, sql::ADDED_AT, [id.as_bytes()])?;
        if added_at.is_some_and(|added_at| added_at > stored_version(searched)) {
            let version = standing.version.cast_unsigned();
            return Ok(Room::None(PublishDna::Added { version }));
        }
    }
    Ok(match taken {
        Some(_) => Room::None(PublishDna::KeyTaken),
        None => Room::Free(standing),
    })
}

fn add(
    tx: &Tx<'_>,
    (library, standing): (LibraryId, Standing),
    job: JobId,
    entry: &NewEntry,
    now: Timestamp,
) -> Result<()> {
    let connection = tx.connection();
    let (id, version) = (library.as_bytes(), standing.version + 1);
    let row = params![
        id,
        version,
        standing.emptied_at,
        entry.key.as_str(),
        entry.source.bucket.as_str(),
        entry.source.key.as_str(),
        job.as_bytes(),
        entry.duration_ms.map(u64::cast_signed),
        entry.fingerprint.len() as i64,
        now.as_millis(),
    ];
    execute(connection, sql::INSERT_ENTRY, row)?;
    for (number, part) in parts(&entry.fingerprint) {
        let part = params![id, version, number, part];
        execute(connection, sql::INSERT_FINGERPRINT, part)?;
    }
    execute(connection, sql::NOTE_ADDED, params![id, version])?;
    Ok(())
}
