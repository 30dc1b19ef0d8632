//! What workers report of their attempts. Every write is fenced by the attempt's number.

use reelgate_domain::job::{Event, JobState, Lifecycle, StateName};
use reelgate_domain::media::{OutputResult, Staged};
use reelgate_domain::{JobId, Timestamp};

use super::intention::Needs;
use super::unit::Unit;
use crate::contract::{Beat, BeatAnswer, Ending, Fenced, Result};
use crate::happened::{self, End};
use crate::held::Held;
use crate::stored::{by_row, decode};

pub(super) fn needs(leases: Vec<JobId>) -> Needs {
    Needs {
        leases,
        ..Needs::default()
    }
}

pub(super) fn renew(
    unit: &mut Unit,
    beats: &[Beat],
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<BeatAnswer>> {
    beats
        .iter()
        .map(|beat| match by_row(renew_one(unit, beat, until, now))? {
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

fn renew_one(unit: &mut Unit, beat: &Beat, until: Timestamp, now: Timestamp) -> Result<BeatAnswer> {
    let Some(held) = unit.held_by(beat.job)? else {
        return Ok(BeatAnswer::Lost);
    };
    let event = Event::Renew {
        attempt: beat.attempt,
        until,
    };
    let Ok(next) = held.lifecycle.after(&event, now) else {
        return Ok(BeatAnswer::Lost);
    };
    let answer = match next.state {
        JobState::Stopping { mode, .. } => BeatAnswer::Stop(mode),
        _ => BeatAnswer::Held,
    };
    let becomes = Held {
        lifecycle: next,
        progress: held.progress.max(beat.progress.min(100)),
        ..held.clone()
    };
    unit.set(&held, becomes)?;
    Ok(answer)
}

/// What a worker's wish to win comes to before anything is written.
pub(super) enum Race {
    Wins(Held),
    /// It has won before, or it does not win.
    Over(Fenced),
}

pub(super) fn publish(
    unit: &mut Unit,
    job: JobId,
    staged: &Staged,
    now: Timestamp,
) -> Result<Fenced> {
    match race(unit, job, staged.attempt, now)? {
        Race::Wins(held) => win(unit, &held, staged, now),
        Race::Over(told) => Ok(told),
    }
}

/// Whether this attempt can be declared the winner.
pub(super) fn race(unit: &Unit, job: JobId, attempt: u32, now: Timestamp) -> Result<Race> {
    let Some(held) = unit.held_by(job)? else {
        return Ok(Race::Over(Fenced::Lost));
    };
    let event = Event::Publish { attempt };
    if held.lifecycle.after(&event, now).is_ok() {
        return Ok(Race::Wins(held));
    }
    if has_won(unit, &held, attempt)? {
        return Ok(Race::Over(Fenced::Done));
    }
    Ok(Race::Over(refusal(&held, attempt)))
}

/// Declares the attempt the winner that [`race`] has found to be one.
pub(super) fn win(unit: &mut Unit, held: &Held, staged: &Staged, now: Timestamp) -> Result<Fenced> {
    let attempt = staged.attempt;
    if unit
        .apply(held, &Event::Publish { attempt }, now)?
        .is_none()
    {
        return Ok(refusal(held, attempt));
    }
    let started = happened::started(held);
    unit.set_outputs(held.number, Some(staged), None, started)?;
    Ok(Fenced::Done)
}

pub(super) fn finish(
    unit: &mut Unit,
    job: JobId,
    attempt: u32,
    ending: &Ending,
    now: Timestamp,
) -> Result<Fenced> {
    let Some(held) = unit.held_by(job)? else {
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
    let Some(next) = unit.apply(&held, &event, now)? else {
        return Ok(refusal(&held, attempt));
    };
    let (how, results) = match ending {
        Ending::Failed { fault, results } => (End::Failed(fault), results.as_slice()),
        Ending::Stopped(gone) => (End::Stopped(*gone), [].as_slice()),
        Ending::Succeeded => (End::Succeeded, [].as_slice()),
        Ending::GivenBack => (End::GivenBack, [].as_slice()),
    };
    note_end(unit, &held, &next, &how, results, now)?;
    Ok(match (&held.lifecycle.state, ending) {
        (JobState::Stopping { .. }, Ending::Stopped(_)) => Fenced::Done,
        (JobState::Stopping { .. }, _) => Fenced::Stopping,
        _ => Fenced::Done,
    })
}

/// Whether this attempt has been declared the winner before: the answer did not arrive.
fn has_won(unit: &Unit, held: &Held, attempt: u32) -> Result<bool> {
    let publishing = held.lifecycle.state.name() == StateName::Publishing;
    if !publishing || held.lifecycle.attempt != attempt {
        return Ok(false);
    }
    let Some(outputs) = unit.outputs(held.number) else {
        return Ok(false);
    };
    let staged: Staged = decode(outputs, "job_results", "outputs", held.number)?;
    Ok(staged.attempt == attempt)
}

/// Notes how an attempt ended, and stores what a failed job failed of, if `next` is a failed job.
pub(super) fn note_end(
    unit: &mut Unit,
    held: &Held,
    next: &Lifecycle,
    how: &End<'_>,
    results: &[OutputResult],
    now: Timestamp,
) -> Result<()> {
    let happened = happened::end(held, next, how, now);
    let JobState::Failed { fault, .. } = &next.state else {
        return unit.add_history(held.number, &happened);
    };
    let outputs = Staged {
        attempt: next.attempt,
        results: results.to_vec(),
    };
    let outputs = (!outputs.results.is_empty()).then_some(&outputs);
    unit.set_outputs(held.number, outputs, Some(fault), happened)
}

/// What an attempt is told whose write does not apply to the job as it is.
pub(super) fn refusal(held: &Held, attempt: u32) -> Fenced {
    match held.lifecycle.state {
        JobState::Stopping { .. } if held.lifecycle.attempt == attempt => Fenced::Stopping,
        _ => Fenced::Lost,
    }
}
