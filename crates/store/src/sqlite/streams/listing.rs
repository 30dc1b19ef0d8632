//! Listings of streams, what was noted and seen of them, and taking that away.

use reelgate_domain::stream::{Health, StreamId, StreamNote};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::{Connection, Row, ToSql, params};

use super::super::rows::{Cells, account_key, all, cell, execute};
use super::super::sql::streams as sql;
use super::super::writer::Tx;
use super::rows::{exists, kept};
use crate::assets::Unread;
use crate::contract::{Result, StreamCounts, StreamFilter, StreamPage};
use crate::stored::{decode, storable};
use crate::streams::{PRUNED_AT_ONCE, happening_of};

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &StreamFilter,
    limit: u32,
) -> Result<StreamPage> {
    let account = account_key(account);
    let keyword = filter.keyword.as_deref().map(storable);
    let id: Option<StreamId> = keyword.as_ref().and_then(|text| text.parse().ok());
    let id = id.as_ref().map(StreamId::as_bytes);
    let since = filter.since.map(Timestamp::as_millis);
    let offset = i64::try_from(filter.offset).unwrap_or(i64::MAX);
    let cluster = filter.cluster.as_ref().map(|cluster| cluster.as_str());
    let matches: [&dyn ToSql; 5] = [&account, &filter.wanted, &keyword, &id, &since];
    let (total, page) = match cluster {
        None => (sql::COUNT_MATCHES, [sql::LIST, sql::LIST_OLDEST]),
        Some(_) => (
            sql::COUNT_MATCHES_OF_CLUSTER,
            [sql::LIST_CLUSTER, sql::LIST_OLDEST_OF_CLUSTER],
        ),
    };
    let page = page[usize::from(filter.oldest_first)];
    let mut count = matches.to_vec();
    let mut range = [&matches[..], &[&limit as &dyn ToSql, &offset]].concat();
    if let Some(cluster) = &cluster {
        count.push(cluster);
        range.push(cluster);
    }
    let total: Option<i64> = cell(connection, total, &count[..])?;
    let mut streams = Vec::new();
    let mut unread = Unread::of("streams");
    let read = |row: &Row<'_>| Ok(kept(row));
    for found in all(connection, page, &range[..], read)? {
        streams.extend(unread.sift(found)?.map(|kept| kept.stream));
    }
    unread.log();
    Ok(StreamPage {
        streams,
        total: total.unwrap_or(0).cast_unsigned(),
    })
}

pub(super) fn notes(
    connection: &Connection,
    (account, id): (AccountId, StreamId),
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<StreamNote>> {
    if !exists(connection, account, id)? {
        return Ok(Vec::new());
    }
    let before = before.map_or(i64::MAX, Timestamp::as_millis);
    let range = params![id.as_bytes(), before];
    let mut notes = all(connection, sql::NOTES, range, |row| {
        let cells = Cells::of(row, "stream_notes", id);
        let what: i64 = cells.get(1, "what")?;
        let what = happening_of(what);
        Ok(StreamNote {
            at: cells.time(0, "at")?,
            what: what.ok_or_else(|| cells.corrupt("what", "it is not known"))?,
            run: cells.number(2, "run")?,
            attempt: cells.number(3, "attempt")?,
            message: cells.get(4, "message")?,
        })
    })?;
    // Workers note when they saw something, which is before it is written.
    notes.sort_by_key(|note| std::cmp::Reverse(note.at));
    notes.truncate(limit as usize);
    Ok(notes)
}

pub(super) fn health(
    connection: &Connection,
    (account, id): (AccountId, StreamId),
    after: Timestamp,
    limit: u32,
) -> Result<Vec<Health>> {
    if !exists(connection, account, id)? {
        return Ok(Vec::new());
    }
    let range = params![id.as_bytes(), after.as_millis(), limit];
    all(connection, sql::SAMPLES, range, |row| {
        let body: String = Cells::of(row, "stream_health", id).get(0, "body")?;
        decode(&body, "stream_health", "body", id)
    })
}

pub(super) fn count(connection: &Connection) -> Result<StreamCounts> {
    let count = |query| -> Result<u64> {
        let count: Option<i64> = cell(connection, query, [])?;
        Ok(count.unwrap_or(0).cast_unsigned())
    };
    let wanted = count(sql::COUNT_WANTED)?;
    Ok(StreamCounts {
        wanted,
        held: count(sql::COUNT_HELD)?,
        // One that is deleted is wanted no more.
        idle: count(sql::COUNT_KEPT)?.saturating_sub(wanted),
    })
}

pub(super) fn prune(tx: &Tx<'_>, before: Timestamp) -> Result<bool> {
    let range = params![before.as_millis(), PRUNED_AT_ONCE];
    let gone = execute(tx.connection(), sql::PRUNE_SAMPLES, range)?;
    Ok(i64::try_from(gone).is_ok_and(|gone| gone >= PRUNED_AT_ONCE))
}
