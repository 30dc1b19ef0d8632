//! Events on their way to destinations.

use std::sync::atomic::{AtomicI64, Ordering};

use reelgate_domain::event::{Delivery, DeliveryId, DeliveryState};
use reelgate_domain::{AccountId, Timestamp};

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{account_key, storable};
use super::super::sql::events as sql;
use super::rows;
use crate::contract::{ClaimedDelivery, DeliveryClaim, DeliveryFilter, Replay, Settled};
use crate::stored::{by_row, corrupt};

/// The most destinations that one look finds.
const MOST_DESTINATIONS: i64 = 256;

/// The key of the destination that this node has served last, so that all get their turns.
#[derive(Debug, Default)]
pub(in crate::postgres) struct Turns(AtomicI64);

/// The next destinations to which something may be due, whoever was served last coming last. The look
/// after this one goes on behind them.
async fn due(session: &Session, turns: &Turns, now: Timestamp) -> Answer<Vec<i64>> {
    let first = turns.0.load(Ordering::Relaxed);
    let mut keys = Vec::new();
    for after in [first, 0] {
        let room = MOST_DESTINATIONS - keys.len() as i64;
        let range: [Param<'_>; 3] = [&after, &room, &now.as_millis()];
        let found = session.all(sql::DUE_DESTINATIONS, &range).await?;
        let found = found.iter().map(|row| row.get::<_, i64>(0));
        // The second time from the beginning, up to where the first time began.
        keys.extend(found.filter(|key| (*key > first) == (after == first)));
    }
    Ok(keys)
}

/// Whether there is anything to claim: most of the time there is not, and that takes no transaction.
pub(super) async fn is_any_due(session: &Session, now: Timestamp) -> Answer<bool> {
    let range: [Param<'_>; 3] = [&0i64, &1i64, &now.as_millis()];
    Ok(!session.all(sql::DUE_DESTINATIONS, &range).await?.is_empty())
}

pub(super) async fn claim(
    session: &Session,
    wanted: &DeliveryClaim,
    turns: &Turns,
) -> Answer<Vec<ClaimedDelivery>> {
    let mut claimed = Vec::new();
    for key in due(session, turns, wanted.now).await? {
        if claimed.len() >= wanted.most as usize {
            break;
        }
        turns.0.store(key, Ordering::Relaxed);
        claim_for(session, key, wanted, &mut claimed).await?;
    }
    Ok(claimed)
}

async fn claim_for(
    session: &Session,
    key: i64,
    wanted: &DeliveryClaim,
    claimed: &mut Vec<ClaimedDelivery>,
) -> Answer<()> {
    let row = session.one(sql::DESTINATION_BY_KEY, &[&key]).await?;
    let Some(row) = row else {
        return Ok(());
    };
    let known = match by_row(rows::destination(&row))? {
        Ok(known) => known,
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
    if room == 0 {
        return Ok(());
    }
    let due: [Param<'_>; 4] = [
        &key,
        &wanted.now.as_millis(),
        &(room as i64),
        &wanted.lease_until.as_millis(),
    ];
    let mut numbers: Vec<i64> = Vec::new();
    for row in &session.all(sql::TRY_DELIVERIES, &due).await? {
        numbers.push(row.get(0));
    }
    numbers.sort_unstable();
    for number in numbers {
        let row = session.one(sql::DELIVERY_BY_NUMBER, &[&number]).await?;
        let row = row.ok_or_else(|| corrupt("deliveries", "number", number, "it is gone"))?;
        match by_row(rows::delivery(&row))? {
            Ok(delivery) => claimed.push(ClaimedDelivery {
                delivery,
                destination: known.destination.clone(),
                deleted: known.deleted,
            }),
            Err(error) => tracing::error!(%error, "a delivery cannot be read and is not sent"),
        }
    }
    Ok(())
}

pub(super) async fn settle(session: &Session, settled: &[Settled]) -> Answer<Vec<bool>> {
    session.one(sql::SHARE_TURNS, &[]).await?;
    let mut counted = vec![false; settled.len()];
    // Two that settle the same ones meet them in one order.
    let mut order: Vec<usize> = (0..settled.len()).collect();
    order.sort_unstable_by_key(|place| settled[*place].id);
    for place in order {
        counted[place] = settle_one(session, &settled[place]).await?;
    }
    Ok(counted)
}

async fn settle_one(session: &Session, settled: &Settled) -> Answer<bool> {
    let (state, due_at) = match settled.next {
        Ok(again) => (DeliveryState::Sending, Some(again.as_millis())),
        Err(end) => (end, None),
    };
    let row: [Param<'_>; 7] = [
        &settled.id.as_bytes().as_slice(),
        &i32::try_from(settled.tries).unwrap_or(i32::MAX),
        &i16::from(state.code()),
        &due_at,
        &settled.at.as_millis(),
        &settled.status.map(i32::from),
        &settled.error.as_deref().map(storable),
    ];
    let Some(row) = session.one(sql::SETTLE_DELIVERY, &row).await? else {
        return Ok(false);
    };
    if state.is_final() {
        let (lane, destination): (&[u8], i64) = (row.get(0), row.get(1));
        let next: [Param<'_>; 3] = [&lane, &destination, &settled.at.as_millis()];
        session.execute(sql::BEGIN_NEXT, &next).await?;
    }
    Ok(true)
}

pub(super) async fn get(
    session: &Session,
    account: AccountId,
    id: DeliveryId,
) -> Answer<Option<Delivery>> {
    let key: [Param<'_>; 2] = [&account_key(account), &id.as_bytes().as_slice()];
    let row = session.one(sql::DELIVERY, &key).await?;
    Ok(row.as_ref().map(rows::delivery).transpose()?)
}

pub(super) async fn list(
    session: &Session,
    account: AccountId,
    filter: &DeliveryFilter,
    limit: u32,
) -> Answer<Vec<Delivery>> {
    let before = filter
        .before
        .map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX));
    let (owner, most) = (account_key(account), i64::from(limit));
    let destination = filter.destination.map(|id| id.as_bytes().to_vec());
    let state = filter.state.map(|state| i16::from(state.code()));
    let job = filter.job.map(|id| id.as_bytes().to_vec());
    let range: [Param<'_>; 3] = [&owner, &before, &most];
    let [owner, before, most] = range;
    let found = match (&job, &state, &destination) {
        (Some(job), ..) => {
            let key: [Param<'_>; 6] = [owner, before, most, job, &state, &destination];
            session.all(sql::DELIVERIES_OF_JOB, &key).await?
        }
        (None, Some(state), _) => {
            let key: [Param<'_>; 5] = [owner, before, most, state, &destination];
            session.all(sql::DELIVERIES_IN_STATE, &key).await?
        }
        (None, None, Some(destination)) => {
            let key: [Param<'_>; 4] = [owner, before, most, destination];
            session.all(sql::DELIVERIES_OF_DESTINATION, &key).await?
        }
        (None, None, None) => session.all(sql::DELIVERIES, &range).await?,
    };
    Ok(found.iter().map(rows::delivery).collect::<Result<_, _>>()?)
}

pub(super) async fn replay(
    session: &Session,
    account: AccountId,
    id: DeliveryId,
    now: Timestamp,
) -> Answer<Replay> {
    session.one(sql::HOLD_TURNS, &[]).await?;
    let key: [Param<'_>; 2] = [&account_key(account), &id.as_bytes().as_slice()];
    let Some(row) = session.one(sql::LOCK_DELIVERY, &key).await? else {
        return Ok(Replay::Missing);
    };
    let (number, state): (i64, i16) = (row.get(0), row.get(1));
    let known = u8::try_from(state).ok().and_then(DeliveryState::from_code);
    let known = known.ok_or_else(|| corrupt("deliveries", "state", number, "it is none"))?;
    if !known.is_final() {
        return Ok(Replay::Unsent);
    }
    if row.get(4) {
        return Ok(Replay::DestinationMissing);
    }
    let (lane, destination): (&[u8], i64) = (row.get(2), row.get(3));
    let lane: [Param<'_>; 2] = [&lane, &destination];
    let waits = session.holds(sql::IS_ON_ITS_WAY, &lane).await?;
    let (state, due_at) = match waits {
        true => (DeliveryState::Waiting, None),
        false => (DeliveryState::Sending, Some(now.as_millis())),
    };
    let row: [Param<'_>; 4] = [&number, &i16::from(state.code()), &due_at, &now.as_millis()];
    session.execute(sql::REPLAY_DELIVERY, &row).await?;
    Ok(Replay::Queued)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelgate_testkit::Postgres;

    use super::super::super::connect::Connector;
    use super::super::super::migrate;
    use super::*;

    /// A receiver that was switched off with something unsent had every node begin a transaction each second.
    #[tokio::test]
    async fn nothing_is_due_before_its_time_or_of_what_is_switched_off() {
        let url = Postgres::shared().database();
        let connector = Connector::new(&url, Duration::from_secs(30)).unwrap();
        let session = connector.connect().await.unwrap();
        let migrated = migrate::migrate(&session, migrate::MIGRATIONS).await;
        migrated.unwrap();
        let fill = "INSERT INTO destinations (key, id, account, url, names, secret, enabled, since, created_at) \
            VALUES (7, '\\x07', 1, 'u', 1, 's', true, 0, 0); \
            INSERT INTO deliveries (id, account, destination, position, job, pipeline, name, attempt, at, state, \
            due_at, began_at, created_at) VALUES ('\\x01', 1, 7, 1, '\\x01', 1, 1, 1, 0, 1, 1000, 0, 0)";
        session.batch(fill).await.unwrap();
        let is_due = async |at| {
            is_any_due(&session, Timestamp::from_millis(at))
                .await
                .unwrap()
        };
        assert!(!is_due(999).await);
        assert!(is_due(1000).await);
        let change = async |set: &str| {
            let change = format!("UPDATE destinations SET {set}");
            session.batch(&change).await.unwrap();
        };
        change("enabled = false").await;
        assert!(!is_due(1000).await);
        // So that what is unsent can be withdrawn.
        change("deleted = true").await;
        assert!(is_due(1000).await);
    }
}
