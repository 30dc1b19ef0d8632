//! Noting what happens, in the write that makes it happen.

use reelgate_domain::event::EventName;
use reelgate_domain::job::{Fault, JobState, Lifecycle};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::params;

use super::super::rows::{account_key, execute};
use super::super::sql::events as sql;
use super::super::writer::Tx;
use crate::contract::Result;
use crate::hints::Wakes;
use crate::stored::encode;

/// Notes that a job was submitted.
pub(in crate::sqlite) fn submitted(
    tx: &Tx<'_>,
    account: AccountId,
    job: &[u8; 16],
    pipeline: i64,
    at: i64,
) -> Result<()> {
    let lifecycle = Lifecycle::queued();
    let Some(name) = EventName::of(None, &lifecycle) else {
        return Ok(());
    };
    let (key, attempt, fault) = (account_key(account), lifecycle.attempt, None::<String>);
    execute(
        tx.connection(),
        sql::INSERT_EVENT,
        params![key, job, pipeline, name.code(), attempt, at, fault],
    )?;
    tx.wake(Wakes::EVENTS);
    Ok(())
}

/// Notes what a stored job's change of its lifecycle is to others, if anything.
pub(in crate::sqlite) fn moved(
    tx: &Tx<'_>,
    number: i64,
    before: &Lifecycle,
    after: &Lifecycle,
    at: Timestamp,
) -> Result<()> {
    let Some(name) = EventName::of(Some(before), after) else {
        return Ok(());
    };
    let fault = match &after.state {
        JobState::Failed { fault, .. } => Some(fault),
        _ => None,
    };
    add(tx, number, name, Some(after.attempt), at, fault)
}

/// Notes that a job has failed of which not even the row makes sense.
pub(in crate::sqlite) fn set_aside(
    tx: &Tx<'_>,
    number: i64,
    fault: &Fault,
    at: Timestamp,
) -> Result<()> {
    add(tx, number, EventName::Failed, None, at, Some(fault))
}

fn add(
    tx: &Tx<'_>,
    number: i64,
    name: EventName,
    attempt: Option<u32>,
    at: Timestamp,
    fault: Option<&Fault>,
) -> Result<()> {
    // The engine's last words stay with the job.
    let fault = fault.map(|fault| encode(&Fault::new(fault.code, fault.message.as_str())));
    execute(
        tx.connection(),
        sql::ADD_EVENT,
        params![
            number,
            name.code(),
            attempt,
            at.as_millis(),
            fault.transpose()?
        ],
    )?;
    tx.wake(Wakes::EVENTS);
    Ok(())
}
