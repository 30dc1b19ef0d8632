//! Ending leases that have run out, and making retries ready.

use reelgate_domain::job::{Event, Fault, JobState};
use reelgate_domain::{AccountId, JobId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::error::by_row;
use super::rows::{all, cell, execute, held, one};
use super::transition::{add, apply};
use super::unreadable::Unreadable;
use super::writer::Tx;
use super::{report, sql};
use crate::contract::Result;
use crate::happened::End;
use crate::hints::Wakes;

pub(super) fn sweep(tx: &Tx<'_>, every: bool, now: Timestamp) -> Result<u64> {
    let connection = tx.connection();
    let leases = if every {
        execute(connection, sql::END_PUBLISHING_LEASES, [now.as_millis()])?;
        all(connection, sql::ALL_LEASES, [], key)?
    } else {
        all(connection, sql::ENDED_LEASES, [now.as_millis()], key)?
    };
    let mut moved = 0;
    for (id, number) in leases {
        moved += u64::from(end_lease(tx, id, number, now)?);
    }
    moved += make_ready(tx, now)?;
    if moved > 0 || every {
        tx.wake(Wakes::WORK);
    }
    Ok(moved)
}

/// A lease's key and the number of its job.
fn key(row: &Row<'_>) -> Result<(JobId, i64)> {
    Ok((JobId::from_bytes(row.get(0)?), row.get(1)?))
}

fn end_lease(tx: &Tx<'_>, id: JobId, number: i64, now: Timestamp) -> Result<bool> {
    let found = one(tx.connection(), sql::HELD_BY_LEASE, [id.as_bytes()], held);
    let mut held = match by_row(found)? {
        Ok(Some(held)) => held,
        Ok(None) => return Ok(false),
        Err(why) => {
            let lease = Some(id);
            let job = Unreadable { number, lease, why };
            job.set_aside(tx, now)?;
            return Ok(true);
        }
    };
    // With `every`, a lease that still runs counts as one that has just run out.
    if let JobState::Running { lease } | JobState::Stopping { lease, .. } =
        &mut held.lifecycle.state
    {
        lease.until = lease.until.min(now);
    }
    let Some(next) = apply(tx, &held, &Event::LeaseEnded, now)? else {
        return Ok(false);
    };
    if let Some(lease) = held.lifecycle.state.lease() {
        let fault = Fault::lost(&lease.worker);
        report::note_end(tx, &held, &next, &End::Failed(&fault), &[], now)?;
    }
    Ok(true)
}

fn make_ready(tx: &Tx<'_>, now: Timestamp) -> Result<u64> {
    let connection = tx.connection();
    let due = all(connection, sql::DUE_RETRIES, [now.as_millis()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let mut ready = 0;
    for (number, pipeline) in &due {
        // A row that is due and not queued makes no sense; it loses its time all the same, or it
        // would be due for ever.
        if cell(connection, sql::MAKE_READY, [number])? == Some(true) {
            add(tx, *pipeline, 0, 1, 0)?;
            ready += 1;
        }
    }
    Ok(ready)
}

/// Those of the jobs that are there and have no lease.
pub(super) fn unheld(
    connection: &Connection,
    account: AccountId,
    ids: &[JobId],
) -> Result<Vec<JobId>> {
    let mut unheld = Vec::new();
    for id in ids {
        let key = params![account.number().cast_signed(), id.as_bytes()];
        if cell::<bool>(connection, sql::IS_HELD, key)? == Some(false) {
            unheld.push(*id);
        }
    }
    Ok(unheld)
}

pub(super) fn next_deadline(connection: &Connection) -> Result<Option<Timestamp>> {
    let mut next: Option<i64> = None;
    for query in [
        sql::NEXT_LEASE_END,
        sql::NEXT_PUBLISHER_END,
        sql::NEXT_RETRY,
    ] {
        let found: Option<i64> = cell::<Option<i64>>(connection, query, [])?.flatten();
        next = match (next, found) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    Ok(next.map(Timestamp::from_millis))
}
