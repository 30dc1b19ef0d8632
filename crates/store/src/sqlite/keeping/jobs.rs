//! Taking finished jobs away.
//!
//! They are found by the index that listings use: per pipeline and kind, the lanes of what has ended, oldest id
//! first. An id carries the time of its job's creation, and no job ends before that; so those with an
//! id from before the cutoff are all that can have ended before it.
//!
//! Jobs of assets stay as long as these do, because what an asset has to show is what they have made. No asset comes
//! for jobs that are there before it, so that what was found to be of none is of none when it goes.
//!
//! A number must not come again, because jobs are cancelled by it, and SQLite gives the number after the
//! highest one: so the job with the highest number is not removed but buried, as nobody's and in no
//! pipeline, until there is a higher one.

use reelgate_domain::job::StateName;
use reelgate_domain::{AccountId, JobId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::assets;
use super::super::error::corrupt;
use super::super::rows::{Cells, account_key, all, cell, execute, one};
use super::super::sql as jobs_sql;
use super::super::sql::keeping as sql;
use super::super::writer::Tx;
use crate::contract::{DeleteJob, Result, Slice};
use crate::held::state_code;
use crate::walk::{Found, Place, Step};

/// What a row takes beside its texts, and its entries in indexes.
const ROW_BYTES: u64 = 200;

/// Looks at the next jobs. A lane that is empty counts as one, so that many pipelines are no long step.
pub(super) fn look(connection: &Connection, slice: &Slice) -> Result<Step> {
    let mut step = Step::default();
    let mut place = Place::of(slice.from.as_ref());
    let mut room = slice.most.max(1);
    loop {
        let next = one(connection, sql::NEXT_PIPELINE, [place.pipeline], |row| {
            let cells = Cells::of(row, "pipelines", row.get::<_, i64>(0)?);
            Ok((cells.get::<i64>(0, "key")?, cells.account(1)?))
        })?;
        let Some((pipeline, account)) = next else {
            return Ok(step);
        };
        if pipeline != place.pipeline {
            place = Place::pipeline(pipeline);
        }
        let cutoff = slice.cutoffs.of(Some(account));
        let end = JobId::first_at(cutoff);
        let Place { kind, lane, id, .. } = place;
        let range = params![pipeline, kind, lane, id, end.as_bytes(), room];
        let ended = all(connection, sql::ENDED_JOBS, range, read)?;
        let looked_at = u32::try_from(ended.len()).unwrap_or(u32::MAX);
        let last = ended.last().map(|ended| ended.id);
        let outlived = ended.into_iter();
        let outlived = outlived.filter(|it| it.finished_at < cutoff && !it.is_of_asset);
        step.found.extend(outlived.map(|ended| Found {
            number: ended.number,
            account: Some(account),
            cutoff,
            bytes: ended.bytes,
        }));
        let beyond = match last {
            // There may be more in this lane.
            Some(id) if looked_at == room => Some(Place { id, ..place }),
            _ => place.next(),
        };
        room = room.saturating_sub(looked_at.max(1));
        match beyond {
            None => return Ok(step),
            Some(beyond) if room == 0 => {
                step.next = Some(beyond.cursor());
                return Ok(step);
            }
            Some(beyond) => place = beyond,
        }
    }
}

struct Ended {
    id: [u8; 16],
    number: i64,
    finished_at: Timestamp,
    bytes: u64,
    is_of_asset: bool,
}

fn read(row: &Row<'_>) -> Result<Ended> {
    let number: i64 = row.get(1)?;
    let cells = Cells::of(row, "jobs", number);
    let size = |index| -> Result<u64> {
        let bytes: Option<i64> = cells.get(index, "spec")?;
        Ok(bytes.unwrap_or(0).unsigned_abs())
    };
    Ok(Ended {
        id: cells.get(0, "id")?,
        number,
        finished_at: cells.time(2, "finished_at")?,
        bytes: ROW_BYTES + size(3)? + size(4)?,
        is_of_asset: cells.get(5, "number")?,
    })
}

pub(super) fn take_away(tx: &Tx<'_>, found: &[Found]) -> Result<Vec<bool>> {
    let last = last_number(tx)?;
    let gone = found.iter().map(|found| {
        // Those that end at the cutoff itself are not older than it.
        let until = found.cutoff.as_millis().saturating_sub(1);
        remove(tx, found.number, until, last)
    });
    gone.collect()
}

pub(super) fn delete(tx: &Tx<'_>, account: AccountId, id: JobId) -> Result<DeleteJob> {
    let key = params![account_key(account), id.as_bytes()];
    let found = one(tx.connection(), sql::JOB_STATE, key, |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let Some((number, code)) = found else {
        return Ok(DeleteJob::Missing);
    };
    let mut states = StateName::ALL.into_iter();
    let Some(state) = states.find(|state| state_code(*state) == code) else {
        return Err(corrupt(
            "jobs",
            "state",
            number,
            format!("{code} is no state"),
        ));
    };
    if !state.is_final() {
        return Ok(DeleteJob::Refused(state));
    }
    let last = last_number(tx)?;
    if remove(tx, number, i64::MAX, last)? {
        return Ok(DeleteJob::Deleted);
    }
    Err(corrupt(
        "jobs",
        "finished_at",
        number,
        "an ended job has none",
    ))
}

fn last_number(tx: &Tx<'_>) -> Result<i64> {
    let last = cell::<Option<i64>>(tx.connection(), sql::LAST_JOB, [])?;
    Ok(last.flatten().unwrap_or(0))
}

/// Removes a job that ended at this time or earlier, with all that hangs on it; false if it did not.
fn remove(tx: &Tx<'_>, number: i64, until: i64, last: i64) -> Result<bool> {
    let connection = tx.connection();
    let statement = if number == last {
        sql::BURY_JOB
    } else {
        sql::DELETE_JOB
    };
    let removed = connection
        .prepare_cached(statement)?
        .query_row(params![number, until], |row| row.get::<_, [u8; 16]>(0))
        .optional()?;
    let Some(id) = removed else {
        return Ok(false);
    };
    execute(connection, sql::DELETE_PAYLOAD, [number])?;
    execute(connection, sql::DELETE_RESULTS, [number])?;
    assets::untie(connection, number)?;
    // There is none, unless the row was damaged.
    execute(connection, jobs_sql::DROP_LEASE, [id])?;
    if number == last {
        execute(connection, sql::DELETE_BURIED, [number])?;
    }
    Ok(true)
}
