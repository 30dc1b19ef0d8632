//! Queueing failed jobs again by hand.

use reelgate_domain::job::{Event, Happening, HistoryEntry};
use reelgate_domain::{AccountId, JobId, Timestamp};

use super::intention::Needs;
use super::unit::{Beside, Unit};
use crate::contract::{Result, RetryOutcome};
use crate::stored::corrupt;

pub(super) fn needs(account: AccountId, id: JobId) -> Needs {
    Needs {
        jobs: vec![(account, id)],
        homes: true,
        ..Needs::default()
    }
}

pub(super) fn retry(
    unit: &mut Unit,
    account: AccountId,
    id: JobId,
    now: Timestamp,
) -> Result<RetryOutcome> {
    let Some(held) = unit.by_id(account, id)? else {
        return Ok(RetryOutcome::Missing);
    };
    let Ok(next) = held.lifecycle.after(&Event::Retry, now) else {
        return Ok(RetryOutcome::Refused(held.lifecycle.state.name()));
    };
    match unit.homes.get(&held.pipeline) {
        Some((_, false)) => {}
        Some((gone, true)) => return Ok(RetryOutcome::PipelineMissing(*gone)),
        None => return Err(corrupt("jobs", "pipeline", held.number, "there is none")),
    }
    let as_new = Beside {
        progress: 0,
        started_at: None,
        now,
    };
    unit.move_to(&held, &next, &as_new)?;
    let retried = HistoryEntry {
        at: now,
        attempt: next.attempt,
        what: Happening::Retried,
    };
    unit.set_outputs(held.number, None, None, vec![retried])?;
    Ok(RetryOutcome::Queued)
}
