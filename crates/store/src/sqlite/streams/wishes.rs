//! What people wish of streams: making, changing, starting, stopping and deleting them.

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Stream, StreamId, StreamPlan, StreamSpec};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::params;

use super::super::rows::{account_key, cell, execute};
use super::super::sql::streams as sql;
use super::super::writer::Tx;
use super::rows::{get, set_plan_at_start, set_spec, take, write};
use crate::contract::{NewStream, Result, StreamChange, StreamOutcome};
use crate::hints::Wakes;
use crate::streams::{self, Kept, StreamRow, Turn};

pub(super) fn create(tx: &Tx<'_>, new: &NewStream) -> Result<StreamOutcome> {
    let connection = tx.connection();
    let row = StreamRow::new(new)?;
    if new.cluster != ClusterName::default() {
        let known: Option<i64> = cell(connection, sql::KNOWS_CLUSTER, [&row.cluster])?;
        if known.is_none() {
            return Ok(StreamOutcome::Missing);
        }
    }
    if execute(connection, sql::COUNT_IN, params![row.account, new.most])? == 0 {
        return Ok(StreamOutcome::Full);
    }
    let stored = params![
        row.course.id,
        row.account,
        row.cluster,
        row.name,
        row.created_at,
        row.spec
    ];
    execute(connection, sql::INSERT_STREAM, stored)?;
    tx.wake(Wakes::CHANGES);
    let Kept { stream, .. } = row.read()?;
    Ok(StreamOutcome::Done(Box::new(stream)))
}

/// What a wish comes to that ends with its turn.
fn turned(tx: &Tx<'_>, kept: &Kept, turn: &Turn) -> Result<StreamOutcome> {
    write(tx, turn)?;
    done(kept.after(turn))
}

fn done(stream: Stream) -> Result<StreamOutcome> {
    Ok(StreamOutcome::Done(Box::new(stream)))
}

pub(super) fn start(
    tx: &Tx<'_>,
    (account, id): (AccountId, StreamId),
    seen: &StreamSpec,
    plan: &StreamPlan,
    now: Timestamp,
) -> Result<StreamOutcome> {
    let connection = tx.connection();
    let Some(kept) = get(connection, account, id)? else {
        return Ok(StreamOutcome::Missing);
    };
    let turn = match streams::start(&kept, seen, plan, now) {
        Ok(turn) => turn,
        Err(refusal) => return Ok(refusal),
    };
    if let Some(place) = take(connection, &kept.stream, plan)? {
        return Ok(StreamOutcome::PlaceTaken(place));
    }
    write(tx, &turn)?;
    set_plan_at_start(connection, id, plan)?;
    done(Stream {
        plan: Some(plan.clone()),
        health: None,
        ..kept.after(&turn)
    })
}

pub(super) fn stop(
    tx: &Tx<'_>,
    (account, id): (AccountId, StreamId),
    now: Timestamp,
) -> Result<StreamOutcome> {
    let Some(kept) = get(tx.connection(), account, id)? else {
        return Ok(StreamOutcome::Missing);
    };
    match streams::stop(&kept, now) {
        Ok(turn) => turned(tx, &kept, &turn),
        Err(refusal) => Ok(refusal),
    }
}

pub(super) fn change(
    tx: &Tx<'_>,
    (account, id): (AccountId, StreamId),
    change: &StreamChange,
    now: Timestamp,
) -> Result<StreamOutcome> {
    let connection = tx.connection();
    let Some(kept) = get(connection, account, id)? else {
        return Ok(StreamOutcome::Missing);
    };
    let (turn, changed) = match streams::change(&kept, change, now) {
        Ok(changed) => changed,
        Err(refusal) => return Ok(refusal),
    };
    if turn.course.revision != kept.course.revision
        && let Some(plan) = &changed.plan
        && let Some(place) = take(connection, &kept.stream, plan)?
    {
        return Ok(StreamOutcome::PlaceTaken(place));
    }
    write(tx, &turn)?;
    set_spec(connection, &changed)?;
    done(changed)
}

pub(super) fn delete(
    tx: &Tx<'_>,
    (account, id): (AccountId, StreamId),
    now: Timestamp,
) -> Result<StreamOutcome> {
    let Some(kept) = get(tx.connection(), account, id)? else {
        return Ok(StreamOutcome::Missing);
    };
    match streams::delete(&kept, now) {
        Ok(turn) => {
            execute(tx.connection(), sql::COUNT_OUT, [account_key(account)])?;
            turned(tx, &kept, &turn)
        }
        Err(refusal) => Ok(refusal),
    }
}
