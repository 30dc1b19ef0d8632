//! Taking old records away that are in the order of their times.

use std::collections::BTreeSet;

use reelgate_domain::{AccountId, Timestamp};
use tokio_postgres::Row;

use super::super::access::first_record_at;
use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::Cells;
use super::super::sql::keeping as sql;
use crate::contract::{Result, Slice};
use crate::walk::{Found, Step, behind, number_of};

/// What a row takes beside its texts, and its entries in indexes.
const RECORD_BYTES: u64 = 500;
const EVENT_BYTES: u64 = 150;
const DELIVERY_BYTES: u64 = 600;

/// A row of any of these tables.
struct Record {
    number: i64,
    account: Option<AccountId>,
    at: Timestamp,
    /// None: it does not go, however old it is.
    bytes: Option<u64>,
}

fn read(row: &Row, table: &'static str) -> Result<Record> {
    let number: i64 = row.get(0);
    let cells = Cells::of(row, table, number);
    let account: Option<i64> = cells.get(1, "account")?;
    Ok(Record {
        number,
        account: account.map(|_| cells.account(1)).transpose()?,
        at: cells.time(2, "at")?,
        bytes: cells.get::<Option<i64>>(3, "at")?.map(i64::unsigned_abs),
    })
}

/// Those of the records that have been kept for long enough.
fn outlived(records: Vec<Record>, slice: &Slice, row_bytes: u64) -> Vec<Found> {
    let old = records.into_iter().filter_map(|record| {
        let bytes = record.bytes?;
        let cutoff = slice.cutoffs.of(record.account);
        (record.at < cutoff).then(|| Found {
            number: record.number,
            account: record.account,
            cutoff,
            bytes: row_bytes + bytes,
        })
    });
    old.collect()
}

/// The numbers of records are made of their times.
pub(super) async fn audit(session: &Session, slice: &Slice) -> Answer<Step> {
    let most = slice.most.max(1);
    let range: [Param<'_>; 3] = [
        &number_of(slice.from.as_ref()),
        &first_record_at(slice.cutoffs.newest()),
        &i64::from(most),
    ];
    let records = session.all(sql::OLD_RECORDS, &range).await?;
    let records = records.iter().map(|row| read(row, "audit"));
    let records = records.collect::<Result<Vec<_>>>()?;
    let is_full = records.len() >= most as usize;
    let next = behind(records.last().map(|it| it.number), is_full);
    let found = outlived(records, slice, RECORD_BYTES);
    Ok(Step { found, next })
}

/// Events get their positions in about the order of their times, so the walk ends at the first that is
/// younger than everybody keeps them.
pub(super) async fn events(session: &Session, slice: &Slice) -> Answer<Step> {
    let most = slice.most.max(1);
    let range: [Param<'_>; 2] = [&number_of(slice.from.as_ref()), &i64::from(most)];
    let events = session.all(sql::OLD_EVENTS, &range).await?;
    let events = events.iter().map(|row| read(row, "events"));
    let mut events = events.collect::<Result<Vec<_>>>()?;
    let is_full = events.len() >= most as usize;
    let newest = slice.cutoffs.newest();
    let end = events.iter().position(|event| event.at >= newest);
    events.truncate(end.unwrap_or(usize::MAX));
    let last = events.last().map(|it| it.number);
    let next = behind(last, is_full && end.is_none());
    let found = outlived(events, slice, EVENT_BYTES);
    Ok(Step { found, next })
}

/// Deliveries are numbered in the order in which they were made; one is as old as its last try.
pub(super) async fn deliveries(session: &Session, slice: &Slice) -> Answer<Step> {
    let most = slice.most.max(1);
    let range: [Param<'_>; 2] = [&number_of(slice.from.as_ref()), &i64::from(most)];
    let rows = session.all(sql::OLD_DELIVERIES, &range).await?;
    let newest = slice.cutoffs.newest().as_millis();
    let young = rows.iter().position(|row| row.get::<_, i64>(4) >= newest);
    let old = rows.iter().take(young.unwrap_or(usize::MAX));
    let old = old
        .map(|row| read(row, "deliveries"))
        .collect::<Result<Vec<_>>>()?;
    let is_full = rows.len() >= most as usize && young.is_none();
    let next = behind(old.last().map(|it| it.number), is_full);
    let found = outlived(old, slice, DELIVERY_BYTES);
    Ok(Step { found, next })
}

/// Also notes how far events may be missing.
pub(super) async fn take_events_away(session: &Session, found: &[Found]) -> Answer<BTreeSet<i64>> {
    let gone = take_away(session, sql::DELETE_EVENTS, found).await?;
    if let Some(last) = gone.last() {
        session.execute(sql::NOTE_PRUNED, &[last]).await?;
    }
    Ok(gone)
}

/// Those that have been asked for once more since stay.
pub(super) async fn take_deliveries_away(
    session: &Session,
    found: &[Found],
) -> Answer<BTreeSet<i64>> {
    let numbers: Vec<i64> = found.iter().map(|found| found.number).collect();
    let cutoffs: Vec<i64> = found.iter().map(|found| found.cutoff.as_millis()).collect();
    let wanted: [Param<'_>; 2] = [&numbers, &cutoffs];
    let gone = session.all(sql::DELETE_DELIVERIES, &wanted).await?;
    Ok(gone.iter().map(|row| row.get(0)).collect())
}

/// Records do not change, so they need no second look.
pub(super) async fn take_away(
    session: &Session,
    statement: &'static str,
    found: &[Found],
) -> Answer<BTreeSet<i64>> {
    let numbers: Vec<i64> = found.iter().map(|found| found.number).collect();
    let gone = session.all(statement, &[&numbers]).await?;
    Ok(gone.iter().map(|row| row.get(0)).collect())
}
