//! Cancelling jobs, as far as the policy allows.

use reelgate_domain::job::{CancelOutcome, CancelPolicy, Event, JobState, Selector, StopMode};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::params;

use super::rows::{Held, held, one};
use super::writer::Tx;
use super::{history, sql, transition};
use crate::contract::Result;

pub(super) fn cancel(
    tx: &Tx<'_>,
    account: AccountId,
    selector: &Selector,
    how: (CancelPolicy, StopMode),
    now: Timestamp,
) -> Result<Vec<CancelOutcome>> {
    let account = account.number().cast_signed();
    let outcome = |(index, found): (usize, Result<Option<Held>>)| match found? {
        Some(held) => cancel_one(tx, &held, how, now),
        None => Ok(CancelOutcome::Missing { index }),
    };
    match selector {
        Selector::Ids(ids) => ids
            .iter()
            .map(|id| {
                one(
                    tx.connection(),
                    sql::HELD_BY_ID,
                    params![account, id.as_bytes()],
                    held,
                )
            })
            .enumerate()
            .map(outcome)
            .collect(),
        Selector::Numbers(numbers) => numbers
            .iter()
            .map(|number| {
                one(
                    tx.connection(),
                    sql::HELD_BY_NUMBER,
                    params![account, number.0],
                    held,
                )
            })
            .enumerate()
            .map(outcome)
            .collect(),
    }
}

fn cancel_one(
    tx: &Tx<'_>,
    held: &Held,
    (policy, mode): (CancelPolicy, StopMode),
    now: Timestamp,
) -> Result<CancelOutcome> {
    let next = transition::apply(tx, held, &Event::Cancel { policy, mode }, now)?;
    let (id, from) = (held.id, held.lifecycle.state.name());
    Ok(match next {
        Some(next) if matches!(next.state, JobState::Stopping { .. }) => {
            history::note_stop(tx, held, mode, now)?;
            CancelOutcome::Stopping { id, from }
        }
        // A job that was cancelled while queued says so by its row.
        Some(_) => CancelOutcome::Cancelled { id, from },
        None => CancelOutcome::Refused {
            id: held.id,
            state: held.lifecycle.state.name(),
            started: held.lifecycle.has_started(),
        },
    })
}
