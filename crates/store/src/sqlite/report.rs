//! What workers report of their attempts. Every write is fenced by the attempt's number.

use reelgate_domain::job::{Event, Fault, HistoryEntry, JobState, Lifecycle, StateName};
use reelgate_domain::media::{OutputResult, Staged};
use reelgate_domain::{JobId, Timestamp};
use rusqlite::params;

use super::error::by_row;
use super::rows::{Held, cell, execute, held, one};
use super::transition::apply;
use super::writer::Tx;
use super::{history, sql};
use crate::contract::{Beat, BeatAnswer, Ending, Fenced, Result};
use crate::happened::{self, End};
use crate::held::is_hurried;
use crate::stored::{decode, encode};

pub(super) fn renew(
    tx: &Tx<'_>,
    beats: &[Beat],
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<BeatAnswer>> {
    beats
        .iter()
        .map(|beat| match by_row(renew_one(tx, beat, until, now))? {
            Ok(answer) => Ok(answer),
            // The other attempts must not lose their leases over it. This one's runs out.
            Err(error) => {
                let job = beat.job;
                tracing::error!(job.id = %job, %error, "the lease of job {job} is not renewed");
                Ok(BeatAnswer::Lost)
            }
        })
        .collect()
}

fn renew_one(tx: &Tx<'_>, beat: &Beat, until: Timestamp, now: Timestamp) -> Result<BeatAnswer> {
    let Some(held) = held_by(tx, beat.job)? else {
        return Ok(BeatAnswer::Lost);
    };
    let event = Event::Renew {
        attempt: beat.attempt,
        until,
    };
    let Ok(next) = held.lifecycle.after(&event, now) else {
        return Ok(BeatAnswer::Lost);
    };
    if let Some(lease) = next.state.lease() {
        let publishing = next.state.name() == StateName::Publishing;
        execute(
            tx.connection(),
            sql::MOVE_LEASE,
            params![
                beat.job.as_bytes(),
                beat.attempt,
                next.attempt,
                publishing,
                lease.worker.0,
                lease.until.as_millis(),
                is_hurried(&next.state),
            ],
        )?;
    }
    let progress = beat.progress.min(100);
    if progress > held.progress {
        execute(
            tx.connection(),
            sql::SET_PROGRESS,
            params![held.number, beat.attempt, progress],
        )?;
    }
    Ok(match next.state {
        JobState::Stopping { mode, .. } => BeatAnswer::Stop(mode),
        _ => BeatAnswer::Held,
    })
}

/// What a worker's wish to win comes to before anything is written.
pub(super) enum Race {
    Wins(Held),
    /// It has won before, or it does not win.
    Over(Fenced),
}

pub(super) fn publish(tx: &Tx<'_>, job: JobId, staged: &Staged, now: Timestamp) -> Result<Fenced> {
    match race(tx, job, staged.attempt, now)? {
        Race::Wins(held) => win(tx, &held, staged, now),
        Race::Over(told) => Ok(told),
    }
}

/// Whether this attempt can be declared the winner.
pub(super) fn race(tx: &Tx<'_>, job: JobId, attempt: u32, now: Timestamp) -> Result<Race> {
    let Some(held) = held_by(tx, job)? else {
        return Ok(Race::Over(Fenced::Lost));
    };
    if held
        .lifecycle
        .after(&Event::Publish { attempt }, now)
        .is_ok()
    {
        return Ok(Race::Wins(held));
    }
    if has_won(tx, &held, attempt)? {
        return Ok(Race::Over(Fenced::Done));
    }
    Ok(Race::Over(refusal(&held, attempt)))
}

/// Declares the attempt the winner that [`race`] has found to be one.
pub(super) fn win(tx: &Tx<'_>, held: &Held, staged: &Staged, now: Timestamp) -> Result<Fenced> {
    let attempt = staged.attempt;
    if apply(tx, held, &Event::Publish { attempt }, now)?.is_none() {
        return Ok(refusal(held, attempt));
    }
    let started = happened::started(held);
    set_outputs(tx, held.number, Some(staged), None, started)?;
    Ok(Fenced::Done)
}

pub(super) fn finish(
    tx: &Tx<'_>,
    job: JobId,
    attempt: u32,
    ending: &Ending,
    now: Timestamp,
) -> Result<Fenced> {
    let Some(held) = held_by(tx, job)? else {
        return Ok(Fenced::Lost);
    };
    let event = match ending {
        Ending::Succeeded => Event::Succeed { attempt },
        Ending::Failed { fault, .. } => Event::Fail {
            attempt,
            fault: fault.clone(),
        },
        Ending::Stopped(_) => Event::Stopped { attempt },
        Ending::GivenBack => Event::GiveBack { attempt },
    };
    let Some(next) = apply(tx, &held, &event, now)? else {
        return Ok(refusal(&held, attempt));
    };
    let (how, results) = match ending {
        Ending::Failed { fault, results } => (End::Failed(fault), results.as_slice()),
        Ending::Stopped(gone) => (End::Stopped(*gone), [].as_slice()),
        Ending::Succeeded => (End::Succeeded, [].as_slice()),
        Ending::GivenBack => (End::GivenBack, [].as_slice()),
    };
    note_end(tx, &held, &next, &how, results, now)?;
    Ok(match (&held.lifecycle.state, ending) {
        (JobState::Stopping { .. }, Ending::Stopped(_)) => Fenced::Done,
        (JobState::Stopping { .. }, _) => Fenced::Stopping,
        _ => Fenced::Done,
    })
}

/// Whether this attempt has been declared the winner before: the answer did not arrive.
fn has_won(tx: &Tx<'_>, held: &Held, attempt: u32) -> Result<bool> {
    let publishing = held.lifecycle.state.name() == StateName::Publishing;
    if !publishing || held.lifecycle.attempt != attempt {
        return Ok(false);
    }
    let outputs: Option<Option<String>> = cell(tx.connection(), sql::STAGED, [held.number])?;
    let Some(outputs) = outputs.flatten() else {
        return Ok(false);
    };
    let staged: Staged = decode(&outputs, "job_results", "outputs", held.number)?;
    Ok(staged.attempt == attempt)
}

/// Notes how an attempt ended, and stores what a failed job failed of, if `next` is a failed job.
pub(super) fn note_end(
    tx: &Tx<'_>,
    held: &Held,
    next: &Lifecycle,
    how: &End<'_>,
    results: &[OutputResult],
    now: Timestamp,
) -> Result<()> {
    let happened = happened::end(held, next, how, now);
    let JobState::Failed { fault, .. } = &next.state else {
        return history::add(tx, held.number, &happened);
    };
    let outputs = Staged {
        attempt: next.attempt,
        results: results.to_vec(),
    };
    let outputs = (!outputs.results.is_empty()).then_some(&outputs);
    set_outputs(tx, held.number, outputs, Some(fault), happened)
}

pub(super) fn set_outputs(
    tx: &Tx<'_>,
    number: i64,
    outputs: Option<&Staged>,
    fault: Option<&Fault>,
    happened: Vec<HistoryEntry>,
) -> Result<()> {
    let history = encode(&happened)?;
    let outputs = outputs.map(encode).transpose()?;
    let fault = fault.map(encode).transpose()?;
    execute(
        tx.connection(),
        sql::SET_OUTPUTS,
        params![number, outputs, fault, history],
    )?;
    Ok(())
}

/// The job that has this lease.
pub(super) fn held_by(tx: &Tx<'_>, job: JobId) -> Result<Option<Held>> {
    one(tx.connection(), sql::HELD_BY_LEASE, [job.as_bytes()], held)
}

/// What an attempt is told whose write does not apply to the job as it is.
pub(super) fn refusal(held: &Held, attempt: u32) -> Fenced {
    match held.lifecycle.state {
        JobState::Stopping { .. } if held.lifecycle.attempt == attempt => Fenced::Stopping,
        _ => Fenced::Lost,
    }
}
