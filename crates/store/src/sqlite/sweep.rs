//! Ending leases that have run out, and making retries ready.

use reelgate_domain::Timestamp;
use reelgate_domain::job::{Event, JobState};
use rusqlite::{Connection, params};

use super::hints::Wakes;
use super::rows::{all, cell, execute, held, one};
use super::transition::{add, apply};
use super::writer::Tx;
use super::{report, sql};
use crate::contract::Result;

pub(super) fn sweep(tx: &Tx<'_>, every: bool, now: Timestamp) -> Result<u64> {
    let connection = tx.connection();
    let ids: Vec<[u8; 16]> = if every {
        execute(connection, sql::END_PUBLISHING_LEASES, [now.as_millis()])?;
        all(connection, sql::ALL_LEASES, [], |row| Ok(row.get(0)?))?
    } else {
        all(connection, sql::ENDED_LEASES, [now.as_millis()], |row| {
            Ok(row.get(0)?)
        })?
    };
    let mut moved = 0;
    for id in ids {
        moved += u64::from(end_lease(tx, &id, now)?);
    }
    moved += make_ready(tx, now)?;
    if moved > 0 || every {
        tx.wake(Wakes::WORK);
    }
    Ok(moved)
}

fn end_lease(tx: &Tx<'_>, id: &[u8; 16], now: Timestamp) -> Result<bool> {
    let Some(mut held) = one(tx.connection(), sql::HELD_BY_LEASE, [id], held)? else {
        return Ok(false);
    };
    // With `every`, a lease that still runs counts as one that has just run out.
    if let JobState::Running { lease } | JobState::Stopping { lease } = &mut held.lifecycle.state {
        lease.until = lease.until.min(now);
    }
    let Some(next) = apply(tx, &held, &Event::LeaseEnded, now)? else {
        return Ok(false);
    };
    report::set_failure(tx, &held, &next, &[])?;
    Ok(true)
}

fn make_ready(tx: &Tx<'_>, now: Timestamp) -> Result<u64> {
    let connection = tx.connection();
    let due = all(connection, sql::DUE_RETRIES, [now.as_millis()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    for (number, pipeline) in &due {
        execute(connection, sql::MAKE_READY, params![number])?;
        add(tx, *pipeline, 0, 1, 0)?;
    }
    Ok(due.len() as u64)
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
