//! The audit: who called what, and what came of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use reelgate_domain::Timestamp;
use reelgate_domain::access::{AuditEntry, AuditRecord};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::{Answer, Failure};
use super::super::rows::{Cells, account_key, storable};
use super::super::sql::access as sql;
use crate::contract::{AuditFilter, Result, StoreError};
use crate::stored::indexed;

/// How many numbers a millisecond has. Should there be more records, they take those of the next one.
/// Numbers stay below 2^53, which every reader of JSON can tell apart, until the year 2109.
const PER_MILLI: i64 = 2048;

/// How often records of one write may find their numbers taken.
const TRIES: u32 = 100;

/// The smallest number of this time.
pub(in crate::postgres) fn first_at(at: Timestamp) -> i64 {
    at.as_millis().max(0).saturating_mul(PER_MILLI)
}

/// The smallest number after this time.
fn first_after(at: Timestamp) -> i64 {
    first_at(at).saturating_add(PER_MILLI)
}

/// Another node may take the same numbers meanwhile: then those records get others.
pub(super) async fn record(session: &Session, records: &[AuditRecord]) -> Answer<()> {
    let mut left: Vec<&AuditRecord> = records.iter().collect();
    let mut tries = 0;
    while !left.is_empty() {
        tries += 1;
        if tries > TRIES {
            let why = "other nodes take all numbers of records";
            return Err(Failure::Again(StoreError::Unavailable(why.into())));
        }
        let numbers = numbers(session, &left).await?;
        let stored = insert(session, &left, &numbers).await?;
        let mut number = numbers.iter();
        left.retain(|_| number.next().is_some_and(|it| !stored.contains(it)));
    }
    Ok(())
}

/// A number for each record: the next free one of its time.
async fn numbers(session: &Session, records: &[&AuditRecord]) -> Answer<Vec<i64>> {
    let mut next = BTreeMap::new();
    look_up(session, &mut next, records.iter().map(|it| first_at(it.at))).await?;
    let mut numbers = Vec::with_capacity(records.len());
    for record in records {
        let mut first = first_at(record.at);
        loop {
            if !next.contains_key(&first) {
                look_up(session, &mut next, [first]).await?;
            }
            let free = next.entry(first).or_insert(first);
            if *free < first + PER_MILLI {
                numbers.push(*free);
                *free += 1;
                break;
            }
            first += PER_MILLI;
        }
    }
    Ok(numbers)
}

/// Finds the next free number of milliseconds that go by their first ones.
async fn look_up(
    session: &Session,
    next: &mut BTreeMap<i64, i64>,
    firsts: impl IntoIterator<Item = i64>,
) -> Answer<()> {
    let mut firsts: Vec<i64> = firsts.into_iter().collect();
    firsts.sort_unstable();
    firsts.dedup();
    let key: [Param<'_>; 2] = [&firsts, &PER_MILLI];
    let rows = session.all(sql::LAST_AUDIT, &key).await?;
    let last: HashMap<i64, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for first in firsts {
        next.insert(first, last.get(&first).map_or(first, |last| last + 1));
    }
    Ok(())
}

/// Stores the records whose numbers are free, and tells which numbers those were.
async fn insert(
    session: &Session,
    records: &[&AuditRecord],
    numbers: &[i64],
) -> Answer<HashSet<i64>> {
    // In the order of numbers, so that two nodes wait for each other in one order.
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_unstable_by_key(|place| numbers[*place]);
    let records = || order.iter().map(|place| records[*place]);
    let numbers: Vec<i64> = order.iter().map(|place| numbers[*place]).collect();
    let at: Vec<i64> = records().map(|it| it.at.as_millis()).collect();
    let account: Vec<Option<i64>> = records().map(|it| it.account.map(account_key)).collect();
    let principal: Vec<_> = records().map(|it| indexed(&it.principal)).collect();
    let key_id: Vec<_> = records()
        .map(|it| it.key_id.as_deref().map(storable))
        .collect();
    let dialect: Vec<_> = records().map(|it| storable(&it.dialect)).collect();
    let action: Vec<_> = records().map(|it| indexed(&it.action)).collect();
    let resource: Vec<_> = records()
        .map(|it| it.resource.as_deref().map(indexed))
        .collect();
    let source: Vec<_> = records()
        .map(|it| it.source.map(|source| source.to_string()))
        .collect();
    let allowed: Vec<bool> = records().map(|it| it.allowed).collect();
    let reason: Vec<_> = records()
        .map(|it| it.reason.as_deref().map(storable))
        .collect();
    let status: Vec<i32> = records().map(|it| i32::from(it.status)).collect();
    let code: Vec<_> = records()
        .map(|it| it.code.as_deref().map(storable))
        .collect();
    let request_id: Vec<_> = records().map(|it| indexed(&it.request_id)).collect();
    let stored: [Param<'_>; 14] = [
        &numbers,
        &at,
        &account,
        &principal,
        &key_id,
        &dialect,
        &action,
        &resource,
        &source,
        &allowed,
        &reason,
        &status,
        &code,
        &request_id,
    ];
    let stored = session.all(sql::INSERT_AUDIT, &stored).await?;
    Ok(stored.iter().map(|row| row.get(0)).collect())
}

pub(super) async fn list(
    session: &Session,
    filter: &AuditFilter,
    limit: u32,
) -> Answer<Vec<AuditEntry>> {
    let statement = match filter {
        AuditFilter {
            request_id: Some(_),
            ..
        } => sql::AUDIT_OF_REQUEST,
        AuditFilter { account: None, .. } => sql::AUDIT,
        // Of an account's calls, those that are the fewest to look at.
        AuditFilter {
            resource: Some(_), ..
        } => sql::AUDIT_OF_RESOURCE,
        AuditFilter {
            allowed: Some(false),
            ..
        } => sql::AUDIT_REFUSED,
        AuditFilter {
            principal: Some(_), ..
        } => sql::AUDIT_OF_PRINCIPAL,
        AuditFilter {
            action: Some(_), ..
        } => sql::AUDIT_OF_ACTION,
        AuditFilter { .. } => sql::AUDIT_OF_ACCOUNT,
    };
    let from = filter.from.map_or(0, first_at);
    let end = filter.to.map_or(i64::MAX, first_after);
    let end = end.min(filter.before.unwrap_or(i64::MAX));
    let key: [Param<'_>; 9] = [
        &from,
        &end.saturating_sub(1),
        &i64::from(limit),
        &filter.account.map(account_key),
        &filter.principal.as_deref().map(indexed),
        &filter.action.as_deref().map(indexed),
        &filter.resource.as_deref().map(indexed),
        &filter.request_id.as_deref().map(indexed),
        &filter.allowed,
    ];
    super::list(session, statement, &key, read).await
}

fn read(row: &Row) -> Result<AuditEntry> {
    let number: i64 = row.get(0);
    let cells = Cells::of(row, "audit", number);
    let account: Option<i64> = cells.get(2, "account")?;
    let account = account.map(|_| cells.account(2)).transpose()?;
    let record = AuditRecord {
        at: cells.time(1, "at")?,
        account,
        principal: cells.get(3, "principal")?,
        key_id: cells.get(4, "key_id")?,
        dialect: cells.get(5, "dialect")?,
        action: cells.get(6, "action")?,
        resource: cells.get(7, "resource")?,
        source: cells.maybe_word::<IpAddr>(8, "source")?,
        allowed: cells.get(9, "allowed")?,
        reason: cells.get(10, "reason")?,
        status: cells.number::<i32, _>(11, "status")?,
        code: cells.get(12, "code")?,
        request_id: cells.get(13, "request_id")?,
    };
    Ok(AuditEntry { number, record })
}

/// Removes the oldest records from before this time, at most so many; tells how many there were.
pub(super) async fn prune(session: &Session, before: Timestamp, most: i64) -> Answer<u64> {
    let key: [Param<'_>; 2] = [&first_at(before), &most];
    session.execute(sql::PRUNE_AUDIT, &key).await
}
