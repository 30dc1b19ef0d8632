//! Ending jobs that cannot be read, so that a damaged row stops nothing but its own job.

use reelgate_domain::job::{Event, Fault, FaultCode, Lease, Lifecycle};
use reelgate_domain::{JobId, Timestamp};
use rusqlite::params;

use super::error::by_row;
use super::events::record;
use super::rows::{Held, cell, execute, held, one};
use super::transition::{Beside, add, move_to};
use super::writer::Tx;
use super::{assets, report, sql};
use crate::contract::{Result, StoreError};
use crate::happened::End;
use crate::hints::Wakes;

/// A job that cannot be read, by what is known of it without reading it.
pub(super) struct Unreadable {
    pub(super) number: i64,
    /// The key of its lease, if it was found by one: then it counts as running, else as ready.
    pub(super) lease: Option<JobId>,
    pub(super) why: StoreError,
}

impl Unreadable {
    /// Fails a job that a claim has picked: it is claimed with this lease and fails at once. That
    /// takes only its row in `jobs`; what is usually unreadable is in the tables beside it.
    pub(super) fn fail(&self, tx: &Tx<'_>, lease: &Lease, now: Timestamp) -> Result<()> {
        let narrow = by_row(one(tx.connection(), sql::HELD, [self.number], held))?;
        if let Ok(Some(held)) = narrow
            && let Some(next) = self.failed(&held, lease, now)
        {
            self.log(Some(held.id));
            let beside = Beside {
                progress: held.progress,
                started_at: Some(now),
                now,
            };
            move_to(tx, &held, &next, &beside)?;
            let how = End::Failed(&self.fault());
            return report::note_end(tx, &held, &next, &how, &[], now);
        }
        self.set_aside(tx, now)
    }

    fn failed(&self, held: &Held, lease: &Lease, now: Timestamp) -> Option<Lifecycle> {
        // Else the pipeline counts the job as something that it does not claim to be.
        if held.lifecycle.state.lease().is_some() != self.lease.is_some() {
            return None;
        }
        let claim = Event::Claim {
            lease: lease.clone(),
        };
        let claimed = held.lifecycle.after(&claim, now).ok()?;
        let fail = Event::Fail {
            attempt: claimed.attempt,
            fault: self.fault(),
        };
        claimed.after(&fail, now).ok()
    }

    /// Fails a job of which not even the row in `jobs` makes sense. There is no lifecycle to ask:
    /// all that is left to do is to take the job out of everybody's way. One that has ended stays
    /// as it is and loses its lease.
    pub(super) fn set_aside(&self, tx: &Tx<'_>, now: Timestamp) -> Result<()> {
        self.log(self.lease);
        let connection = tx.connection();
        if let Some(lease) = self.lease {
            execute(connection, sql::DROP_LEASE, [lease.as_bytes()])?;
        }
        let key = params![self.number, now.as_millis()];
        let Some(pipeline) = cell(connection, sql::SET_ASIDE, key)? else {
            return Ok(());
        };
        let (waited, ran) = match self.lease {
            Some(_) => (0, 1),
            None => (1, 0),
        };
        add(tx, pipeline, -waited, -waited, -ran)?;
        assets::set_open(connection, self.number, false)?;
        tx.wake(Wakes::CHANGES.and(Wakes::WORK));
        let fault = self.fault();
        record::set_aside(tx, self.number, &fault, now)?;
        report::set_outputs(tx, self.number, None, Some(&fault), Vec::new())
    }

    fn fault(&self) -> Fault {
        let what = match &self.why {
            StoreError::Corrupt {
                table, column, why, ..
            } => format!("{table}.{column}: {why}"),
            other => other.to_string(),
        };
        let message = format!("the stored job cannot be read by this release: {what}");
        Fault::new(FaultCode::SpecUnfit, message)
    }

    /// Here and not after the commit, because nobody may be left to wait for that. Should the batch
    /// be written twice, or not at all, so is this line.
    fn log(&self, id: Option<JobId>) {
        let number = self.number;
        let error = &self.why;
        tracing::error!(
            job.id = id.map(tracing::field::display),
            job.number = number,
            %error,
            "the job with the number {number} cannot be read and fails"
        );
    }
}
