//! Cancelling jobs, as far as the policy allows.

use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Event, JobSpec, JobState, Named, Selector, StopMode,
};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::params;

use super::error::by_row;
use super::rows::{Held, all, cell, held, one};
use super::writer::Tx;
use super::{history, sql, transition};
use crate::contract::Result;
use crate::family::source_hash;
use crate::stored::decode;

pub(super) fn cancel(
    tx: &Tx<'_>,
    account: AccountId,
    selector: &Selector,
    how: (CancelPolicy, StopMode),
    now: Timestamp,
) -> Result<Vec<CancelOutcome>> {
    let account = account.number().cast_signed();
    let kinds = selector.kinds.bits();
    let within = match selector.pipeline {
        None => None,
        Some(id) => {
            let key = params![id.as_bytes(), account];
            Some(cell::<i64>(tx.connection(), sql::PIPELINE_KEY, key)?)
        }
    };
    let is_within = |held: &Held| within.is_none_or(|key| key == Some(held.pipeline));
    let outcome = |(index, found): (usize, Result<Option<Held>>)| match found?.filter(is_within) {
        Some(held) => cancel_one(tx, &held, how, now),
        None => Ok(CancelOutcome::Missing { index }),
    };
    match &selector.named {
        Named::Ids(ids) => {
            let found = ids.iter().map(|id| {
                let key = params![account, id.as_bytes(), kinds];
                one(tx.connection(), sql::HELD_OF_KINDS, key, held)
            });
            found.enumerate().map(outcome).collect()
        }
        Named::Numbers(numbers) => {
            let found = numbers.iter().map(|number| {
                let key = params![account, number.0, kinds];
                one(tx.connection(), sql::HELD_BY_NUMBER, key, held)
            });
            found.enumerate().map(outcome).collect()
        }
        Named::SourceUrls(urls) => {
            let mut outcomes = Vec::with_capacity(urls.len());
            for (index, url) in urls.iter().enumerate() {
                let mut fetching = fetching(tx, account, url, kinds)?;
                fetching.retain(is_within);
                if fetching.is_empty() {
                    outcomes.push(CancelOutcome::Missing { index });
                }
                for held in &fetching {
                    outcomes.push(cancel_one(tx, held, how, now)?);
                }
            }
            Ok(outcomes)
        }
    }
}

/// The jobs that fetch an address and have not ended, newest first; if all have, the newest.
fn fetching(tx: &Tx<'_>, account: i64, url: &SourceUrl, kinds: i64) -> Result<Vec<Held>> {
    let named = params![account, source_hash(url), kinds];
    let numbers = |statement| {
        all(tx.connection(), statement, named, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })
    };
    // Another address may have the same hash.
    let is_of = |number: i64, spec: &str| {
        let spec: JobSpec = decode(spec, "job_payloads", "spec", number)?;
        Ok(spec.source_url() == Some(url))
    };
    let mut found = Vec::new();
    for statement in [sql::FETCHING, sql::HAVE_FETCHED] {
        for (number, spec) in numbers(statement)? {
            // One that cannot be read is none that can be told to fetch this.
            if by_row(is_of(number, &spec))?.unwrap_or(false) {
                found.extend(one(tx.connection(), sql::HELD, [number], held)?);
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    if found.iter().all(|it| it.lifecycle.state.name().is_final()) {
        found.truncate(1);
    }
    Ok(found)
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
