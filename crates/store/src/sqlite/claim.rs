//! Starting jobs for a worker.

use reelgate_domain::job::{Event, Job, Lease, Lifecycle, StateName};
use reelgate_domain::media::Staged;
use reelgate_domain::node::Kinds;
use reelgate_domain::{JobId, Timestamp, WorkerId};
use rusqlite::{Row, params};

use super::error::{by_row, corrupt};
use super::rows::{Held, all, cell, execute, job, kin, one};
use super::transition::{Beside, add, store};
use super::unreadable::Unreadable;
use super::writer::Tx;
use super::{history, sql};
use crate::contract::{Claim, Result, Work};
use crate::family::are_siblings;
use crate::hints::Wakes;

/// What a claim starts, and the tick that marks whose turn it was.
pub(super) struct Wanted {
    pub(super) kinds: Kinds,
    pub(super) slots: u32,
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
}

impl Wanted {
    pub(super) fn new(worker: &WorkerId, slots: u32, until: Timestamp, now: Timestamp) -> Self {
        let worker = worker.clone();
        let lease = Lease { worker, until };
        let kinds = Kinds::ALL;
        Self {
            kinds,
            slots,
            lease,
            now,
        }
    }

    pub(super) fn of(self, kinds: Kinds) -> Self {
        Self { kinds, ..self }
    }
}

/// The most turns that a claim loses to queued jobs that cannot be read: everybody who writes waits
/// for it, and there may be a whole backlog of them. Each rings for work, so the worker comes again.
const LOST_TURNS: u32 = 64;

/// `tick` grows with every turn a pipeline gets.
pub(super) fn claim(tx: &Tx<'_>, wanted: &Wanted, tick: &impl Fn() -> i64) -> Result<Vec<Claim>> {
    let mut claims = lost_publishers(tx, wanted)?;
    let mut lost_turns = 0;
    while claims.len() < wanted.slots as usize && lost_turns < LOST_TURNS {
        let found = match wanted.kinds.is_all() {
            true => one(tx.connection(), sql::NEXT_QUEUE, [], turn)?,
            false => {
                let kinds = [wanted.kinds.bits()];
                one(tx.connection(), sql::NEXT_QUEUE_OF_KINDS, kinds, turn)?
            }
        };
        let Some(turn) = found else {
            break;
        };
        match next_of(tx, &turn, wanted, tick)? {
            Some(claim) => claims.push(claim),
            None => lost_turns += 1,
        }
    }
    Ok(claims)
}

/// A pipeline whose turn it is.
struct Turn {
    pipeline: i64,
    /// How many jobs it may start beside its next one, as `LIMIT` takes it: -1 is no limit.
    room: i64,
}

fn turn(row: &Row<'_>) -> Result<Turn> {
    Ok(Turn {
        pipeline: row.get(0)?,
        room: row.get(1)?,
    })
}

pub(super) fn lost_publishers(tx: &Tx<'_>, wanted: &Wanted) -> Result<Vec<Claim>> {
    let due = params![wanted.now.as_millis(), wanted.slots];
    let due = all(tx.connection(), sql::LOST_PUBLISHERS, due, |row| {
        Ok((JobId::from_bytes(row.get(0)?), row.get(1)?))
    })?;
    let mut claims = Vec::with_capacity(due.len());
    for (id, number) in due {
        match by_row(publisher(tx, number, wanted))? {
            Ok((picked, staged)) => {
                let progress = picked.job.progress;
                let job = start(tx, picked, wanted, progress)?;
                history::note_takeover(tx, &job)?;
                claims.push(Claim {
                    job,
                    siblings: Vec::new(),
                    work: Work::Publish(staged),
                });
            }
            Err(why) => {
                let lease = Some(id);
                let job = Unreadable { number, lease, why };
                job.fail(tx, &wanted.lease, wanted.now)?;
            }
        }
    }
    Ok(claims)
}

fn publisher(tx: &Tx<'_>, number: i64, wanted: &Wanted) -> Result<(Picked, Staged)> {
    let (picked, staged) = pick(tx, number, wanted)?;
    let absent = || {
        corrupt(
            "job_results",
            "outputs",
            number,
            "a publishing job has none",
        )
    };
    Ok((picked, staged.ok_or_else(absent)?))
}

/// Nothing if this turn went to a job that cannot be read: it has failed, so the next turn goes on.
fn next_of(
    tx: &Tx<'_>,
    turn: &Turn,
    wanted: &Wanted,
    tick: &impl Fn() -> i64,
) -> Result<Option<Claim>> {
    let pipeline = turn.pipeline;
    let of_kinds = params![pipeline, wanted.kinds.bits()];
    let Some(number) = cell(tx.connection(), sql::NEXT_JOB, of_kinds)? else {
        return nothing_ready(tx, pipeline);
    };
    let picked = match by_row(pick(tx, number, wanted))? {
        Ok((picked, _)) => picked,
        Err(why) => {
            let lease = None;
            let job = Unreadable { number, lease, why };
            job.fail(tx, &wanted.lease, wanted.now)?;
            return Ok(None);
        }
    };
    let kin = picked.kin;
    let job = start(tx, picked, wanted, 0)?;
    if execute(tx.connection(), sql::SERVED, params![pipeline, tick()])? != 1 {
        return Err(corrupt(
            "queues",
            "pipeline",
            pipeline,
            "the row is missing",
        ));
    }
    let siblings = match kin {
        Some(kin) => siblings(tx, turn, (&job, kin), wanted)?,
        None => Vec::new(),
    };
    Ok(Some(Claim {
        job,
        siblings,
        work: Work::Run,
    }))
}

/// Starts the siblings of a job that has just started, as far as the pipeline's limit allows.
fn siblings(
    tx: &Tx<'_>,
    turn: &Turn,
    (first, kin): (&Job, i64),
    wanted: &Wanted,
) -> Result<Vec<Job>> {
    let family = params![first.submission.as_bytes(), kin, turn.room];
    let numbers = all(
        tx.connection(),
        sql::SIBLINGS,
        family,
        |row| Ok(row.get(0)?),
    )?;
    let mut started = Vec::with_capacity(numbers.len());
    for number in numbers {
        match by_row(pick(tx, number, wanted))? {
            Ok((picked, _)) if are_siblings(first, &picked.job) => {
                started.push(start(tx, picked, wanted, 0)?);
                add(tx, turn.pipeline, -1, -1, 1)?;
            }
            // Two calls have used one submission's id.
            Ok(_) => {}
            Err(why) => {
                let lease = None;
                let job = Unreadable { number, lease, why };
                job.fail(tx, &wanted.lease, wanted.now)?;
            }
        }
    }
    Ok(started)
}

/// Corrects a pipeline that counts ready jobs and has none, as when a job's state makes no sense:
/// its turn would come again and again, and nobody else's would.
fn nothing_ready(tx: &Tx<'_>, pipeline: i64) -> Result<Option<Claim>> {
    let error = corrupt(
        "queues",
        "ready",
        pipeline,
        "it counts jobs that are not there",
    );
    tracing::error!(%error, "the count of a pipeline's ready jobs is corrected");
    execute(tx.connection(), sql::NOTHING_READY, [pipeline])?;
    tx.wake(Wakes::WORK);
    Ok(None)
}

/// A job, and what it becomes by being claimed.
struct Picked {
    job: Job,
    /// The number that it shares with its siblings.
    kin: Option<i64>,
    next: Lifecycle,
}

/// Reads a job that is to start. Writes nothing: if the job cannot be read, the transaction is as
/// it was and goes on without it.
fn pick(tx: &Tx<'_>, number: i64, wanted: &Wanted) -> Result<(Picked, Option<Staged>)> {
    let found = one(tx.connection(), sql::JOB_BY_NUMBER, [number], |row| {
        Ok((job(row)?, kin(row)?))
    })?;
    let ((job, staged), kin) = found.ok_or_else(|| {
        corrupt(
            "job_payloads",
            "number",
            number,
            "the job's payload is missing",
        )
    })?;
    let event = Event::Claim {
        lease: wanted.lease.clone(),
    };
    let next = job.lifecycle.after(&event, wanted.now);
    let next = next.map_err(|illegal| corrupt("jobs", "lane", number, illegal))?;
    Ok((Picked { job, kin, next }, staged))
}

fn start(tx: &Tx<'_>, picked: Picked, wanted: &Wanted, progress: u8) -> Result<Job> {
    let Picked { mut job, next, .. } = picked;
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
        now: wanted.now,
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
