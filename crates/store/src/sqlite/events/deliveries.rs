//! Events on their way to destinations.

use std::sync::atomic::{AtomicI64, Ordering};

use reelgate_domain::event::{Delivery, DeliveryId, DeliveryState};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::{Connection, params};

use super::super::error::{by_row, corrupt};
use super::super::rows::{account_key, all, cell, execute, one};
use super::super::sql::events as sql;
use super::super::writer::Tx;
use super::{log, rows};
use crate::contract::{ClaimedDelivery, DeliveryClaim, DeliveryFilter, Replay, Result, Settled};
use crate::hints::Wakes;

/// The key of the destination that was served last, so that all get their turns.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct Turns(AtomicI64);

pub(super) fn claim(
    tx: &Tx<'_>,
    wanted: &DeliveryClaim,
    turns: &Turns,
) -> Result<Vec<ClaimedDelivery>> {
    let connection = tx.connection();
    let first = turns.0.load(Ordering::Relaxed);
    let (mut after, mut wrapped) = (first, false);
    let mut claimed = Vec::new();
    while claimed.len() < wanted.most as usize {
        let next: Option<i64> = cell(connection, sql::NEXT_DUE_DESTINATION, [after])?.flatten();
        match next {
            Some(key) if !(wrapped && key > first) => {
                after = key;
                turns.0.store(key, Ordering::Relaxed);
                claim_for(connection, key, wanted, &mut claimed)?;
            }
            None if !wrapped => (after, wrapped) = (0, true),
            _ => break,
        }
    }
    Ok(claimed)
}

fn claim_for(
    connection: &Connection,
    key: i64,
    wanted: &DeliveryClaim,
    claimed: &mut Vec<ClaimedDelivery>,
) -> Result<()> {
    let found = one(
        connection,
        sql::DESTINATION_BY_KEY,
        [key],
        rows::destination,
    );
    let known = match by_row(found)? {
        Ok(Some(known)) => known,
        Ok(None) => return Ok(()),
        Err(error) => {
            tracing::error!(%error, "a destination cannot be read: nothing is sent to it");
            return Ok(());
        }
    };
    if !known.deleted && !known.destination.enabled {
        return Ok(());
    }
    let id = known.destination.id;
    let busy = wanted.busy.iter().find(|(busy, _)| *busy == id);
    let room = wanted
        .each
        .saturating_sub(busy.map_or(0, |(_, tries)| *tries));
    let room = (room as usize).min(wanted.most as usize - claimed.len());
    let due = params![key, wanted.now.as_millis(), room as i64];
    let numbers: Vec<i64> = all(connection, sql::DUE_DELIVERIES, due, |row| Ok(row.get(0)?))?;
    for number in numbers {
        let lease = params![
            number,
            wanted.lease_until.as_millis(),
            wanted.now.as_millis()
        ];
        execute(connection, sql::TRY_DELIVERY, lease)?;
        match by_row(one(
            connection,
            sql::DELIVERY_BY_NUMBER,
            [number],
            rows::delivery,
        ))? {
            Ok(Some(delivery)) => claimed.push(ClaimedDelivery {
                delivery,
                destination: known.destination.clone(),
                deleted: known.deleted,
            }),
            Ok(None) => return Err(corrupt("deliveries", "number", number, "it is gone")),
            Err(error) => tracing::error!(%error, "a delivery cannot be read and is not sent"),
        }
    }
    Ok(())
}

pub(super) fn settle(tx: &Tx<'_>, settled: &[Settled]) -> Result<Vec<bool>> {
    settled.iter().map(|one| settle_one(tx, one)).collect()
}

fn settle_one(tx: &Tx<'_>, settled: &Settled) -> Result<bool> {
    let (state, due_at) = match settled.next {
        Ok(again) => (DeliveryState::Sending, Some(again.as_millis())),
        Err(end) => (end, None),
    };
    let connection = tx.connection();
    let row = params![
        settled.id.as_bytes(),
        settled.tries,
        state.code(),
        due_at,
        settled.at.as_millis(),
        settled.status,
        settled.error,
    ];
    let found = one(connection, sql::SETTLE_DELIVERY, row, |row| {
        Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?))
    })?;
    let Some((lane, destination)) = found else {
        return Ok(false);
    };
    if state.is_final() {
        let waiting: Option<i64> = cell(connection, sql::NEXT_WAITING, params![lane, destination])?;
        if let Some(next) = waiting {
            let begin = params![next, settled.at.as_millis()];
            execute(connection, sql::BEGIN_DELIVERY, begin)?;
            tx.wake(Wakes::EVENTS);
        }
    }
    Ok(true)
}

pub(super) fn get(
    connection: &Connection,
    account: AccountId,
    id: DeliveryId,
) -> Result<Option<Delivery>> {
    let key = params![account_key(account), id.as_bytes()];
    one(connection, sql::DELIVERY, key, rows::delivery)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    limit: u32,
) -> Result<Vec<Delivery>> {
    let before = filter
        .before
        .map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX));
    let owner = account_key(account);
    let destination: Option<i64> = match filter.destination {
        None => None,
        Some(id) => match cell(
            connection,
            sql::ANY_DESTINATION_KEY,
            params![id.as_bytes(), owner],
        )? {
            Some(key) => Some(key),
            None => return Ok(Vec::new()),
        },
    };
    let state = filter.state.map(DeliveryState::code);
    let read = rows::delivery;
    match (filter.job, state, destination) {
        (Some(job), ..) => all(
            connection,
            sql::DELIVERIES_OF_JOB,
            params![owner, before, limit, job.as_bytes(), state, destination],
            read,
        ),
        (None, Some(state), _) => all(
            connection,
            sql::DELIVERIES_IN_STATE,
            params![owner, before, limit, state, destination],
            read,
        ),
        (None, None, Some(destination)) => all(
            connection,
            sql::DELIVERIES_OF_DESTINATION,
            params![owner, before, limit, destination],
            read,
        ),
        (None, None, None) => all(
            connection,
            sql::DELIVERIES,
            params![owner, before, limit],
            read,
        ),
    }
}

pub(super) fn replay(
    tx: &Tx<'_>,
    account: AccountId,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Replay> {
    let connection = tx.connection();
    let key = params![account_key(account), id.as_bytes()];
    let found = one(connection, sql::DELIVERY_STATE, key, |row| {
        let number: i64 = row.get(0)?;
        let state: u8 = row.get(1)?;
        let lane: ([u8; 16], i64) = (row.get(2)?, row.get(3)?);
        Ok((number, state, lane, row.get::<_, bool>(4)?))
    })?;
    let Some((number, state, (lane, destination), deleted)) = found else {
        return Ok(Replay::Missing);
    };
    let known = DeliveryState::from_code(state)
        .ok_or_else(|| corrupt("deliveries", "state", number, "it is none"))?;
    if !known.is_final() {
        return Ok(Replay::Unsent);
    }
    if deleted {
        return Ok(Replay::DestinationMissing);
    }
    let waits = cell(connection, sql::IS_ON_ITS_WAY, params![lane, destination])? == Some(true);
    let (state, due_at) = log::turn(waits, now);
    let row = params![number, state, due_at, now.as_millis()];
    execute(connection, sql::REPLAY_DELIVERY, row)?;
    tx.wake(Wakes::EVENTS);
    Ok(Replay::Queued)
}
