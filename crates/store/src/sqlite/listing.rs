//! Reading jobs: by id, and page by page.

use std::collections::BTreeSet;

use reelgate_domain::job::{Job, StateName};
use reelgate_domain::{AccountId, JobId};
use rusqlite::{Connection, Row, params};

use super::error::corrupt;
use super::rows::{all, cell, job, one};
use super::sql;
use crate::contract::{JobFilter, Result};

pub(super) fn get_many(
    connection: &Connection,
    account: AccountId,
    ids: &[JobId],
) -> Result<Vec<Job>> {
    let newest_first = ids.iter().collect::<BTreeSet<_>>().into_iter().rev();
    newest_first
        .filter_map(|id| {
            let key = params![account.number().cast_signed(), id.as_bytes()];
            one(connection, sql::JOB_BY_ID, key, job).transpose()
        })
        .map(|found| found.map(|(job, _)| job))
        .collect()
}

/// A page. Without states it walks the account's jobs by id; with states it merges one index range
/// per pipeline and lane, so that it never walks over jobs of other states.
pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &JobFilter,
    limit: u32,
) -> Result<Vec<Job>> {
    let Some(range) = IdRange::of(filter) else {
        return Ok(Vec::new());
    };
    let lanes = lanes(filter);
    let numbers = match (filter.pipeline, lanes) {
        (None, None) => range.newest_of_account(connection, account, limit)?,
        (pipeline, lanes) => {
            let account = account.number().cast_signed();
            let pipelines: Vec<i64> = match pipeline {
                Some(id) => {
                    let key = params![id.as_bytes(), account];
                    cell(connection, sql::ANY_PIPELINE_KEY, key)?
                        .into_iter()
                        .collect()
                }
                None => all(connection, sql::PIPELINE_KEYS, [account], |row| {
                    Ok(row.get(0)?)
                })?,
            };
            let lanes = lanes.unwrap_or_else(|| (0..LANES).collect());
            range.newest_of_lanes(connection, &pipelines, &lanes, limit)?
        }
    };
    numbers
        .into_iter()
        .map(|number| by_number(connection, number))
        .collect()
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

/// How many lanes the schema knows.
const LANES: i64 = 28;

/// The lanes that hold what the filter asks for; `None` for all of them.
fn lanes(filter: &JobFilter) -> Option<Vec<i64>> {
    let states = if filter.states.is_empty() {
        &StateName::ALL[..]
    } else {
        &filter.states
    };
    let wanted = |lane: &i64| {
        let (state, started) = lane_meaning(*lane);
        states.contains(&state) && filter.started.is_none_or(|wanted| wanted == started)
    };
    let lanes: Vec<i64> = (0..LANES).filter(wanted).collect();
    (lanes.len() < LANES as usize).then_some(lanes)
}

/// The state of a lane's jobs and whether they have started; the schema's `jobs.lane` says the same.
fn lane_meaning(lane: i64) -> (StateName, bool) {
    match lane {
        0..20 => (StateName::Queued, lane % 2 == 0),
        20 => (StateName::Queued, true),
        21 => (StateName::Running, true),
        22 => (StateName::Publishing, true),
        23 => (StateName::Stopping, true),
        24 => (StateName::Succeeded, true),
        25 => (StateName::Failed, true),
        26 => (StateName::Cancelled, false),
        _ => (StateName::Cancelled, true),
    }
}

/// The ids a page may show, both ends included.
#[derive(Clone, Copy)]
struct IdRange {
    first: JobId,
    last: JobId,
}

impl IdRange {
    fn of(filter: &JobFilter) -> Option<Self> {
        let first = filter
            .created_from
            .map_or(JobId::from_bytes([0; 16]), JobId::first_at);
        let last = filter
            .created_to
            .map_or(JobId::from_bytes([0xff; 16]), JobId::last_at);
        let last = match filter.before {
            Some(before) => last.min(previous(before)?),
            None => last,
        };
        (first <= last).then_some(Self { first, last })
    }

    fn newest_of_account(
        self,
        connection: &Connection,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<i64>> {
        let account = account.number().cast_signed();
        let range = params![account, self.first.as_bytes(), self.last.as_bytes(), limit];
        Ok(all(connection, sql::LIST_ACCOUNT, range, entry)?
            .into_iter()
            .map(|it| it.1)
            .collect())
    }

    fn newest_of_lanes(
        mut self,
        connection: &Connection,
        pipelines: &[i64],
        lanes: &[i64],
        limit: u32,
    ) -> Result<Vec<i64>> {
        let most = limit as usize;
        let mut newest: Vec<(JobId, i64)> = Vec::new();
        for pipeline in pipelines {
            for lane in lanes {
                let (first, last) = (self.first.as_bytes(), self.last.as_bytes());
                let range = params![pipeline, lane, first, last, limit];
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
        Ok(newest.into_iter().map(|it| it.1).collect())
    }
}

fn entry(row: &Row<'_>) -> Result<(JobId, i64)> {
    Ok((JobId::from_bytes(row.get(0)?), row.get(1)?))
}

/// The id right below this one.
fn previous(id: JobId) -> Option<JobId> {
    let number = u128::from_be_bytes(*id.as_bytes()).checked_sub(1)?;
    Some(JobId::from_bytes(number.to_be_bytes()))
}
