//! The audit: who called what, and what came of it.

use std::net::IpAddr;

use reelgate_domain::Timestamp;
use reelgate_domain::access::{AuditEntry, AuditRecord};
use rusqlite::{Connection, Row, params};

use super::super::rows::{Cells, account_key, all, cell, execute};
use super::super::sql::access as sql;
use crate::contract::{AuditFilter, Result};
use crate::stored::{indexed, storable};

/// How many numbers a millisecond has. Should there be more records, they take those of the next one.
/// Numbers stay below 2^53, which every reader of JSON can tell apart, until the year 2109.
const PER_MILLI: i64 = 2048;

/// The smallest number of this time.
pub(in crate::sqlite) fn first_at(at: Timestamp) -> i64 {
    at.as_millis().max(0).saturating_mul(PER_MILLI)
}

/// The smallest number after this time.
fn first_after(at: Timestamp) -> i64 {
    first_at(at).saturating_add(PER_MILLI)
}

pub(super) fn record(connection: &Connection, records: &[AuditRecord]) -> Result<()> {
    for record in records {
        let number = next_number(connection, record.at)?;
        execute(
            connection,
            sql::INSERT_AUDIT,
            params![
                number,
                record.at.as_millis(),
                record.account.map(account_key),
                indexed(&record.principal),
                record.key_id.as_deref().map(storable),
                storable(&record.dialect),
                indexed(&record.action),
                record.resource.as_deref().map(indexed),
                record.source.map(|source| source.to_string()),
                record.allowed,
                record.reason.as_deref().map(storable),
                record.status,
                record.code.as_deref().map(storable),
                indexed(&record.request_id),
            ],
        )?;
    }
    Ok(())
}

fn next_number(connection: &Connection, at: Timestamp) -> Result<i64> {
    let (first, mut end) = (first_at(at), first_after(at));
    loop {
        let last: Option<i64> = cell::<Option<i64>>(connection, sql::LAST_AUDIT, [end])?.flatten();
        let next = last.map_or(first, |last| first.max(last + 1));
        if next < end {
            return Ok(next);
        }
        end = end.saturating_add(PER_MILLI);
    }
}

pub(super) fn list(
    connection: &Connection,
    filter: &AuditFilter,
    limit: u32,
) -> Result<Vec<AuditEntry>> {
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
    all(
        connection,
        statement,
        params![
            from,
            end.saturating_sub(1),
            limit,
            filter.account.map(account_key),
            filter.principal.as_deref().map(indexed),
            filter.action.as_deref().map(indexed),
            filter.resource.as_deref().map(indexed),
            filter.request_id.as_deref().map(indexed),
            filter.allowed,
        ],
        read,
    )
}

fn read(row: &Row<'_>) -> Result<AuditEntry> {
    let number: i64 = row.get(0)?;
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
        status: cells.number(11, "status")?,
        code: cells.get(12, "code")?,
        request_id: cells.get(13, "request_id")?,
    };
    Ok(AuditEntry { number, record })
}

/// Removes the oldest records from before this time, at most so many; tells how many there were.
pub(super) fn prune(connection: &Connection, before: Timestamp, most: u32) -> Result<usize> {
    execute(
        connection,
        sql::PRUNE_AUDIT,
        params![first_at(before), most],
    )
}
