//! Ending leases that have run out, and making retries ready.

use reelgate_domain::Timestamp;
use reelgate_domain::job::{Event, Fault, JobState, Lifecycle};

use super::intention::Needs;
use super::unit::{Unit, is_due};
use super::{report, unreadable};
use crate::contract::Result;
use crate::happened::End;
use crate::held::Held;
use crate::hints::Wakes;

pub(super) fn needs(every: bool, now: Timestamp) -> Needs {
    Needs {
        due: Some((every, now)),
        ..Needs::default()
    }
}

pub(super) fn sweep(unit: &mut Unit, every: bool, now: Timestamp) -> Result<u64> {
    let mut moved = 0;
    for number in unit.ended_leases.clone() {
        moved += u64::from(end_lease(unit, number, every, now)?);
    }
    for number in unit.due_retries.clone() {
        moved += u64::from(make_ready(unit, number, now)?);
    }
    if moved > 0 || every {
        unit.wakes = unit.wakes.and(Wakes::WORK);
    }
    Ok(moved)
}

fn end_lease(unit: &mut Unit, number: i64, every: bool, now: Timestamp) -> Result<bool> {
    let Some(entry) = unit.entry(number) else {
        return Ok(false);
    };
    let mut held = match entry.held.clone() {
        Ok(held) => held,
        Err(why) => {
            let until = entry.raw.until.map(Timestamp::from_millis);
            let ended = every || until.is_some_and(|until| until <= now);
            // Winners wait for a claim.
            if !ended || entry.raw.state == 2 || entry.aside.is_some() {
                return Ok(false);
            }
            unreadable::set_aside(unit, number, &why, now)?;
            return Ok(true);
        }
    };
    if every {
        // A lease that still runs counts as one that has just run out.
        let as_read = held.clone();
        if let JobState::Running { lease }
        | JobState::Stopping { lease, .. }
        | JobState::Publishing { lease } = &mut held.lifecycle.state
        {
            lease.until = lease.until.min(now);
        }
        if held != as_read {
            unit.set(&as_read, held.clone())?;
        }
    }
    let Some(next) = unit.apply(&held, &Event::LeaseEnded, now)? else {
        return Ok(false);
    };
    if let Some(lease) = held.lifecycle.state.lease() {
        let fault = Fault::lost(&lease.worker);
        report::note_end(unit, &held, &next, &End::Failed(&fault), &[], now)?;
    }
    Ok(true)
}

fn make_ready(unit: &mut Unit, number: i64, now: Timestamp) -> Result<bool> {
    let Some(entry) = unit.entry(number) else {
        return Ok(false);
    };
    match entry.held.clone() {
        Ok(held) if is_due(&held.lifecycle, now) => {
            let next = Lifecycle {
                state: JobState::Queued { ready_at: None },
                ..held.lifecycle
            };
            let becomes = Held {
                lifecycle: next,
                ..held.clone()
            };
            unit.set(&held, becomes)?;
            Ok(true)
        }
        // Something has become of it in this batch, or its time has not come.
        Ok(held) if matches!(held.lifecycle.state, JobState::Queued { .. }) => Ok(false),
        Ok(_) if entry.was.is_some() => Ok(false),
        // A row that is due and not queued makes no sense; it loses its time all the same, or it
        // would be due for ever.
        _ => unit.lose_time(number),
    }
}
