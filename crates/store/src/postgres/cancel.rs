//! Cancelling jobs, as far as the policy allows.

use reelgate_domain::job::{CancelOutcome, CancelPolicy, Event, JobState, Selector, StopMode};
use reelgate_domain::{AccountId, Timestamp};

use super::intention::Needs;
use super::unit::Unit;
use crate::contract::Result;
use crate::happened;
use crate::held::Held;

pub(super) fn needs(account: AccountId, selector: &Selector) -> Needs {
    let mut needs = Needs::default();
    match selector {
        Selector::Ids(ids) => needs.jobs = ids.iter().map(|id| (account, *id)).collect(),
        Selector::Numbers(numbers) => needs.numbers = numbers.iter().map(|it| it.0).collect(),
    }
    needs
}

pub(super) fn cancel(
    unit: &mut Unit,
    account: AccountId,
    selector: &Selector,
    how: (CancelPolicy, StopMode),
    now: Timestamp,
) -> Result<Vec<CancelOutcome>> {
    let count = match selector {
        Selector::Ids(ids) => ids.len(),
        Selector::Numbers(numbers) => numbers.len(),
    };
    let mut outcomes = Vec::with_capacity(count);
    for index in 0..count {
        let found = match selector {
            Selector::Ids(ids) => unit.by_id(account, ids[index])?,
            Selector::Numbers(numbers) => unit.by_number(account, numbers[index].0)?,
        };
        outcomes.push(match found {
            Some(held) => cancel_one(unit, &held, how, now)?,
            None => CancelOutcome::Missing { index },
        });
    }
    Ok(outcomes)
}

fn cancel_one(
    unit: &mut Unit,
    held: &Held,
    (policy, mode): (CancelPolicy, StopMode),
    now: Timestamp,
) -> Result<CancelOutcome> {
    let next = unit.apply(held, &Event::Cancel { policy, mode }, now)?;
    let (id, from) = (held.id, held.lifecycle.state.name());
    Ok(match next {
        Some(next) if matches!(next.state, JobState::Stopping { .. }) => {
            unit.add_history(held.number, &happened::stop(held, mode, now))?;
            CancelOutcome::Stopping { id, from }
        }
        // A job that was cancelled while queued says so by its row.
        Some(_) => CancelOutcome::Cancelled { id, from },
        None => CancelOutcome::Refused {
            id,
            state: from,
            started: held.lifecycle.has_started(),
        },
    })
}
