//! Taking finished jobs away.
//!
//! They are found by the index that listings use: per pipeline and kind, the lanes of what has ended, oldest id
//! first. An id carries the time of its job's creation, and no job ends before that; so those with an
//! id from before the cutoff are all that can have ended before it.
//!
//! Jobs of assets stay as long as these do, because what an asset has to show is what they have made. No asset comes
//! for jobs that are there before it, so that what was found to be of none is of none when it goes.

use std::collections::BTreeSet;

use reelgate_domain::job::StateName;
use reelgate_domain::{AccountId, JobId, Timestamp};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{Cells, account_key};
use super::super::sql::keeping as sql;
use crate::contract::{DeleteJob, Result, Slice};
use crate::held::state_code;
use crate::stored::corrupt;
use crate::walk::{Found, Place, Step};

/// What a row takes beside its texts, and its entries in indexes.
const ROW_BYTES: u64 = 350;

/// Looks at the next jobs. A lane that is empty counts as one, so that many pipelines are no long step.
pub(super) async fn look(session: &Session, slice: &Slice) -> Answer<Step> {
    let mut step = Step::default();
    let mut place = Place::of(slice.from.as_ref());
    let mut room = slice.most.max(1);
    loop {
        let next = session.one(sql::NEXT_PIPELINE, &[&place.pipeline]).await?;
        let Some(next) = next else {
            return Ok(step);
        };
        let pipeline: i64 = next.get(0);
        let account = Cells::of(&next, "pipelines", pipeline).account(1)?;
        if pipeline != place.pipeline {
            place = Place::pipeline(pipeline);
        }
        let cutoff = slice.cutoffs.of(Some(account));
        let end = JobId::first_at(cutoff);
        let range: [Param<'_>; 6] = [
            &pipeline,
            &i16::from(place.kind),
            &i16::from(place.lane),
            &place.id.as_slice(),
            &end.as_bytes().as_slice(),
            &i64::from(room),
        ];
        let ended = session.all(sql::ENDED_JOBS, &range).await?;
        let ended = ended.iter().map(read).collect::<Result<Vec<_>>>()?;
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

fn read(row: &Row) -> Result<Ended> {
    let number: i64 = row.get(1);
    let cells = Cells::of(row, "jobs", number);
    let size = |index| cells.get::<i64>(index, "spec").map(i64::unsigned_abs);
    Ok(Ended {
        id: cells.bytes(0, "id")?,
        number,
        finished_at: cells.time(2, "finished_at")?,
        bytes: ROW_BYTES + size(3)? + size(4)?,
        is_of_asset: cells.get(5, "number")?,
    })
}

pub(super) async fn take_away(session: &Session, found: &[Found]) -> Answer<BTreeSet<i64>> {
    let numbers: Vec<i64> = found.iter().map(|found| found.number).collect();
    let cutoffs: Vec<i64> = found.iter().map(|found| found.cutoff.as_millis()).collect();
    remove(session, &numbers, &cutoffs).await
}

async fn remove(session: &Session, numbers: &[i64], cutoffs: &[i64]) -> Answer<BTreeSet<i64>> {
    let wanted: [Param<'_>; 2] = [&numbers, &cutoffs];
    let gone = session.all(sql::DELETE_JOBS, &wanted).await?;
    Ok(gone.iter().map(|row| row.get(0)).collect())
}

pub(super) async fn delete(session: &Session, account: AccountId, id: JobId) -> Answer<DeleteJob> {
    let key: [Param<'_>; 2] = [&account_key(account), &id.as_bytes().as_slice()];
    let Some(row) = session.one(sql::LOCK_JOB, &key).await? else {
        return Ok(DeleteJob::Missing);
    };
    let (number, code): (i64, i16) = (row.get(0), row.get(1));
    let mut states = StateName::ALL.into_iter();
    let Some(state) = states.find(|state| state_code(*state) == i64::from(code)) else {
        let why = format!("{code} is no state");
        return Err(corrupt("jobs", "state", number, why).into());
    };
    if !state.is_final() {
        return Ok(DeleteJob::Refused(state));
    }
    if remove(session, &[number], &[i64::MAX]).await?.is_empty() {
        let why = "an ended job has none";
        return Err(corrupt("jobs", "finished_at", number, why).into());
    }
    Ok(DeleteJob::Deleted)
}
