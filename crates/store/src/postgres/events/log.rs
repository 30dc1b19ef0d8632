//! Events: written with their transitions, given their places by whoever reads, made into deliveries.

use reelgate_domain::AccountId;
use reelgate_domain::event::{EventCursor, StoredEvent};

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::account_key;
use super::super::sql::events as sql;
use super::super::unit::NewEvent;
use super::rows;
use crate::contract::{EventPage, NewDelivery};
use crate::stored::{by_row, encode};

/// Events that get their places in one transaction.
const PLACED_AT_ONCE: i64 = 2000;

/// Writes what a batch has to tell, in its order.
pub(in crate::postgres) async fn insert(session: &Session, events: &[NewEvent]) -> Answer<()> {
    if events.is_empty() {
        return Ok(());
    }
    let jobs: Vec<&[u8]> = events
        .iter()
        .map(|it| it.job.as_bytes().as_slice())
        .collect();
    let column = |value: fn(&NewEvent) -> i64| events.iter().map(value).collect::<Vec<i64>>();
    let names: Vec<i16> = events.iter().map(|it| i16::from(it.name.code())).collect();
    let attempts: Vec<i32> = events.iter().map(|it| it.attempt).collect();
    let faults: Vec<Option<&str>> = events.iter().map(|it| it.fault.as_deref()).collect();
    let params: [Param<'_>; 7] = [
        &column(|it| it.account),
        &jobs,
        &column(|it| it.pipeline),
        &names,
        &attempts,
        &column(|it| it.at.as_millis()),
        &faults,
    ];
    session.execute(sql::INSERT_EVENTS, &params).await.map(drop)
}

/// Whether there are events without a place.
pub(super) async fn has_new(session: &Session) -> Answer<bool> {
    session.holds(sql::HAS_NEW_EVENTS, &[]).await
}

/// Gives committed events their places; how many.
pub(super) async fn place(session: &Session) -> Answer<i64> {
    let Some(row) = session.one(sql::LOCK_EVENT_LOG, &[]).await? else {
        return Ok(0);
    };
    let last: i64 = row.get(0);
    let most: [Param<'_>; 2] = [&last, &PLACED_AT_ONCE];
    let placed = session.execute(sql::PLACE_EVENTS, &most).await?;
    let placed = i64::try_from(placed).unwrap_or(PLACED_AT_ONCE);
    session.execute(sql::MOVE_LAST_EVENT, &[&placed]).await?;
    Ok(placed)
}

pub(super) async fn page(
    session: &Session,
    account: Option<AccountId>,
    after: EventCursor,
    limit: u32,
) -> Answer<EventPage> {
    let (from, most) = (position(after), i64::from(limit));
    let range: [Param<'_>; 2] = [&from, &most];
    // What was removed, and what there is, are asked for last: they only grow.
    let found = session.all(sql::EVENTS, &range).await?;
    let [last, _, pruned] = event_log(session).await?;
    let mut page = EventPage {
        events: Vec::new(),
        reached: after,
        more: found.len() == limit as usize,
        gap: after < pruned || after > last,
    };
    let wanted = account.map(account_key);
    for row in &found {
        page.reached = EventCursor::at(row.get::<_, i64>(0).unsigned_abs());
        if wanted.is_some_and(|wanted| wanted != row.get::<_, i64>(1)) {
            continue;
        }
        match by_row(rows::event(row, "events"))? {
            Ok(event) => page.events.push(event),
            // The others must not wait for it.
            Err(error) => tracing::error!(%error, "an event cannot be read and is left out"),
        }
    }
    Ok(page)
}

/// The newest place, up to which deliveries were made, and up to which events may be gone.
pub(super) async fn event_log(session: &Session) -> Answer<[EventCursor; 3]> {
    let row = session.one(sql::EVENT_LOG, &[]).await?;
    let place = |index| {
        let position: i64 = row.as_ref().map_or(0, |row| row.get(index));
        EventCursor::at(position.unsigned_abs())
    };
    Ok([place(0), place(1), place(2)])
}

/// A place as it is stored. That of another engine is before everything.
fn position(cursor: EventCursor) -> i64 {
    match cursor.epoch {
        0 => i64::try_from(cursor.position).unwrap_or(i64::MAX),
        _ => 0,
    }
}

pub(super) async fn fan_out(
    session: &Session,
    from: EventCursor,
    to: EventCursor,
    deliveries: &[NewDelivery],
) -> Answer<bool> {
    session.one(sql::HOLD_TURNS, &[]).await?;
    let moved: [Param<'_>; 2] = [&position(from), &position(to)];
    if session.execute(sql::MOVE_FANNED_OUT, &moved).await? == 0 {
        return Ok(false);
    }
    for delivery in deliveries {
        insert_delivery(session, delivery).await?;
    }
    Ok(true)
}

async fn insert_delivery(session: &Session, new: &NewDelivery) -> Answer<()> {
    let StoredEvent { cursor, event } = &new.event;
    let fault = event.fault.as_ref().map(encode).transpose()?;
    let lane = new.lane.as_ref();
    let lane = lane.map(|lane| lane.as_bytes().as_slice());
    let row: [Param<'_>; 14] = [
        &new.id.as_bytes().as_slice(),
        &account_key(event.account),
        &new.destination.as_bytes().as_slice(),
        &new.dialect,
        &position(*cursor),
        &event.job.as_bytes().as_slice(),
        &event.pipeline.as_bytes().as_slice(),
        &i16::from(event.name.code()),
        &i32::try_from(event.attempt).unwrap_or(i32::MAX),
        &event.at.as_millis(),
        &fault,
        &new.created_at.as_millis(),
        &new.message,
        &lane,
    ];
    session.execute(sql::INSERT_DELIVERY, &row).await.map(drop)
}
