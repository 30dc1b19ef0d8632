//! Reading jobs: by id, and page by page.

use std::collections::BTreeSet;

use reelgate_domain::job::{Job, JobKind};
use reelgate_domain::{AccountId, JobId, JobNumber};
use rusqlite::{Connection, Row, params};

use super::error::{by_row, corrupt};
use super::rows::{all, cell, job, one};
use super::sql;
use crate::contract::{JobFilter, Result, StoreError};
use crate::lanes::{IdRange, LANES, lanes};

pub(super) fn get_many(
    connection: &Connection,
    account: AccountId,
    ids: &[JobId],
) -> Result<Vec<Job>> {
    let newest_first = ids.iter().collect::<BTreeSet<_>>().into_iter().rev();
    let mut jobs = Vec::with_capacity(ids.len());
    let mut unread = Unread::default();
    for id in newest_first {
        let key = params![account.number().cast_signed(), id.as_bytes()];
        match by_row(one(connection, sql::JOB_BY_ID, key, job))? {
            Ok(found) => jobs.extend(found.map(|(job, _)| job)),
            Err(why) => unread.pass_over(*id, why),
        }
    }
    match unread.first {
        // Whoever asks for nothing else must not be told that it does not exist.
        Some((_, why)) if jobs.is_empty() => Err(why),
        _ => {
            unread.log();
            Ok(jobs)
        }
    }
}

/// As [`get_many`], by their numbers.
pub(super) fn get_numbered(
    connection: &Connection,
    account: AccountId,
    numbers: &[JobNumber],
) -> Result<Vec<Job>> {
    let mut ids = Vec::with_capacity(numbers.len());
    for number in numbers {
        let key = params![number.0, account.number().cast_signed()];
        let id = cell::<[u8; 16]>(connection, sql::ID_OF_NUMBER, key)?;
        ids.extend(id.map(JobId::from_bytes));
    }
    get_many(connection, account, &ids)
}

/// The job at this place of a listing.
pub(super) fn at(
    connection: &Connection,
    account: AccountId,
    filter: &JobFilter,
    place: u64,
) -> Result<Option<JobId>> {
    let ranges = Ranges::of(connection, account, filter)?;
    let mut rest = IdRange::of(filter);
    let mut before = place;
    while let Some(range) = rest {
        let stride = u32::try_from(before + 1).unwrap_or(STRIDE).min(STRIDE);
        let entries = ranges.newest(connection, range, stride)?;
        let last = entries.get(stride as usize - 1).map(|(id, _)| *id);
        let Some(last) = last else { return Ok(None) };
        if u64::from(stride) > before {
            return Ok(Some(last));
        }
        before -= u64::from(stride);
        rest = range.before(last);
    }
    Ok(None)
}

/// How many entries of an index are held at once.
const STRIDE: u32 = 10_000;

/// How many jobs match, as far as `most`.
pub(super) fn count(
    connection: &Connection,
    account: AccountId,
    filter: &JobFilter,
    most: u64,
) -> Result<u64> {
    let Some(range) = IdRange::of(filter) else {
        return Ok(0);
    };
    Ranges::of(connection, account, filter)?.count(connection, range, most)
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
/// per pipeline, kind and lane, so that it never walks over others.
pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &JobFilter,
    limit: u32,
) -> Result<Vec<Job>> {
    let mut rest = IdRange::of(filter);
    let ranges = Ranges::of(connection, account, filter)?;
    let mut jobs = Vec::new();
    let mut unread = Unread::default();
    // Once, unless some of what is found cannot be read: a page that is not full would say that
    // there is nothing after it.
    while let Some(range) = rest {
        let entries = ranges.newest(connection, range, limit)?;
        rest = match entries.last() {
            Some((oldest, _)) if entries.len() == limit as usize => range.before(*oldest),
            _ => None,
        };
        for (id, number) in entries {
            if jobs.len() == limit as usize {
                break;
            }
            match by_row(by_number(connection, number))? {
                Ok(job) => jobs.push(job),
                Err(why) => unread.pass_over(id, why),
            }
        }
        if jobs.len() == limit as usize {
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
        kinds: Vec<u8>,
        lanes: Vec<i64>,
    },
}

impl Ranges {
    fn of(connection: &Connection, account: AccountId, filter: &JobFilter) -> Result<Self> {
        let lanes = lanes(filter);
        if filter.pipeline.is_none() && lanes.is_none() && filter.kinds.is_all() {
            return Ok(Self::Account(account));
        }
        let account = account.number().cast_signed();
        let pipelines = match filter.pipeline {
            Some(id) => {
                let key = params![id.as_bytes(), account];
                let found = cell(connection, sql::ANY_PIPELINE_KEY, key)?;
                found.into_iter().collect()
            }
            None => all(connection, sql::PIPELINE_KEYS, [account], |row| {
                Ok(row.get(0)?)
            })?,
        };
        let lanes = lanes.unwrap_or_else(|| (0..LANES).collect());
        let kinds = filter.kinds.each().map(JobKind::code).collect();
        Ok(Self::Lanes {
            pipelines,
            kinds,
            lanes,
        })
    }

    fn newest(
        &self,
        connection: &Connection,
        range: IdRange,
        limit: u32,
    ) -> Result<Vec<(JobId, i64)>> {
        match self {
            Self::Account(account) => range.newest_of_account(connection, *account, limit),
            Self::Lanes {
                pipelines,
                kinds,
                lanes,
            } => range.newest_of_lanes(connection, pipelines, (kinds, lanes), limit),
        }
    }
}

impl Ranges {
    fn count(&self, connection: &Connection, range: IdRange, most: u64) -> Result<u64> {
        let (first, last) = (range.first.as_bytes(), range.last.as_bytes());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut found = 0;
        match self {
            Self::Account(account) => {
                let key = params![account.number().cast_signed(), first, last, most];
                found = cell(connection, sql::COUNT_ACCOUNT, key)?.unwrap_or(0);
            }
            Self::Lanes {
                pipelines,
                kinds,
                lanes,
            } => {
                let ranges = pipelines
                    .iter()
                    .flat_map(|pipeline| kinds.iter().map(move |kind| (pipeline, kind)));
                for (pipeline, kind) in ranges {
                    for lane in lanes {
                        let key = params![pipeline, kind, lane, first, last, most - found];
                        found += cell::<i64>(connection, sql::COUNT_LANE, key)?.unwrap_or(0);
                        if found >= most {
                            return Ok(found.cast_unsigned());
                        }
                    }
                }
            }
        }
        Ok(found.cast_unsigned())
    }
}

fn by_number(connection: &Connection, number: i64) -> Result<Job> {
    one(connection, sql::JOB_BY_NUMBER, [number], job)?
        .map(|(job, _)| job)
        .ok_or_else(|| {
            corrupt(
                "job_payloads",
                "number",
                number,
                "the job's payload is missing",
            )
        })
}

impl IdRange {
    fn newest_of_account(
        self,
        connection: &Connection,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<(JobId, i64)>> {
        let account = account.number().cast_signed();
        let range = params![account, self.first.as_bytes(), self.last.as_bytes(), limit];
        all(connection, sql::LIST_ACCOUNT, range, entry)
    }

    fn newest_of_lanes(
        mut self,
        connection: &Connection,
        pipelines: &[i64],
        (kinds, lanes): (&[u8], &[i64]),
        limit: u32,
    ) -> Result<Vec<(JobId, i64)>> {
        let most = limit as usize;
        let mut newest: Vec<(JobId, i64)> = Vec::new();
        for pipeline in pipelines {
            let lanes = kinds
                .iter()
                .flat_map(|kind| lanes.iter().map(move |lane| (kind, lane)));
            for (kind, lane) in lanes {
                let (first, last) = (self.first.as_bytes(), self.last.as_bytes());
                let range = params![pipeline, kind, lane, first, last, limit];
                let found = all(connection, sql::LIST_LANE, range, entry)?;
                if found.is_empty() {
                    continue;
                }
                newest.extend(found);
                newest.sort_unstable_by(|a, b| b.cmp(a));
                newest.truncate(most);
                // Nothing older than the oldest of a full page can get onto it.
                if newest.len() == most
                    && let Some((oldest, _)) = newest.last()
                {
                    self.first = *oldest;
                }
            }
        }
        Ok(newest)
    }
}

fn entry(row: &Row<'_>) -> Result<(JobId, i64)> {
    Ok((JobId::from_bytes(row.get(0)?), row.get(1)?))
}
