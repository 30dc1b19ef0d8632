//! Listings of streams, what was noted and seen of them, and taking that away.

use reelgate_domain::stream::{Health, StreamId, StreamNote};
use reelgate_domain::{AccountId, Timestamp};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{Cells, account_key, storable};
use super::super::sql::streams as sql;
use super::rows::{exists, kept};
use crate::assets::Unread;
use crate::contract::{Result, StreamCounts, StreamFilter, StreamPage};
use crate::stored::decode;
use crate::streams::{PRUNED_AT_ONCE, happening_of};

pub(super) async fn list(
    session: &Session,
    account: AccountId,
    filter: &StreamFilter,
    limit: u32,
) -> Answer<StreamPage> {
    let account = account_key(account);
    let keyword = filter.keyword.as_deref().map(storable);
    let id: Option<StreamId> = keyword.as_ref().and_then(|text| text.parse().ok());
    let id = id.as_ref().map(|id| id.as_bytes().as_slice());
    let since = filter.since.map(Timestamp::as_millis);
    let (limit, offset) = (i64::from(limit), i64::try_from(filter.offset));
    let offset = offset.unwrap_or(i64::MAX);
    let cluster = filter.cluster.as_ref().map(|cluster| cluster.as_str());
    let matches: [Param<'_>; 5] = [&account, &filter.wanted, &keyword, &id, &since];
    let (total, page) = match cluster {
        None => (sql::COUNT_MATCHES, [sql::LIST, sql::LIST_OLDEST]),
        Some(_) => (
            sql::COUNT_MATCHES_OF_CLUSTER,
            [sql::LIST_CLUSTER, sql::LIST_OLDEST_OF_CLUSTER],
        ),
    };
    let page = page[usize::from(filter.oldest_first)];
    let mut count = matches.to_vec();
    let mut range = matches.to_vec();
    range.extend([&limit as Param<'_>, &offset]);
    if let Some(cluster) = &cluster {
        count.push(cluster);
        range.push(cluster);
    }
    let total = session.one(total, &count).await?;
    let total: i64 = total.map_or(0, |row| row.get(0));
    let mut streams = Vec::new();
    let mut unread = Unread::of("streams");
    for row in &session.all(page, &range).await? {
        streams.extend(unread.sift(kept(row))?.map(|kept| kept.stream));
    }
    unread.log();
    Ok(StreamPage {
        streams,
        total: total.cast_unsigned(),
    })
}

pub(super) async fn notes(
    session: &Session,
    (account, id): (AccountId, StreamId),
    before: Option<Timestamp>,
    limit: u32,
) -> Answer<Vec<StreamNote>> {
    if !exists(session, account, id).await? {
        return Ok(Vec::new());
    }
    let before = before.map_or(i64::MAX, Timestamp::as_millis);
    let range: [Param<'_>; 2] = [&id.as_bytes().as_slice(), &before];
    let rows = session.all(sql::NOTES, &range).await?;
    let read = |row: &Row| -> Result<StreamNote> {
        let cells = Cells::of(row, "stream_notes", id);
        let what = happening_of(cells.get(1, "what")?);
        Ok(StreamNote {
            at: cells.time(0, "at")?,
            what: what.ok_or_else(|| cells.corrupt("what", "it is not known"))?,
            run: cells.number::<i64, u32>(2, "run")?,
            attempt: cells.number::<i64, u32>(3, "attempt")?,
            message: cells.get(4, "message")?,
        })
    };
    let mut notes: Vec<StreamNote> = rows.iter().map(read).collect::<Result<_>>()?;
    // Workers note when they saw something, which is before it is written.
    notes.sort_by_key(|note| std::cmp::Reverse(note.at));
    notes.truncate(limit as usize);
    Ok(notes)
}

pub(super) async fn health(
    session: &Session,
    (account, id): (AccountId, StreamId),
    after: Timestamp,
    limit: u32,
) -> Answer<Vec<Health>> {
    if !exists(session, account, id).await? {
        return Ok(Vec::new());
    }
    let key = id.as_bytes().as_slice();
    let range: [Param<'_>; 3] = [&key, &after.as_millis(), &i64::from(limit)];
    let rows = session.all(sql::SAMPLES, &range).await?;
    let read = |row: &Row| -> Result<Health> {
        let body: &str = Cells::of(row, "stream_health", id).get(0, "body")?;
        decode(body, "stream_health", "body", id)
    };
    Ok(rows.iter().map(read).collect::<Result<_>>()?)
}

pub(super) async fn count(session: &Session) -> Answer<StreamCounts> {
    let wanted = session.one(sql::COUNT_WANTED, &[]).await?;
    let kept = session.one(sql::COUNT_KEPT, &[]).await?;
    let held = session.one(sql::COUNT_HELD, &[]).await?;
    let count = |row: Option<Row>| row.map_or(0, |row| row.get::<_, i64>(0).cast_unsigned());
    let wanted = count(wanted);
    Ok(StreamCounts {
        wanted,
        held: count(held),
        // One that is deleted is wanted no more.
        idle: count(kept).saturating_sub(wanted),
    })
}

pub(super) async fn prune(session: &Session, before: Timestamp) -> Answer<bool> {
    let range: [Param<'_>; 2] = [&before.as_millis(), &PRUNED_AT_ONCE];
    let gone = session.execute(sql::PRUNE_SAMPLES, &range).await?;
    Ok(i64::try_from(gone).is_ok_and(|gone| gone >= PRUNED_AT_ONCE))
}
