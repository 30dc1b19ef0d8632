//! Starting jobs for a worker.

use reelgate_domain::Timestamp;
use reelgate_domain::job::{Event, Job, Lease, StateName};
use reelgate_domain::media::Staged;
use rusqlite::params;

use super::error::corrupt;
use super::rows::{Held, all, cell, execute, job, one};
use super::sql;
use super::transition::{Beside, store};
use super::writer::Tx;
use crate::contract::{Claim, Result, Work};

/// What a claim starts, and the tick that marks whose turn it was.
pub(super) struct Wanted {
    pub(super) slots: u32,
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
}

/// `tick` grows with every turn a pipeline gets.
pub(super) fn claim(tx: &Tx<'_>, wanted: &Wanted, tick: &impl Fn() -> i64) -> Result<Vec<Claim>> {
    let mut claims = lost_publishers(tx, wanted)?;
    while claims.len() < wanted.slots as usize {
        let Some(pipeline) = cell(tx.connection(), sql::NEXT_QUEUE, [])? else {
            break;
        };
        claims.push(next_of(tx, pipeline, wanted, tick())?);
    }
    Ok(claims)
}

fn lost_publishers(tx: &Tx<'_>, wanted: &Wanted) -> Result<Vec<Claim>> {
    let due = params![wanted.now.as_millis(), wanted.slots];
    let numbers = all(tx.connection(), sql::LOST_PUBLISHERS, due, |row| {
        Ok(row.get(0)?)
    })?;
    numbers
        .into_iter()
        .map(|number: i64| {
            let (job, staged) = read(tx, number)?;
            let progress = job.progress;
            let job = start(tx, job, wanted, progress)?;
            let staged = staged.ok_or_else(|| {
                corrupt(
                    "job_results",
                    "outputs",
                    number,
                    "a publishing job has none",
                )
            })?;
            Ok(Claim {
                job,
                work: Work::Publish(staged),
            })
        })
        .collect()
}

fn next_of(tx: &Tx<'_>, pipeline: i64, wanted: &Wanted, tick: i64) -> Result<Claim> {
    let number = cell(tx.connection(), sql::NEXT_JOB, [pipeline])?;
    let number: i64 = number.ok_or_else(|| {
        corrupt(
            "queues",
            "ready",
            pipeline,
            "it counts jobs that are not there",
        )
    })?;
    let (job, _) = read(tx, number)?;
    let job = start(tx, job, wanted, 0)?;
    if execute(tx.connection(), sql::SERVED, params![pipeline, tick])? != 1 {
        return Err(corrupt(
            "queues",
            "pipeline",
            pipeline,
            "the row is missing",
        ));
    }
    Ok(Claim {
        job,
        work: Work::Run,
    })
}

fn read(tx: &Tx<'_>, number: i64) -> Result<(Job, Option<Staged>)> {
    one(tx.connection(), sql::JOB_BY_NUMBER, [number], job)?.ok_or_else(|| {
        corrupt(
            "job_payloads",
            "number",
            number,
            "the job's payload is missing",
        )
    })
}

fn start(tx: &Tx<'_>, mut job: Job, wanted: &Wanted, progress: u8) -> Result<Job> {
    let event = Event::Claim {
        lease: wanted.lease.clone(),
    };
    let next = job
        .lifecycle
        .after(&event, wanted.now)
        .map_err(|illegal| corrupt("jobs", "lane", job.number.0, illegal))?;
    let held = Held {
        number: job.number.0,
        id: job.id,
        // Not needed: a claim counts by itself.
        pipeline: 0,
        lifecycle: job.lifecycle,
        progress: job.progress,
        started_at: job.started_at,
    };
    let beside = Beside {
        progress,
        started_at: Some(wanted.now),
    };
    store(tx, &held, &next, &beside)?;
    debug_assert!(matches!(
        next.state.name(),
        StateName::Running | StateName::Publishing
    ));
    job.lifecycle = next;
    job.progress = progress;
    job.started_at = beside.started_at;
    Ok(job)
}
