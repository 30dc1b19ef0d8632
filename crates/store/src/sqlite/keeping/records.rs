//! Taking old records away that are in the order of their times: the audit, events, deliveries.

use reelgate_domain::{AccountId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::super::access::first_record_at;
use super::super::rows::{Cells, all, execute};
use super::super::sql::keeping as sql;
use super::super::writer::Tx;
use super::{has_outlived, maybe_account};
use crate::contract::{Result, Slice};
use crate::walk::{Found, Step, behind, number_of};

/// What a row takes beside its texts, and its entries in indexes.
const RECORD_BYTES: u64 = 300;
const EVENT_BYTES: u64 = 60;
const DELIVERY_BYTES: u64 = 400;

/// A row of any of these tables.
struct Record {
    number: i64,
    account: Option<AccountId>,
    at: Timestamp,
    /// None: it does not go, however old it is.
    bytes: Option<u64>,
}

fn read(row: &Row<'_>, table: &'static str) -> Result<Record> {
    let number: i64 = row.get(0)?;
    let cells = Cells::of(row, table, number);
    let bytes: Option<i64> = cells.get(3, "account")?;
    Ok(Record {
        number,
        account: maybe_account(&cells, 1)?,
        at: cells.time(2, "at")?,
        bytes: bytes.map(i64::unsigned_abs),
    })
}

/// Those of the records that have been kept for long enough.
fn outlived(records: Vec<Record>, slice: &Slice, row_bytes: u64) -> Vec<Found> {
    let old = records.into_iter().filter_map(|record| {
        let bytes = record.bytes?;
        has_outlived(&slice.cutoffs, record.account, record.at).then(|| Found {
            number: record.number,
            account: record.account,
            cutoff: slice.cutoffs.of(record.account),
            bytes: row_bytes + bytes,
        })
    });
    old.collect()
}

/// The numbers of records are made of their times.
pub(super) fn audit(connection: &Connection, slice: &Slice) -> Result<Step> {
    let from = number_of(slice.from.as_ref());
    let end = first_record_at(slice.cutoffs.newest());
    let range = params![from, end, slice.most.max(1)];
    let records = all(connection, sql::OLD_RECORDS, range, |row| {
        read(row, "audit")
    })?;
    let is_full = records.len() >= slice.most.max(1) as usize;
    let next = behind(records.last().map(|it| it.number), is_full);
    let found = outlived(records, slice, RECORD_BYTES);
    Ok(Step { found, next })
}

/// Events are written in about the order of their times, so the walk ends at the first that is younger
/// than everybody keeps them.
pub(super) fn events(connection: &Connection, slice: &Slice) -> Result<Step> {
    let range = params![number_of(slice.from.as_ref()), slice.most.max(1)];
    let mut events = all(connection, sql::OLD_EVENTS, range, |row| {
        read(row, "events")
    })?;
    let is_full = events.len() >= slice.most.max(1) as usize;
    let newest = slice.cutoffs.newest();
    let end = events.iter().position(|event| event.at >= newest);
    let next = match end {
        Some(end) => {
            events.truncate(end);
            None
        }
        None => behind(events.last().map(|it| it.number), is_full),
    };
    let found = outlived(events, slice, EVENT_BYTES);
    Ok(Step { found, next })
}

/// Deliveries are numbered in the order in which they were made; one is as old as its last try.
pub(super) fn deliveries(connection: &Connection, slice: &Slice) -> Result<Step> {
    let range = params![number_of(slice.from.as_ref()), slice.most.max(1)];
    let rows = all(connection, sql::OLD_DELIVERIES, range, |row| {
        let made_at = Timestamp::from_millis(row.get(4)?);
        Ok((read(row, "deliveries")?, made_at))
    })?;
    let is_full = rows.len() >= slice.most.max(1) as usize;
    let newest = slice.cutoffs.newest();
    let young = rows.iter().position(|(_, made_at)| *made_at >= newest);
    let next = match (young, rows.last()) {
        (None, Some((last, _))) if is_full => behind(Some(last.number), true),
        _ => None,
    };
    let old = rows.into_iter().take(young.unwrap_or(usize::MAX));
    let old = old.map(|(record, _)| record).collect();
    let found = outlived(old, slice, DELIVERY_BYTES);
    Ok(Step { found, next })
}

/// Records do not change, so they need no second look.
pub(super) fn take_away(tx: &Tx<'_>, statement: &str, found: &[Found]) -> Result<Vec<bool>> {
    let gone = found
        .iter()
        .map(|found| Ok(execute(tx.connection(), statement, [found.number])? == 1));
    gone.collect()
}

/// Also notes how far events may be missing.
pub(super) fn take_events_away(tx: &Tx<'_>, found: &[Found]) -> Result<Vec<bool>> {
    let gone = take_away(tx, sql::DELETE_EVENT, found)?;
    let removed = found.iter().zip(&gone).filter(|(_, gone)| **gone);
    if let Some(last) = removed.map(|(found, _)| found.number).max() {
        execute(tx.connection(), sql::NOTE_PRUNED, [last])?;
    }
    Ok(gone)
}

/// Those that have been asked for once more since stay.
pub(super) fn take_deliveries_away(tx: &Tx<'_>, found: &[Found]) -> Result<Vec<bool>> {
    let gone = found.iter().map(|found| {
        let key = params![found.number, found.cutoff.as_millis()];
        Ok(execute(tx.connection(), sql::DELETE_DELIVERY, key)? == 1)
    });
    gone.collect()
}
