//! Reading jobs: by id, and page by page.

use std::collections::BTreeSet;

use reelgate_domain::job::{Job, JobKind};
use reelgate_domain::{AccountId, JobId};
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
