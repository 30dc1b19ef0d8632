//! Reading events in their order, and making deliveries of them.

use reelgate_domain::event::{DeliveryState, EventCursor, LaneId, StoredEvent};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::{Connection, params};

use super::super::error::{by_row, corrupt};
use super::super::rows::{account_key, cell, execute};
use super::super::sql::events as sql;
use super::super::writer::Tx;
use super::rows;
use crate::contract::{EventPage, NewDelivery, Result};
use crate::hints::Wakes;
use crate::stored::encode;

pub(super) fn page(
    connection: &Connection,
    account: Option<AccountId>,
    after: EventCursor,
    limit: u32,
) -> Result<EventPage> {
    let mut page = EventPage {
        events: Vec::new(),
        reached: after,
        more: false,
        gap: after < place(connection, sql::PRUNED_EVENTS)?,
    };
    let wanted = account.map(account_key);
    let from = position(after);
    let mut statement = connection.prepare_cached(sql::EVENTS)?;
    let mut found = statement.query(params![from, limit])?;
    let mut looked_at = 0;
    while let Some(row) = found.next()? {
        looked_at += 1;
        page.reached = EventCursor::at(row.get::<_, i64>(0)?.unsigned_abs());
        if wanted.is_some() && wanted != row.get::<_, Option<i64>>(1)? {
            continue;
        }
        match by_row(rows::event(row, "events"))? {
            Ok(event) => page.events.push(event),
            // The others must not wait for it.
            Err(error) => tracing::error!(%error, "an event cannot be read and is left out"),
        }
    }
    page.more = looked_at == limit;
    // Asked for last: it only grows.
    page.gap |= after > newest(connection)?;
    Ok(page)
}

pub(super) fn newest(connection: &Connection) -> Result<EventCursor> {
    place(connection, sql::NEWEST_EVENT)
}

pub(super) fn fanned_out(connection: &Connection) -> Result<EventCursor> {
    place(connection, sql::FANNED_OUT)
}

fn place(connection: &Connection, statement: &str) -> Result<EventCursor> {
    let position = cell::<Option<i64>>(connection, statement, [])?.flatten();
    Ok(EventCursor::at(position.unwrap_or(0).unsigned_abs()))
}

/// A place as it is stored. That of another engine is before everything.
pub(super) fn position(cursor: EventCursor) -> i64 {
    match cursor.epoch {
        0 => i64::try_from(cursor.position).unwrap_or(i64::MAX),
        _ => 0,
    }
}

pub(super) fn fan_out(
    tx: &Tx<'_>,
    from: EventCursor,
    to: EventCursor,
    deliveries: &[NewDelivery],
) -> Result<bool> {
    let moved = params![position(from), position(to)];
    if execute(tx.connection(), sql::MOVE_FANNED_OUT, moved)? == 0 {
        return Ok(false);
    }
    for delivery in deliveries {
        insert(tx, delivery)?;
    }
    if !deliveries.is_empty() {
        tx.wake(Wakes::EVENTS);
    }
    Ok(true)
}

fn insert(tx: &Tx<'_>, new: &NewDelivery) -> Result<()> {
    let connection = tx.connection();
    let StoredEvent { cursor, event } = &new.event;
    let id = params![new.destination.as_bytes(), account_key(event.account)];
    let Some(destination) = cell::<i64>(connection, sql::DESTINATION_KEY, id)? else {
        // It has been deleted while this was made.
        return Ok(());
    };
    let own = event.job.as_bytes();
    let lane = new.lane.as_ref().map_or(own, LaneId::as_bytes);
    let lane = params![lane, destination];
    let waits = cell(connection, sql::IS_ON_ITS_WAY, lane)? == Some(true);
    let (state, due_at) = turn(waits, new.created_at);
    let fault = event.fault.as_ref().map(encode).transpose()?;
    let stored = execute(
        connection,
        sql::INSERT_DELIVERY,
        params![
            new.id.as_bytes(),
            account_key(event.account),
            destination,
            new.dialect,
            position(*cursor),
            event.job.as_bytes(),
            event.pipeline.as_bytes(),
            event.name.code(),
            event.attempt,
            event.at.as_millis(),
            fault,
            state,
            due_at,
            new.created_at.as_millis(),
            new.message,
            new.lane.as_ref().map(LaneId::as_bytes),
        ],
    )?;
    match stored {
        1 => Ok(()),
        _ if cell(connection, sql::HAS_DELIVERY, [new.id.as_bytes()])? == Some(true) => Ok(()),
        _ => Err(corrupt("events", "pipeline", cursor, "there is none")),
    }
}

/// The state and due time of a delivery that is to be sent from now on.
pub(super) fn turn(waits: bool, now: Timestamp) -> (u8, Option<i64>) {
    if waits {
        (DeliveryState::Waiting.code(), None)
    } else {
        (DeliveryState::Sending.code(), Some(now.as_millis()))
    }
}
