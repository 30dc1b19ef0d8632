//! What there is to note of what happens to a job, and what its row says without that.
//!
//! What a job's row says anyway is not noted as well, so that a job that is submitted, runs and
//! succeeds, or is cancelled while it waits, costs no write for its history.

use reelgate_domain::Timestamp;
use reelgate_domain::job::{
    Fault, Happening, HistoryEntry, JobState, Lifecycle, StateName, StopMode,
};

use crate::contract::{Gone, Result};
use crate::held::Held;
use crate::stored::decode;

/// What is known of an attempt's end beside the state it led to.
pub(crate) enum End<'f> {
    Succeeded,
    GivenBack,
    Failed(&'f Fault),
    Stopped(Gone),
}

/// The start of the attempt that holds the job, if the job says when that was.
pub(crate) fn started(held: &Held) -> Vec<HistoryEntry> {
    start_of(&held.lifecycle, held.started_at)
        .into_iter()
        .collect()
}

pub(crate) fn start_of(
    lifecycle: &Lifecycle,
    started_at: Option<Timestamp>,
) -> Option<HistoryEntry> {
    let worker = lifecycle.state.lease()?.worker.clone();
    Some(HistoryEntry {
        at: started_at?,
        attempt: lifecycle.attempt,
        what: Happening::Started { worker },
    })
}

/// What there is to note of a job that was held like this and was asked to stop.
pub(crate) fn stop(held: &Held, mode: StopMode, now: Timestamp) -> Vec<HistoryEntry> {
    let from = held.lifecycle.state.name();
    let mut happened = Vec::new();
    if from == StateName::Running {
        happened.extend(started(held));
    }
    happened.push(HistoryEntry {
        at: now,
        attempt: held.lifecycle.attempt,
        what: Happening::CancelAccepted {
            from,
            decision: StateName::Stopping,
            mode,
        },
    });
    happened
}

/// What there is to note of the end of an attempt.
pub(crate) fn end(
    held: &Held,
    next: &Lifecycle,
    how: &End<'_>,
    now: Timestamp,
) -> Vec<HistoryEntry> {
    let at = |at, what| HistoryEntry {
        at,
        attempt: next.attempt,
        what,
    };
    let again = matches!(
        next.state,
        JobState::Queued { .. } | JobState::Publishing { .. }
    );
    let mut happened = Vec::new();
    if held.lifecycle.state.name() == StateName::Running {
        happened.extend(started(held));
    }
    match how {
        End::Failed(fault) => happened.push(at(
            now,
            Happening::AttemptFailed {
                code: fault.code,
                message: fault.message.clone(),
                again,
            },
        )),
        End::Stopped(gone) => {
            let killed = gone.killed;
            happened.push(at(gone.at, Happening::ProcessesGone { killed }));
        }
        End::GivenBack => happened.push(at(now, Happening::GivenBack)),
        // Its row says so, and its start was noted when it was published.
        End::Succeeded => {}
    }
    match &next.state {
        JobState::Failed { .. } => happened.push(at(now, Happening::Failed)),
        JobState::Cancelled { .. } => happened.push(at(now, Happening::Cancelled)),
        JobState::Succeeded { .. }
        | JobState::Queued { .. }
        | JobState::Running { .. }
        | JobState::Publishing { .. }
        | JobState::Stopping { .. } => {}
    }
    happened
}

/// The whole history of a job, oldest first, from its row and the lines that were noted.
pub(crate) fn all(
    held: &Held,
    created_at: Timestamp,
    noted: Option<String>,
) -> Result<Vec<HistoryEntry>> {
    let mut history = vec![HistoryEntry {
        at: created_at,
        attempt: 0,
        what: Happening::Queued,
    }];
    for line in noted.iter().flat_map(|noted| noted.lines()) {
        let entries: Vec<HistoryEntry> = decode(line, "job_results", "history", held.number)?;
        history.extend(entries);
    }
    history.extend(not_noted(held, &history));
    Ok(history)
}

/// What the row says and nobody has noted.
fn not_noted(held: &Held, noted: &[HistoryEntry]) -> Vec<HistoryEntry> {
    let attempt = held.lifecycle.attempt;
    let at = |at, what| HistoryEntry { at, attempt, what };
    let has = |what: &Happening| noted.last().is_some_and(|last| last.what == *what);
    match &held.lifecycle.state {
        JobState::Running { .. } => started(held),
        JobState::Succeeded { finished_at } => vec![at(*finished_at, Happening::Succeeded)],
        JobState::Cancelled { finished_at } if !has(&Happening::Cancelled) => {
            let decided = Happening::CancelAccepted {
                from: StateName::Queued,
                decision: StateName::Cancelled,
                mode: StopMode::Graceful,
            };
            // Every end of an attempt is noted. If none is, an earlier release cancelled the job,
            // and in which state is not known.
            let waited = attempt == 0 || noted.len() > 1;
            let decided = waited.then(|| at(*finished_at, decided));
            let cancelled = at(*finished_at, Happening::Cancelled);
            decided.into_iter().chain([cancelled]).collect()
        }
        // By an earlier release, or the row made no sense then.
        JobState::Failed { finished_at, fault } if !has(&Happening::Failed) => {
            let why = Happening::AttemptFailed {
                code: fault.code,
                message: fault.message.clone(),
                again: false,
            };
            vec![at(*finished_at, why), at(*finished_at, Happening::Failed)]
        }
        _ => Vec::new(),
    }
}
