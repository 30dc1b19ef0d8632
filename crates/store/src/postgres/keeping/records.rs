//! Taking old records away that are in the order of their times.

use std::collections::BTreeSet;

use reelgate_domain::{AccountId, Timestamp};
use tokio_postgres::Row;

use super::super::access::first_record_at;
use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::Cells;
use super::super::sql::keeping as sql;
use super::{Found, Step, behind, number_of};
use crate::contract::{Result, Slice};

/// What a row takes beside its texts, and its entries in indexes.
const RECORD_BYTES: u64 = 500;

/// A row of any of these tables.
struct Record {
    number: i64,
    account: Option<AccountId>,
    at: Timestamp,
    bytes: u64,
}

fn read(row: &Row, table: &'static str) -> Result<Record> {
    let number: i64 = row.get(0);
    let cells = Cells::of(row, table, number);
    let account: Option<i64> = cells.get(1, "account")?;
    Ok(Record {
        number,
        account: account.map(|_| cells.account(1)).transpose()?,
        at: cells.time(2, "at")?,
        bytes: cells.get::<i64>(3, "at")?.unsigned_abs(),
    })
}

/// Those of the records that have been kept for long enough.
fn outlived(records: Vec<Record>, slice: &Slice, row_bytes: u64) -> Vec<Found> {
    let old = records.into_iter().filter_map(|record| {
        let cutoff = slice.cutoffs.of(record.account);
        (record.at < cutoff).then(|| Found {
            number: record.number,
            account: record.account,
            cutoff,
            bytes: row_bytes + record.bytes,
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
