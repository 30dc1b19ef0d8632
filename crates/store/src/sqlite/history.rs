//! What has happened to jobs: noted beside their results, and read back.
//!
//! What a job's row says anyway is not noted as well, so that a job that is submitted, runs and
//! succeeds, or is cancelled while it waits, costs no write for its history.

use reelgate_domain::job::{HistoryEntry, Job, StopMode};
use reelgate_domain::{AccountId, JobId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::rows::{Held, execute, held, one};
use super::sql;
use super::writer::Tx;
use crate::contract::Result;
use crate::happened;
use crate::stored::encode;

/// Adds to a job's history.
pub(super) fn add(tx: &Tx<'_>, number: i64, happened: &[HistoryEntry]) -> Result<()> {
    if !happened.is_empty() {
        let line = params![number, encode(&happened)?];
        execute(tx.connection(), sql::ADD_HISTORY, line)?;
    }
    Ok(())
}

/// Notes that another worker goes on with a publishing job.
pub(super) fn note_takeover(tx: &Tx<'_>, job: &Job) -> Result<()> {
    let started = happened::start_of(&job.lifecycle, job.started_at);
    add(tx, job.number.0, &Vec::from_iter(started))
}

/// Notes that a job which was held like this was asked to stop.
pub(super) fn note_stop(tx: &Tx<'_>, held: &Held, mode: StopMode, now: Timestamp) -> Result<()> {
    add(tx, held.number, &happened::stop(held, mode, now))
}

/// A job's whole history, oldest first.
pub(super) fn of(
    connection: &Connection,
    account: AccountId,
    id: JobId,
) -> Result<Option<Vec<HistoryEntry>>> {
    let key = params![account.number().cast_signed(), id.as_bytes()];
    one(connection, sql::HISTORY, key, read)
}

/// Reads `HISTORY`.
fn read(row: &Row<'_>) -> Result<Vec<HistoryEntry>> {
    let held = held(row)?;
    let noted: Option<String> = row.get(16)?;
    happened::all(&held, Timestamp::from_millis(row.get(15)?), noted)
}
