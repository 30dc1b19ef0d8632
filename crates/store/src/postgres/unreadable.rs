//! Ending jobs that cannot be read, so that a damaged row stops nothing but its own job.

use reelgate_domain::Timestamp;
use reelgate_domain::job::{Event, Fault, FaultCode, Lease, Lifecycle};

use super::report;
use super::unit::{Beside, Unit};
use crate::contract::{Result, StoreError};
use crate::happened::End;
use crate::held::Held;

/// Fails a job that a claim has picked: it is claimed with this lease and fails at once. That takes
/// only its row in `jobs`; what is usually unreadable is in the tables beside it.
pub(super) fn fail(
    unit: &mut Unit,
    number: i64,
    why: &StoreError,
    lease: &Lease,
    now: Timestamp,
) -> Result<()> {
    let Some(entry) = unit.entry(number) else {
        return Ok(());
    };
    let (has_lease, held) = (entry.raw.until.is_some(), entry.held.clone());
    if let Ok(held) = held
        && let Some(next) = failed(&held, has_lease, &fault(why), lease, now)
    {
        log(number, why);
        let beside = Beside {
            progress: held.progress,
            started_at: Some(now),
            now,
        };
        unit.move_to(&held, &next, &beside)?;
        return report::note_end(unit, &held, &next, &End::Failed(&fault(why)), &[], now);
    }
    set_aside(unit, number, why, now)
}

fn failed(
    held: &Held,
    has_lease: bool,
    fault: &Fault,
    lease: &Lease,
    now: Timestamp,
) -> Option<Lifecycle> {
    // Else the pipeline counts the job as something that it does not claim to be.
    if held.lifecycle.state.lease().is_some() != has_lease {
        return None;
    }
    let claim = Event::Claim {
        lease: lease.clone(),
    };
    let claimed = held.lifecycle.after(&claim, now).ok()?;
    i32::try_from(claimed.attempt).ok()?;
    let fail = Event::Fail {
        attempt: claimed.attempt,
        fault: fault.clone(),
    };
    claimed.after(&fail, now).ok()
}

/// Fails a job of which not even the row in `jobs` makes sense. There is no lifecycle to ask: all that
/// is left to do is to take the job out of everybody's way. One that has ended stays as it is and
/// loses its lease.
pub(super) fn set_aside(
    unit: &mut Unit,
    number: i64,
    why: &StoreError,
    now: Timestamp,
) -> Result<()> {
    log(number, why);
    if unit.set_aside(number, &fault(why), now)? {
        unit.set_outputs(number, None, Some(&fault(why)), Vec::new())?;
    }
    Ok(())
}

fn fault(why: &StoreError) -> Fault {
    let what = match why {
        StoreError::Corrupt {
            table, column, why, ..
        } => format!("{table}.{column}: {why}"),
        other => other.to_string(),
    };
    let message = format!("the stored job cannot be read by this release: {what}");
    Fault::new(FaultCode::SpecUnfit, message)
}

/// Here and not after the commit, because nobody may be left to wait for that. Should the batch be
/// written twice, or not at all, so is this line.
fn log(number: i64, error: &StoreError) {
    tracing::error!(
        job.number = number,
        %error,
        "the job with the number {number} cannot be read and fails"
    );
}
