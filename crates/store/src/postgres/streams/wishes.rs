//! What people wish of streams: making, changing, starting, stopping and deleting them.
//!
//! A stream's row is locked from the first look at it on; whoever takes places does so behind that.

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Stream, StreamId, StreamPlan, StreamSpec};
use reelgate_domain::{AccountId, Timestamp};

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::account_key;
use super::super::sql::nodes::HOLD_CLUSTER;
use super::super::sql::streams as sql;
use super::rows::{lock, set_plan_at_start, set_spec, take, write};
use crate::contract::{NewStream, StreamChange, StreamOutcome};
use crate::hints::Wakes;
use crate::streams::{self, Kept, StreamRow, Turn};

/// What became of a wish, and whom that wakes.
type Told = (StreamOutcome, Wakes);

const fn refused(refusal: StreamOutcome) -> Told {
    (refusal, Wakes::NONE)
}

fn done(stream: Stream, wakes: Wakes) -> Told {
    (StreamOutcome::Done(Box::new(stream)), wakes)
}

pub(super) async fn create(session: &Session, new: &NewStream) -> Answer<Told> {
    let row = StreamRow::new(new)?;
    if new.cluster != ClusterName::default()
        && !session.holds(HOLD_CLUSTER, &[&row.cluster]).await?
    {
        return Ok(refused(StreamOutcome::Missing));
    }
    let most = i64::from(new.most);
    if session
        .execute(sql::COUNT_IN, &[&row.account, &most])
        .await?
        == 0
    {
        return Ok(refused(StreamOutcome::Full));
    }
    let stored: [Param<'_>; 6] = [
        &row.course.id.as_slice(),
        &row.account,
        &row.cluster,
        &row.name,
        &row.created_at,
        &row.spec,
    ];
    session.execute(sql::INSERT_STREAM, &stored).await?;
    let Kept { stream, .. } = row.read()?;
    Ok(done(stream, Wakes::CHANGES))
}

/// What a wish comes to that ends with its turn.
async fn turned(session: &Session, kept: &Kept, turn: &Turn) -> Answer<Told> {
    write(session, turn).await?;
    Ok(done(kept.after(turn), turn.wakes))
}

pub(super) async fn start(
    session: &Session,
    (account, id): (AccountId, StreamId),
    seen: &StreamSpec,
    plan: &StreamPlan,
    now: Timestamp,
) -> Answer<Told> {
    let Some(kept) = lock(session, account, id).await? else {
        return Ok(refused(StreamOutcome::Missing));
    };
    let turn = match streams::start(&kept, seen, plan, now) {
        Ok(turn) => turn,
        Err(refusal) => return Ok(refused(refusal)),
    };
    if let Some(place) = take(session, &kept.stream, plan).await? {
        return Ok(refused(StreamOutcome::PlaceTaken(place)));
    }
    write(session, &turn).await?;
    set_plan_at_start(session, id, plan).await?;
    let started = Stream {
        plan: Some(plan.clone()),
        health: None,
        ..kept.after(&turn)
    };
    Ok(done(started, turn.wakes))
}

pub(super) async fn stop(
    session: &Session,
    (account, id): (AccountId, StreamId),
    now: Timestamp,
) -> Answer<Told> {
    let Some(kept) = lock(session, account, id).await? else {
        return Ok(refused(StreamOutcome::Missing));
    };
    match streams::stop(&kept, now) {
        Ok(turn) => turned(session, &kept, &turn).await,
        Err(refusal) => Ok(refused(refusal)),
    }
}

pub(super) async fn change(
    session: &Session,
    (account, id): (AccountId, StreamId),
    change: &StreamChange,
    now: Timestamp,
) -> Answer<Told> {
    let Some(kept) = lock(session, account, id).await? else {
        return Ok(refused(StreamOutcome::Missing));
    };
    let (turn, changed) = match streams::change(&kept, change, now) {
        Ok(changed) => changed,
        Err(refusal) => return Ok(refused(refusal)),
    };
    if turn.course.revision != kept.course.revision
        && let Some(plan) = &changed.plan
        && let Some(place) = take(session, &kept.stream, plan).await?
    {
        return Ok(refused(StreamOutcome::PlaceTaken(place)));
    }
    write(session, &turn).await?;
    set_spec(session, &changed).await?;
    Ok(done(changed, turn.wakes))
}

pub(super) async fn delete(
    session: &Session,
    (account, id): (AccountId, StreamId),
    now: Timestamp,
) -> Answer<Told> {
    let Some(kept) = lock(session, account, id).await? else {
        return Ok(refused(StreamOutcome::Missing));
    };
    match streams::delete(&kept, now) {
        Ok(turn) => {
            session
                .execute(sql::COUNT_OUT, &[&account_key(account)])
                .await?;
            turned(session, &kept, &turn).await
        }
        Err(refusal) => Ok(refused(refusal)),
    }
}
