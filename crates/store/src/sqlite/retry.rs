//! Queueing failed jobs again by hand.

use reelgate_domain::job::{Event, Happening, HistoryEntry};
use reelgate_domain::{AccountId, JobId, PipelineId, Timestamp};
use rusqlite::params;

use super::error::corrupt;
use super::rows::{held, one};
use super::transition::{Beside, move_to};
use super::writer::Tx;
use super::{report, sql};
use crate::contract::{Result, RetryOutcome};

pub(super) fn retry(
    tx: &Tx<'_>,
    account: AccountId,
    id: JobId,
    now: Timestamp,
) -> Result<RetryOutcome> {
    let connection = tx.connection();
    let key = params![account.number().cast_signed(), id.as_bytes()];
    let Some(held) = one(connection, sql::HELD_BY_ID, key, held)? else {
        return Ok(RetryOutcome::Missing);
    };
    let Ok(next) = held.lifecycle.after(&Event::Retry, now) else {
        return Ok(RetryOutcome::Refused(held.lifecycle.state.name()));
    };
    let pipeline = one(connection, sql::PIPELINE_BY_KEY, [held.pipeline], |row| {
        Ok((PipelineId::from_bytes(row.get(0)?), row.get::<_, bool>(1)?))
    })?;
    match pipeline {
        Some((_, false)) => {}
        Some((gone, true)) => return Ok(RetryOutcome::PipelineMissing(gone)),
        None => return Err(corrupt("jobs", "pipeline", held.number, "there is none")),
    }
    let as_new = Beside {
        progress: 0,
        started_at: None,
        now,
    };
    move_to(tx, &held, &next, &as_new)?;
    let retried = HistoryEntry {
        at: now,
        attempt: next.attempt,
        what: Happening::Retried,
    };
    report::set_outputs(tx, held.number, None, None, vec![retried])?;
    Ok(RetryOutcome::Queued)
}
