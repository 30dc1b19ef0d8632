//! Reading jobs: by id, page by page, and what has happened to them.

use std::collections::BTreeSet;

use reelgate_domain::job::{HistoryEntry, Job};
use reelgate_domain::{AccountId, JobId, JobNumber, Timestamp};
use tokio_postgres::Row;

use super::connect::{Param, Session};
use super::error::Answer;
use super::job_rows::{account_key, held, job, kind_codes};
use super::sql::jobs as sql;
use crate::contract::{JobFilter, StoreError};
use crate::happened;
use crate::lanes::{IdRange, LANES, lanes};

pub(super) async fn get_many(
    session: &Session,
    account: AccountId,
    ids: &[JobId],
) -> Answer<Vec<Job>> {
    let ids: BTreeSet<&JobId> = ids.iter().collect();
    let ids: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
    let params: [Param<'_>; 2] = [&account_key(account), &ids];
    let mut rows = session.all(sql::JOBS_BY_ID, &params).await?;
    newest_first(&mut rows);
    let mut jobs = Vec::with_capacity(rows.len());
    let mut unread = Unread::default();
    for row in &rows {
        match job(row) {
            Ok((job, _)) => jobs.push(job),
            Err(why) => unread.pass_over(id(row), why),
        }
    }
    match unread.first {
        // Whoever asks for nothing else must not be told that it does not exist.
        Some((_, why)) if jobs.is_empty() => Err(why.into()),
        _ => {
            unread.log();
            Ok(jobs)
        }
    }
}

/// As [`get_many`], by their numbers.
pub(super) async fn get_numbered(
    session: &Session,
    account: AccountId,
    numbers: &[JobNumber],
) -> Answer<Vec<Job>> {
    let numbers: Vec<i64> = numbers.iter().map(|number| number.0).collect();
    let params: [Param<'_>; 2] = [&account_key(account), &numbers];
    let rows = session.all(sql::IDS_OF_NUMBERS, &params).await?;
    let ids: Vec<JobId> = rows.iter().map(short_id).collect();
    get_many(session, account, &ids).await
}

fn short_id(row: &Row) -> JobId {
    let id: &[u8] = row.get(0);
    JobId::from_bytes(id.try_into().unwrap_or_default())
}

/// The job at this place of a listing.
pub(super) async fn at(
    session: &Session,
    account: AccountId,
    filter: &JobFilter,
    place: u64,
) -> Answer<Option<JobId>> {
    let Some(range) = IdRange::of(filter) else {
        return Ok(None);
    };
    let ranges = Ranges::of(session, account, filter).await?;
    let (first, last) = (range.first.as_bytes(), range.last.as_bytes());
    let (first, last) = (first.as_slice(), last.as_slice());
    let place = i64::try_from(place).unwrap_or(i64::MAX - 1);
    let row = match &ranges {
        Ranges::Account(account) => {
            let account = account_key(*account);
            let params: [Param<'_>; 4] = [&account, &first, &last, &place];
            session.one(sql::NTH_OF_ACCOUNT, &params).await?
        }
        Ranges::Lanes {
            pipelines,
            kinds,
            lanes,
        } => {
            let most = place + 1;
            let params: [Param<'_>; 6] = [pipelines, lanes, &first, &last, &most, kinds];
            session.one(sql::NTH_OF_LANES, &params).await?
        }
    };
    Ok(row.as_ref().map(short_id))
}

/// How many jobs match, as far as `most`.
pub(super) async fn count(
    session: &Session,
    account: AccountId,
    filter: &JobFilter,
    most: u64,
) -> Answer<u64> {
    let Some(range) = IdRange::of(filter) else {
        return Ok(0);
    };
    let ranges = Ranges::of(session, account, filter).await?;
    let (first, last) = (range.first.as_bytes(), range.last.as_bytes());
    let (first, last) = (first.as_slice(), last.as_slice());
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let row = match &ranges {
        Ranges::Account(account) => {
            let account = account_key(*account);
            let params: [Param<'_>; 4] = [&account, &first, &last, &most];
            session.one(sql::COUNT_ACCOUNT, &params).await?
        }
        Ranges::Lanes {
            pipelines,
            kinds,
            lanes,
        } => {
            let params: [Param<'_>; 6] = [pipelines, lanes, &first, &last, &most, kinds];
            session.one(sql::COUNT_LANES, &params).await?
        }
    };
    let found: i64 = row.map_or(0, |row| row.get(0));
    Ok(found.cast_unsigned())
}

fn newest_first(rows: &mut [Row]) {
    rows.sort_by(|a, b| b.get::<_, &[u8]>(1).cmp(a.get::<_, &[u8]>(1)));
}

fn id(row: &Row) -> JobId {
    let id: &[u8] = row.get(1);
    JobId::from_bytes(id.try_into().unwrap_or_default())
}

/// What a read passes over because it cannot be read. Logged as one: a page of what another release
/// has written is no reason for a page of log.
#[derive(Default)]
struct Unread {
    count: u64,
    first: Option<(JobId, StoreError)>,
}

impl Unread {
    fn pass_over(&mut self, id: JobId, why: StoreError) {
        self.count += 1;
        self.first.get_or_insert((id, why));
    }

    fn log(&self) {
        let Some((id, error)) = &self.first else {
            return;
        };
        let count = self.count;
        tracing::error!(
            job.id = %id, count, %error,
            "{count} jobs cannot be read and are not shown; the first is job {id}"
        );
    }
}

/// A page. Of all kinds and states it walks the account's jobs by id; of some it merges one index range
/// per pipeline, kind and lane, so that it never walks over others. A statement finds the jobs
/// and reads them, so that what it shows is as it was at one moment.
pub(super) async fn list(
    session: &Session,
    account: AccountId,
    filter: &JobFilter,
    limit: u32,
) -> Answer<Vec<Job>> {
    let mut rest = IdRange::of(filter);
    let ranges = Ranges::of(session, account, filter).await?;
    let most = limit as usize;
    let mut jobs = Vec::new();
    let mut unread = Unread::default();
    // Once, unless some of what is found cannot be read: a page that is not full would say that
    // there is nothing after it.
    while let Some(range) = rest {
        let rows = ranges.newest(session, range, limit).await?;
        rest = match rows.last() {
            Some(oldest) if rows.len() == most => range.before(id(oldest)),
            _ => None,
        };
        for row in &rows {
            if jobs.len() == most {
                break;
            }
            match job(row) {
                Ok((job, _)) => jobs.push(job),
                Err(why) => unread.pass_over(id(row), why),
            }
        }
        if jobs.len() >= most {
            break;
        }
    }
    unread.log();
    Ok(jobs)
}

/// The index ranges that hold what a filter asks for, its bounds of ids aside.
enum Ranges {
    /// All jobs of an account.
    Account(AccountId),
    /// Every one of these lanes, of each of these kinds, of every one of these pipelines.
    Lanes {
        pipelines: Vec<i64>,
        kinds: Vec<i16>,
        lanes: Vec<i16>,
    },
}

impl Ranges {
    async fn of(session: &Session, account: AccountId, filter: &JobFilter) -> Answer<Self> {
        let lanes = lanes(filter);
        if filter.pipeline.is_none() && lanes.is_none() && filter.kinds.is_all() {
            return Ok(Self::Account(account));
        }
        let account = account_key(account);
        let rows = match filter.pipeline {
            Some(id) => {
                let id = id.as_bytes().as_slice();
                session.all(sql::ANY_PIPELINE_KEY, &[&id, &account]).await?
            }
            None => session.all(sql::PIPELINE_KEYS, &[&account]).await?,
        };
        let pipelines = rows.iter().map(|row| row.get(0)).collect();
        let lanes = lanes.unwrap_or_else(|| (0..LANES).collect());
        let lanes = lanes.into_iter().map(|lane| lane as i16).collect();
        Ok(Self::Lanes {
            pipelines,
            kinds: kind_codes(filter.kinds),
            lanes,
        })
    }

    /// Newest first.
    async fn newest(&self, session: &Session, range: IdRange, limit: u32) -> Answer<Vec<Row>> {
        let (first, last) = (range.first.as_bytes(), range.last.as_bytes());
        let (first, last) = (first.as_slice(), last.as_slice());
        let limit = i64::from(limit);
        let mut rows = match self {
            Self::Account(account) => {
                let account = account_key(*account);
                let params: [Param<'_>; 4] = [&account, &first, &last, &limit];
                session.all(sql::LIST_ACCOUNT, &params).await?
            }
            Self::Lanes {
                pipelines,
                kinds,
                lanes,
            } => {
                let params: [Param<'_>; 6] = [pipelines, lanes, &first, &last, &limit, kinds];
                session.all(sql::LIST_LANES, &params).await?
            }
        };
        newest_first(&mut rows);
        Ok(rows)
    }
}

/// A job's whole history, oldest first.
pub(super) async fn history(
    session: &Session,
    account: AccountId,
    id: JobId,
) -> Answer<Option<Vec<HistoryEntry>>> {
    let id = id.as_bytes().as_slice();
    let key: [Param<'_>; 2] = [&account_key(account), &id];
    let Some(row) = session.one(sql::HISTORY, &key).await? else {
        return Ok(None);
    };
    let (_, held) = held(&row)?;
    let created_at = Timestamp::from_millis(row.get(16));
    Ok(Some(happened::all(&held?, created_at, row.get(17))?))
}

/// Those of the jobs that are there and have no lease.
pub(super) async fn unheld(
    session: &Session,
    account: AccountId,
    ids: &[JobId],
) -> Answer<Vec<JobId>> {
    let wanted: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
    let params: [Param<'_>; 2] = [&account_key(account), &wanted];
    let rows = session.all(sql::UNHELD, &params).await?;
    let found: BTreeSet<&[u8]> = rows.iter().map(|row| row.get(0)).collect();
    let is_found = |id: &&JobId| found.contains(id.as_bytes().as_slice());
    Ok(ids.iter().filter(is_found).copied().collect())
}

pub(super) async fn next_deadline(session: &Session) -> Answer<Option<Timestamp>> {
    let row = session.one(sql::NEXT_DEADLINE, &[]).await?;
    let next: Option<i64> = row.and_then(|row| row.get(0));
    Ok(next.map(Timestamp::from_millis))
}
