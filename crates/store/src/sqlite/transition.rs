//! The write that moves a job from one state to another, with all that hangs on it.

use reelgate_domain::Timestamp;
use reelgate_domain::job::{Event, Lease, Lifecycle, StateName};
use rusqlite::params;

use super::error::corrupt;
use super::events::record;
use super::rows::{Held, execute};
use super::writer::Tx;
use super::{assets, sql};
use crate::contract::Result;
use crate::held::{Tally, finished_at, is_hurried, ready_at, state_code, wakes};

/// What changes beside the lifecycle.
pub(super) struct Beside {
    pub(super) progress: u8,
    pub(super) started_at: Option<Timestamp>,
    /// When this happens.
    pub(super) now: Timestamp,
}

/// Applies `event` and writes the outcome; `None` if it does not apply to the job as it is.
pub(super) fn apply(
    tx: &Tx<'_>,
    held: &Held,
    event: &Event,
    now: Timestamp,
) -> Result<Option<Lifecycle>> {
    let Ok(next) = held.lifecycle.after(event, now) else {
        return Ok(None);
    };
    let progress = if next.state.name() == StateName::Succeeded {
        100
    } else {
        held.progress
    };
    let beside = Beside {
        progress,
        started_at: held.started_at,
        now,
    };
    move_to(tx, held, &next, &beside)?;
    Ok(Some(next))
}

/// Writes the job and its lease, and counts it.
pub(super) fn move_to(tx: &Tx<'_>, held: &Held, next: &Lifecycle, beside: &Beside) -> Result<()> {
    store(tx, held, next, beside)?;
    count(tx, held, next)
}

/// Writes the job and its lease. The row must still be in the state and attempt that were read.
pub(super) fn store(tx: &Tx<'_>, held: &Held, next: &Lifecycle, beside: &Beside) -> Result<()> {
    let from = &held.lifecycle;
    let changed = execute(
        tx.connection(),
        sql::MOVE_JOB,
        params![
            held.number,
            state_code(from.state.name()),
            from.attempt,
            state_code(next.state.name()),
            next.attempt,
            next.losses,
            beside.progress,
            ready_at(next).map(Timestamp::as_millis),
            beside.started_at.map(Timestamp::as_millis),
            finished_at(next).map(Timestamp::as_millis),
            next.forgiven,
        ],
    )?;
    if changed != 1 {
        return Err(corrupt(
            "jobs",
            "state",
            held.number,
            "it changed inside one transaction",
        ));
    }
    let (was_open, is_open) = (!from.state.name().is_final(), !next.state.name().is_final());
    if was_open != is_open {
        assets::set_open(tx.connection(), held.number, is_open)?;
    }
    move_lease(tx, held, next)?;
    record::moved(tx, held.number, from, next, beside.now)?;
    tx.wake(wakes(next));
    Ok(())
}

fn move_lease(tx: &Tx<'_>, held: &Held, next: &Lifecycle) -> Result<()> {
    let before = held.lifecycle.state.lease();
    let publishing = next.state.name() == StateName::Publishing;
    let was_publishing = held.lifecycle.state.name() == StateName::Publishing;
    let hurry = is_hurried(&next.state);
    let changed = match (before, next.state.lease()) {
        (None, None) => return Ok(()),
        (None, Some(lease)) => insert_lease(tx, held, next.attempt, lease)?,
        (Some(_), None) => execute(
            tx.connection(),
            sql::DELETE_LEASE,
            params![held.id.as_bytes(), held.lifecycle.attempt],
        )?,
        (Some(old), Some(new))
            if old == new
                && publishing == was_publishing
                && hurry == is_hurried(&held.lifecycle.state)
                && next.attempt == held.lifecycle.attempt =>
        {
            return Ok(());
        }
        (Some(_), Some(lease)) => execute(
            tx.connection(),
            sql::MOVE_LEASE,
            params![
                held.id.as_bytes(),
                held.lifecycle.attempt,
                next.attempt,
                publishing,
                lease.worker.0,
                lease.until.as_millis(),
                hurry,
            ],
        )?,
    };
    if changed != 1 {
        return Err(corrupt("leases", "attempt", held.id, "it is not the job's"));
    }
    Ok(())
}

fn insert_lease(tx: &Tx<'_>, held: &Held, attempt: u32, lease: &Lease) -> Result<usize> {
    execute(
        tx.connection(),
        sql::INSERT_LEASE,
        params![
            held.id.as_bytes(),
            held.number,
            attempt,
            false,
            lease.worker.0,
            lease.until.as_millis(),
        ],
    )
}

/// Keeps the pipeline's counts true: a slot is given back by the write that ends its use.
fn count(tx: &Tx<'_>, held: &Held, next: &Lifecycle) -> Result<()> {
    let change = Tally::of(next) - Tally::of(&held.lifecycle);
    if change == Tally::default() {
        return Ok(());
    }
    add(
        tx,
        held.pipeline,
        change.queued,
        change.ready,
        change.running,
    )
}

/// Adds to a pipeline's counts.
pub(super) fn add(tx: &Tx<'_>, pipeline: i64, queued: i64, ready: i64, running: i64) -> Result<()> {
    let changed = execute(
        tx.connection(),
        sql::COUNT_JOBS,
        params![pipeline, queued, ready, running],
    )?;
    if changed == 1 {
        Ok(())
    } else {
        Err(corrupt(
            "queues",
            "pipeline",
            pipeline,
            "the row is missing",
        ))
    }
}
