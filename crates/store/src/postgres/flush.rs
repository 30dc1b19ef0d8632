//! Writes what a batch has decided: a statement for each kind of row, however many rows there are.
//!
//! Jobs, their leases and results first, which the batch has locked anyway; queues last, because every
//! node waits for those.

use std::collections::BTreeMap;

use reelgate_domain::Timestamp;
use reelgate_domain::job::{Lifecycle, StateName};
use reelgate_domain::node::Kinds;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::assets;
use super::connect::{Param, Session};
use super::error::{Answer, Failure};
use super::events;
use super::job_rows::kind_codes;
use super::sql::jobs as sql;
use super::transaction::Worth;
use super::unit::{Count, Entry, Unit};
use crate::contract::{Result, StoreError};
use crate::held::{Held, finished_at, is_hurried, ready_at, state_code};
use crate::stored::corrupt;

/// Jobs that have changed, column by column.
#[derive(Default)]
struct Moves {
    number: Vec<i64>,
    was_state: Vec<i16>,
    was_attempt: Vec<i32>,
    state: Vec<i16>,
    attempt: Vec<i32>,
    losses: Vec<i32>,
    progress: Vec<i16>,
    ready_at: Vec<Option<i64>>,
    started_at: Vec<Option<i64>>,
    finished_at: Vec<Option<i64>>,
    forgiven: Vec<i32>,
}

#[derive(Default)]
struct NewLeases<'u> {
    id: Vec<&'u [u8]>,
    number: Vec<i64>,
    attempt: Vec<i32>,
    publishing: Vec<bool>,
    hurry: Vec<bool>,
    worker: Vec<&'u str>,
    until: Vec<i64>,
}

#[derive(Default)]
struct MovedLeases<'u> {
    was_attempt: Vec<i32>,
    lease: NewLeases<'u>,
}

#[derive(Default)]
struct GoneLeases<'u> {
    id: Vec<&'u [u8]>,
    attempt: Vec<i32>,
}

#[derive(Default)]
struct Outputs<'u> {
    number: Vec<i64>,
    outputs: Vec<Option<&'u str>>,
    fault: Vec<Option<&'u str>>,
    history: Vec<String>,
}

#[derive(Default)]
struct NewJobs<'u> {
    number: Vec<i64>,
    id: Vec<&'u [u8]>,
    submission: Vec<&'u [u8]>,
    account: Vec<i64>,
    pipeline: Vec<i64>,
    priority: Vec<i16>,
    created_at: Vec<i64>,
    kin: Vec<Option<i64>>,
    kind: Vec<i16>,
    spec: Vec<&'u str>,
    origin: Vec<Option<&'u str>>,
    user_data: Vec<Option<&'u str>>,
}

/// All rows that a unit comes to.
#[derive(Default)]
struct Rows<'u> {
    moves: Moves,
    new_leases: NewLeases<'u>,
    moved_leases: MovedLeases<'u>,
    gone_leases: GoneLeases<'u>,
    dropped_leases: Vec<&'u [u8]>,
    outputs: Outputs<'u>,
    history_of: Vec<i64>,
    history: Vec<String>,
    aside: Vec<i64>,
    aside_at: Vec<i64>,
    lose_time: Vec<i64>,
    /// Of jobs that may fetch an address: which have ended, or have yet to end again.
    turned: Vec<i64>,
    is_open: Vec<bool>,
    new_jobs: NewJobs<'u>,
}

/// What follows in the transaction.
#[derive(Clone, Copy)]
pub(super) enum Then {
    /// Claims: so many of the pipelines whose turn may come next are locked, beside those that the unit
    /// counts for.
    Turns(i64, Kinds),
    More,
    /// Nothing: the commit goes out together with the last statements.
    Commit,
}

/// Queues as they stand after a flush: rows of `LOCK_TURNS`, and of `COUNT_JOBS` in their stead. And
/// what came of the commit, if there was one.
pub(super) struct Flushed {
    pub(super) locked: Vec<Row>,
    pub(super) counted: Vec<Row>,
    pub(super) commit: Option<Answer<()>>,
}

impl Flushed {
    pub(super) fn worth<T>(self, outcome: T) -> Worth<T> {
        match self.commit {
            Some(commit) => Worth::Committed(outcome, commit),
            None => Worth::Keeping(outcome),
        }
    }
}

/// Writes the unit. Statements fail if a row is not as it was read, so that what is sent after them
/// comes to nothing.
pub(super) async fn write(session: &Session, unit: &Unit, then: Then) -> Answer<Flushed> {
    let mut rows = Rows::default();
    for entry in unit.entries() {
        rows.entry(entry)?;
        if unit.may_fetch(entry.raw.number) {
            rows.turn(entry);
        }
    }
    for submission in &unit.submissions {
        let jobs = submission.rows.iter();
        for (job, place) in jobs.zip(submission.numbers.iter().zip(&submission.pipelines)) {
            let new = &mut rows.new_jobs;
            new.number.push(*place.0);
            new.id.push(&job.id);
            new.submission.push(&job.submission);
            new.account.push(job.account.number().cast_signed());
            new.pipeline.push(*place.1);
            new.priority.push(job.priority);
            new.created_at.push(job.created_at);
            new.kind.push(i16::from(job.kind));
            new.kin.push(job.kin);
            new.spec.push(&job.spec);
            new.origin.push(job.origin.as_deref());
            new.user_data.push(job.user_data.as_deref());
        }
    }
    let counts = unit.counts();
    // All go out at once; the server takes them in this order.
    let jobs = async {
        let (new, payloads, tied, moved, turned, aside) = tokio::join!(
            biased;
            insert_jobs(session, &rows.new_jobs),
            insert_payloads(session, &rows.new_jobs),
            assets::tie(session, &unit.submissions),
            move_jobs(session, &rows.moves),
            assets::set_open(session, &rows.turned, &rows.is_open),
            set_aside(session, &rows, &unit.orphans),
        );
        worst([new, payloads, tied, moved, turned, aside])
    };
    let beside = async {
        let (outputs, history, new, moved, gone, told) = tokio::join!(
            biased;
            set_outputs(session, &rows.outputs),
            add_history(session, &rows.history_of, &rows.history),
            insert_leases(session, &rows.new_leases),
            move_leases(session, &rows.moved_leases),
            delete_leases(session, &rows.gone_leases),
            events::log::insert(session, &unit.events),
        );
        worst([outputs, history, new, moved, gone, told])
    };
    let commit = async {
        match then {
            Then::Commit => Some(session.commit().await),
            Then::Turns(..) | Then::More => None,
        }
    };
    let (jobs, beside, queues, commit) = tokio::join!(
        biased;
        jobs,
        beside,
        count(session, &counts, &unit.empty_queues, then),
        commit,
    );
    let (queues, counted) = match queues {
        Ok(rows) => (Ok(()), rows),
        Err(failure) => (Err(failure), (Vec::new(), Vec::new())),
    };
    let (locked, counted) = counted;
    match (worst([jobs, beside, queues]), commit) {
        (Ok(()), commit) => Ok(Flushed {
            locked,
            counted,
            commit,
        }),
        // Whether the commit went through, nobody has told.
        (Err(Failure::Lost(why)), Some(_)) => Ok(Flushed {
            locked: Vec::new(),
            counted: Vec::new(),
            commit: Some(Err(Failure::Lost(why))),
        }),
        (Err(failure), _) => Err(as_read(failure)),
    }
}

/// Of what went out together, what came of it: the failure that the others come from, if any.
fn worst<const N: usize>(answers: [Answer<()>; N]) -> Answer<()> {
    let follows = |failure: &Failure| matches!(failure, Failure::Refused { state, .. } if *state == SqlState::IN_FAILED_SQL_TRANSACTION);
    let failures = answers.into_iter().filter_map(Answer::err);
    let worst = failures.min_by_key(|failure| match failure {
        // Then nothing is known of the others.
        Failure::Lost(_) => 0,
        failure => 1 + u8::from(follows(failure)),
    });
    worst.map_or(Ok(()), Err)
}

/// Whatever was read was locked as well, so a row that is not as it was read was changed by somebody who
/// does not keep to that; but for a pipeline, which may have been deleted since it was looked up.
fn as_read(failure: Failure) -> Failure {
    match failure {
        Failure::Refused { state, error } if state == SqlState::DIVISION_BY_ZERO => {
            Failure::Again(error)
        }
        failure => failure,
    }
}

impl<'u> Rows<'u> {
    fn entry(&mut self, entry: &'u Entry) -> Result<()> {
        let raw = &entry.raw;
        if let Some(at) = entry.aside {
            self.aside.push(raw.number);
            self.aside_at.push(at.as_millis());
            if raw.until.is_some() {
                self.dropped_leases.push(raw.id.as_bytes());
            }
        } else if let (Some(was), Ok(is)) = (&entry.was, &entry.held) {
            self.moves.push(was, is)?;
            self.lease(was, is)?;
        }
        if entry.loses_time {
            self.lose_time.push(raw.number);
        }
        match &entry.outputs {
            Some((outputs, fault)) => {
                self.outputs.number.push(raw.number);
                self.outputs.outputs.push(outputs.as_deref());
                self.outputs.fault.push(fault.as_deref());
                self.outputs.history.push(entry.history.join("\n"));
            }
            None if !entry.history.is_empty() => {
                self.history_of.push(raw.number);
                self.history.push(entry.history.join("\n"));
            }
            None => {}
        }
        Ok(())
    }

    /// Notes whether it has ended, if it had not before, or the other way round.
    fn turn(&mut self, entry: &Entry) {
        let is_open = |held: &Held| !held.lifecycle.state.name().is_final();
        let (was, is) = match (&entry.was, &entry.held) {
            _ if entry.aside.is_some() => (true, false),
            (Some(was), Ok(is)) => (is_open(was), is_open(is)),
            _ => return,
        };
        if was != is {
            self.turned.push(entry.raw.number);
            self.is_open.push(is);
        }
    }

    fn lease(&mut self, was: &'u Held, is: &'u Held) -> Result<()> {
        let (before, after) = (was.lifecycle.state.lease(), is.lifecycle.state.lease());
        let was_attempt = attempt(&was.lifecycle)?;
        match (before, after) {
            (None, None) => {}
            (None, Some(_)) => self.new_leases.push(is)?,
            (Some(_), None) => {
                self.gone_leases.id.push(is.id.as_bytes());
                self.gone_leases.attempt.push(was_attempt);
            }
            (Some(_), Some(_)) if was.lifecycle == is.lifecycle => {}
            (Some(_), Some(_)) => {
                self.moved_leases.was_attempt.push(was_attempt);
                self.moved_leases.lease.push(is)?;
            }
        }
        Ok(())
    }
}

impl Moves {
    fn push(&mut self, was: &Held, is: &Held) -> Result<()> {
        let same = |held: &Held| {
            let Lifecycle {
                attempt,
                forgiven,
                losses,
                ref state,
            } = held.lifecycle;
            let times = (ready_at(&held.lifecycle), held.started_at);
            (
                state.name(),
                attempt,
                forgiven,
                losses,
                held.progress,
                times,
            )
        };
        // What has changed is in its lease.
        if same(was) == same(is) && is.lifecycle.state.lease().is_some() {
            return Ok(());
        }
        let next = &is.lifecycle;
        self.number.push(was.number);
        self.was_state.push(code(was.lifecycle.state.name()));
        self.was_attempt.push(attempt(&was.lifecycle)?);
        self.state.push(code(next.state.name()));
        self.attempt.push(attempt(next)?);
        self.losses.push(i32::from(next.losses));
        self.progress.push(i16::from(is.progress));
        self.ready_at.push(ready_at(next).map(Timestamp::as_millis));
        self.started_at
            .push(is.started_at.map(Timestamp::as_millis));
        self.finished_at
            .push(finished_at(next).map(Timestamp::as_millis));
        self.forgiven
            .push(column(was.number, "forgiven", next.forgiven)?);
        Ok(())
    }
}

impl<'u> NewLeases<'u> {
    fn push(&mut self, held: &'u Held) -> Result<()> {
        let Some(lease) = held.lifecycle.state.lease() else {
            return Ok(());
        };
        self.id.push(held.id.as_bytes());
        self.number.push(held.number);
        self.attempt.push(attempt(&held.lifecycle)?);
        self.publishing
            .push(held.lifecycle.state.name() == StateName::Publishing);
        self.hurry.push(is_hurried(&held.lifecycle.state));
        self.worker.push(&lease.worker.0);
        self.until.push(lease.until.as_millis());
        Ok(())
    }
}

fn code(state: StateName) -> i16 {
    state_code(state) as i16
}

fn attempt(lifecycle: &Lifecycle) -> Result<i32> {
    column("?", "attempt", lifecycle.attempt)
}

fn column(row: impl ToString, column: &'static str, number: u32) -> Result<i32> {
    i32::try_from(number).map_err(|why| corrupt("jobs", column, row, why))
}

/// A statement about so many rows; none goes out if there are none.
async fn each(
    session: &Session,
    (statement, rows): (&'static str, usize),
    params: &[Param<'_>],
) -> Answer<()> {
    if rows > 0 {
        session.execute(statement, params).await?;
    }
    Ok(())
}

async fn insert_jobs(session: &Session, new: &NewJobs<'_>) -> Answer<()> {
    let params: [Param<'_>; 9] = [
        &new.number,
        &new.id,
        &new.submission,
        &new.account,
        &new.pipeline,
        &new.priority,
        &new.created_at,
        &new.kin,
        &new.kind,
    ];
    each(session, (sql::INSERT_JOBS, new.number.len()), &params).await
}

async fn insert_payloads(session: &Session, new: &NewJobs<'_>) -> Answer<()> {
    let params: [Param<'_>; 4] = [&new.number, &new.spec, &new.origin, &new.user_data];
    each(session, (sql::INSERT_PAYLOADS, new.number.len()), &params).await
}

async fn move_jobs(session: &Session, moves: &Moves) -> Answer<()> {
    let params: [Param<'_>; 11] = [
        &moves.number,
        &moves.was_state,
        &moves.was_attempt,
        &moves.state,
        &moves.attempt,
        &moves.losses,
        &moves.progress,
        &moves.ready_at,
        &moves.started_at,
        &moves.finished_at,
        &moves.forgiven,
    ];
    each(session, (sql::MOVE_JOBS, moves.number.len()), &params).await
}

/// What takes rows that make no sense out of the way.
async fn set_aside(session: &Session, rows: &Rows<'_>, orphans: &[i64]) -> Answer<()> {
    let aside: [Param<'_>; 2] = [&rows.aside, &rows.aside_at];
    let dropped: [Param<'_>; 1] = [&rows.dropped_leases];
    let late: [Param<'_>; 1] = [&rows.lose_time];
    let of_no_job: [Param<'_>; 1] = [&orphans];
    let (aside, dropped, late, of_no_job) = tokio::join!(
        biased;
        each(session, (sql::SET_ASIDE, rows.aside.len()), &aside),
        each(session, (sql::DROP_LEASES, rows.dropped_leases.len()), &dropped),
        each(session, (sql::LOSE_TIME, rows.lose_time.len()), &late),
        each(session, (sql::DROP_ORPHANED_LEASES, orphans.len()), &of_no_job),
    );
    worst([aside, dropped, late, of_no_job])
}

async fn set_outputs(session: &Session, rows: &Outputs<'_>) -> Answer<()> {
    let params: [Param<'_>; 4] = [&rows.number, &rows.outputs, &rows.fault, &rows.history];
    each(session, (sql::SET_OUTPUTS, rows.number.len()), &params).await
}

async fn add_history(session: &Session, of: &[i64], lines: &[String]) -> Answer<()> {
    let params: [Param<'_>; 2] = [&of, &lines];
    each(session, (sql::ADD_HISTORY, of.len()), &params).await
}

async fn insert_leases(session: &Session, new: &NewLeases<'_>) -> Answer<()> {
    let params: [Param<'_>; 7] = [
        &new.id,
        &new.number,
        &new.attempt,
        &new.publishing,
        &new.hurry,
        &new.worker,
        &new.until,
    ];
    each(session, (sql::INSERT_LEASES, new.id.len()), &params).await
}

async fn move_leases(session: &Session, moved: &MovedLeases<'_>) -> Answer<()> {
    let lease = &moved.lease;
    let params: [Param<'_>; 7] = [
        &lease.id,
        &moved.was_attempt,
        &lease.attempt,
        &lease.publishing,
        &lease.hurry,
        &lease.worker,
        &lease.until,
    ];
    each(session, (sql::MOVE_LEASES, lease.id.len()), &params).await
}

async fn delete_leases(session: &Session, gone: &GoneLeases<'_>) -> Answer<()> {
    let params: [Param<'_>; 2] = [&gone.id, &gone.attempt];
    each(session, (sql::DELETE_LEASES, gone.id.len()), &params).await
}

/// Keeps the pipelines' counts true: a slot is given back by the transaction that ends its use. The rows
/// that were locked, and those that were counted, if anybody wants to know.
async fn count(
    session: &Session,
    counts: &BTreeMap<i64, Count>,
    empty: &[i64],
    then: Then,
) -> Answer<(Vec<Row>, Vec<Row>)> {
    let pipelines: Vec<i64> = counts.keys().copied().collect();
    let column = |of: fn(&Count) -> i64| counts.values().map(of).collect::<Vec<i64>>();
    let (queued, ready) = (column(|it| it.tally.queued), column(|it| it.tally.ready));
    let running = column(|it| it.tally.running);
    let served: Vec<Option<i64>> = counts.values().map(|it| it.served).collect();
    let params: [Param<'_>; 5] = [&pipelines, &queued, &ready, &running, &served];
    let of_empty: [Param<'_>; 1] = [&empty];
    let counted = async {
        match then {
            _ if pipelines.is_empty() => Ok(Vec::new()),
            Then::Commit => session.all(sql::COUNT_JOBS, &params).await,
            Then::Turns(..) | Then::More => session.all(sql::COUNT_AND_TELL, &params).await,
        }
    };
    let (locked, counted, emptied) = tokio::join!(
        biased;
        lock(session, &pipelines, then),
        counted,
        each(session, (sql::NOTHING_READY, empty.len()), &of_empty),
    );
    let (locked, counted) = match (locked, counted, emptied) {
        (Ok(locked), Ok(counted), Ok(())) => (locked, counted),
        (locked, counted, emptied) => {
            let failed = worst([locked.map(drop), counted.map(drop), emptied]);
            return Err(failed.expect_err("one of them has failed"));
        }
    };
    if !matches!(then, Then::Commit) && counted.len() != pipelines.len() {
        let why = "a pipeline is not there any more";
        return Err(Failure::Again(StoreError::Unavailable(why.into())));
    }
    Ok((locked, counted))
}

/// One lock needs no order.
async fn lock(session: &Session, pipelines: &[i64], then: Then) -> Answer<Vec<Row>> {
    match then {
        // Of those, some may come to have no turn by what this batch writes.
        Then::Turns(turns, kinds) => {
            let most = turns + pipelines.len() as i64;
            if kinds.is_all() {
                return session.all(sql::LOCK_TURNS, &[&pipelines, &most]).await;
            }
            let kinds = kind_codes(kinds);
            let params: [Param<'_>; 3] = [&pipelines, &most, &kinds];
            session.all(sql::LOCK_TURNS_OF_KINDS, &params).await
        }
        _ if pipelines.len() > 1 => session.all(sql::LOCK_QUEUES, &[&pipelines]).await,
        _ => Ok(Vec::new()),
    }
}
