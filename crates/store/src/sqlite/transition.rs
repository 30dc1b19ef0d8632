//! The write that moves a job from one state to another, with all that hangs on it.

use reelgate_domain::Timestamp;
use reelgate_domain::job::{Event, JobState, Lease, Lifecycle, StateName, StopMode};
use rusqlite::params;

use super::error::corrupt;
use super::hints::Wakes;
use super::rows::{Held, execute, state_code};
use super::sql;
use super::writer::Tx;
use crate::contract::Result;

/// What changes beside the lifecycle.
pub(super) struct Beside {
    pub(super) progress: u8,
    pub(super) started_at: Option<Timestamp>,
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
    let finished_at = match &next.state {
        JobState::Succeeded { finished_at }
        | JobState::Failed { finished_at, .. }
        | JobState::Cancelled { finished_at } => Some(finished_at.as_millis()),
        _ => None,
    };
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
            finished_at,
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
    move_lease(tx, held, next)?;
    tx.wake(wakes(next));
    Ok(())
}

fn wakes(next: &Lifecycle) -> Wakes {
    match next.state {
        JobState::Stopping { .. } => Wakes::CHANGES.and(Wakes::STOPS),
        // A job that ends may make room below its pipeline's limit.
        JobState::Queued { .. }
        | JobState::Succeeded { .. }
        | JobState::Failed { .. }
        | JobState::Cancelled { .. } => Wakes::CHANGES.and(Wakes::WORK),
        JobState::Running { .. } | JobState::Publishing { .. } => Wakes::CHANGES,
    }
}

fn ready_at(lifecycle: &Lifecycle) -> Option<Timestamp> {
    match lifecycle.state {
        JobState::Queued { ready_at } => ready_at,
        _ => None,
    }
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

/// Whether the processes of a stopping job are to be killed at once.
pub(super) fn is_hurried(state: &JobState) -> bool {
    matches!(
        state,
        JobState::Stopping {
            mode: StopMode::Now,
            ..
        }
    )
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
    let tally = |lifecycle: &Lifecycle| match &lifecycle.state {
        JobState::Queued { ready_at: None } => (1, 1, 0),
        JobState::Queued { ready_at: Some(_) } => (1, 0, 0),
        state if state.lease().is_some() => (0, 0, 1),
        _ => (0, 0, 0),
    };
    let (before, after) = (tally(&held.lifecycle), tally(next));
    if before == after {
        return Ok(());
    }
    add(
        tx,
        held.pipeline,
        after.0 - before.0,
        after.1 - before.1,
        after.2 - before.2,
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
