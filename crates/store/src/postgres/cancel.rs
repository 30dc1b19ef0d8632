//! Cancelling jobs, as far as the policy allows.

use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Event, JobState, Named, Selector, StopMode,
};
use reelgate_domain::node::Kinds;
use reelgate_domain::{AccountId, Timestamp};

use super::intention::Needs;
use super::job_rows::account_key;
use super::unit::Unit;
use crate::contract::Result;
use crate::happened;
use crate::held::Held;

pub(super) fn needs(account: AccountId, selector: &Selector) -> Needs {
    let mut needs = Needs::default();
    match &selector.named {
        Named::Ids(ids) => needs.jobs = ids.iter().map(|id| (account, *id)).collect(),
        Named::Numbers(numbers) => needs.numbers = numbers.iter().map(|it| it.0).collect(),
        Named::SourceUrls(urls) => {
            needs.sources = urls.iter().map(|url| (account, url.clone())).collect();
        }
    }
    needs.pipelines = selector.pipeline.iter().map(|id| (account, *id)).collect();
    needs
}

pub(super) fn cancel(
    unit: &mut Unit,
    account: AccountId,
    selector: &Selector,
    how: (CancelPolicy, StopMode),
    now: Timestamp,
) -> Result<Vec<CancelOutcome>> {
    let within = selector
        .pipeline
        .map(|id| unit.pipelines.get(&(account_key(account), id)).copied());
    let is_within = |held: &Held| within.is_none_or(|key| key == Some(held.pipeline));
    let count = match &selector.named {
        Named::Ids(ids) => ids.len(),
        Named::Numbers(numbers) => numbers.len(),
        Named::SourceUrls(urls) => urls.len(),
    };
    let mut outcomes = Vec::with_capacity(count);
    // Each entry finds jobs as the one before has left them.
    for index in 0..count {
        let mut found: Vec<Held> = match &selector.named {
            Named::Ids(ids) => Vec::from_iter(unit.by_id(account, ids[index])?),
            Named::Numbers(numbers) => Vec::from_iter(unit.by_number(account, numbers[index].0)?),
            Named::SourceUrls(urls) => fetching(unit, account, &urls[index], selector.kinds)?,
        };
        found.retain(|held| unit.is_of(held.number, selector.kinds) && is_within(held));
        if found.is_empty() {
            outcomes.push(CancelOutcome::Missing { index });
        }
        for held in found {
            outcomes.push(cancel_one(unit, &held, how, now)?);
        }
    }
    Ok(outcomes)
}

/// The jobs that fetch an address and have not ended, newest first; if all have, the newest.
fn fetching(unit: &Unit, account: AccountId, url: &SourceUrl, kinds: Kinds) -> Result<Vec<Held>> {
    let mut found = Vec::new();
    for number in unit.fetching(account, url) {
        if unit.is_of(number, kinds) {
            found.extend(unit.by_number(account, number)?);
        }
    }
    found.sort_unstable_by_key(|held| std::cmp::Reverse(held.number));
    let has_ended = |held: &Held| held.lifecycle.state.name().is_final();
    match found.iter().all(has_ended) {
        true => found.truncate(1),
        false => found.retain(|held| !has_ended(held)),
    }
    Ok(found)
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
