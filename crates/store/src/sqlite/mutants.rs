//! A cancel without the compare-and-set, which the race test must catch. Never part of a program.

use reelgate_domain::job::{CancelOutcome, CancelPolicy, CancelVerdict, StateName, StopMode};
use reelgate_domain::{AccountId, JobId, Timestamp};
use rusqlite::params;

use super::inbox::Lane;
use super::rows::{execute, held, one};
use super::transition::add;
use super::{SqliteStore, sql};
use crate::contract::Result;

impl SqliteStore {
    /// Looks at the job on a read connection, decides, and then writes whatever the job has become.
    pub async fn cancel_check_then_act(
        &self,
        account: AccountId,
        id: JobId,
        policy: CancelPolicy,
        now: Timestamp,
    ) -> Result<CancelOutcome> {
        let key = account.number().cast_signed();
        let read = move |connection: &rusqlite::Connection| {
            one(
                connection,
                sql::HELD_BY_ID,
                params![key, id.as_bytes()],
                held,
            )
        };
        let Some(seen) = self.readers.read(read).await? else {
            return Ok(CancelOutcome::Missing { index: 0 });
        };
        if policy.judge(&seen.lifecycle, StopMode::Graceful) != CancelVerdict::CancelNow {
            let state = seen.lifecycle.state.name();
            return Ok(CancelOutcome::Refused {
                id,
                state,
                started: seen.lifecycle.has_started(),
            });
        }
        self.write(Lane::Urgent, move |tx| {
            // The lease and the counts follow, so that the rows are as those of a cancelled job
            // should be: what is wrong is only that nobody looked again.
            let ran = execute(
                tx.connection(),
                "DELETE FROM leases WHERE id = ?1",
                [id.as_bytes()],
            )?;
            let waited = 1 - i64::try_from(ran).unwrap_or(0);
            add(tx, seen.pipeline, -waited, -waited, waited - 1)?;
            execute(
                tx.connection(),
                "UPDATE jobs SET state = 6, finished_at = ?2, ready_at = NULL WHERE number = ?1",
                params![seen.number, now.as_millis()],
            )?;
            let from = StateName::Queued;
            Ok(CancelOutcome::Cancelled { id, from })
        })
        .await
    }
}
