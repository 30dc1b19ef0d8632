//! What the engine would be without one of its rules. The suite must catch each. Never part of a
//! program.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use reelgate_domain::access::Once;
use reelgate_domain::event::EventName;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, CancelVerdict, Lease, Named, NewJob, Selector, StateName, StopMode,
};
#[cfg(feature = "simulation")]
use reelgate_domain::job::{Job, JobState};
use reelgate_domain::media::Staged;
use reelgate_domain::node::Kinds;
use reelgate_domain::{AccountId, JobId, Timestamp, WorkerId};
use rusqlite::params;

use super::inbox::Lane;
use super::rows::{all, cell, execute, held, one};
use super::transition::add;
#[cfg(feature = "simulation")]
use super::twin::Rule;
use super::writer::Tx;
use super::{SqliteStore, access, claim, report, sql};
use crate::contract::{
    AccessStore, Claim, Ending, Fenced, Result, Store, StoreError, SubmitOutcome,
};

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
            let told = params![
                seen.number,
                EventName::Cancelled.code(),
                None::<u32>,
                now.as_millis(),
                None::<String>
            ];
            execute(tx.connection(), sql::events::ADD_EVENT, told)?;
            let from = StateName::Queued;
            Ok(CancelOutcome::Cancelled { id, from })
        })
        .await
    }

    /// Takes an attempt's end for that of the newest one.
    pub async fn finish_any_attempt(
        &self,
        job: JobId,
        attempt: u32,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Fenced> {
        self.write(Lane::Urgent, move |tx| {
            let newest = newest_attempt(tx, job)?.unwrap_or(attempt);
            report::finish(tx, job, newest, &ending, now)
        })
        .await
    }

    /// Takes what an attempt has staged for the newest one's.
    pub async fn publish_any_attempt(
        &self,
        job: JobId,
        staged: Staged,
        now: Timestamp,
    ) -> Result<Fenced> {
        self.write(Lane::Urgent, move |tx| {
            let attempt = newest_attempt(tx, job)?.unwrap_or(staged.attempt);
            let staged = Staged {
                attempt,
                ..staged.clone()
            };
            report::publish(tx, job, &staged, now)
        })
        .await
    }

    /// Lets an attempt win that was asked to stop.
    pub async fn publish_over_a_stop(
        &self,
        job: JobId,
        staged: Staged,
        now: Timestamp,
    ) -> Result<Fenced> {
        self.write(Lane::Urgent, move |tx| {
            execute(
                tx.connection(),
                "UPDATE jobs SET state = 1 WHERE state = 3 AND attempt = ?2 \
                 AND number = (SELECT number FROM leases WHERE id = ?1)",
                params![job.as_bytes(), staged.attempt],
            )?;
            report::publish(tx, job, &staged, now)
        })
        .await
    }

    /// Looks on a read connection which pipelines are active, and claims from those.
    pub async fn claim_by_an_earlier_look_at_pauses(
        &self,
        worker: &WorkerId,
        slots: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        let seen = self.readers.read(|connection| {
            all(
                connection,
                "SELECT pipeline, paused FROM queues",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?)),
            )
        });
        let seen = seen.await?;
        dawdle().await;
        let set = "UPDATE queues SET paused = ?2 WHERE pipeline = ?1";
        self.claim_as_if(worker, (slots, until, now), move |tx| {
            let connection = tx.connection();
            let is = all(
                connection,
                "SELECT pipeline, paused FROM queues",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?)),
            )?;
            for (pipeline, paused) in &seen {
                execute(connection, set, params![pipeline, paused])?;
            }
            Ok(is
                .into_iter()
                .map(|(pipeline, paused)| (set, pipeline, i64::from(paused)))
                .collect())
        })
        .await
    }

    /// Looks on a read connection how many jobs each pipeline may start, and claims as many.
    pub async fn claim_by_an_earlier_look_at_limits(
        &self,
        worker: &WorkerId,
        slots: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        let limited = "SELECT pipeline, concurrency, running FROM queues \
            WHERE concurrency IS NOT NULL";
        let look = move |connection: &rusqlite::Connection| {
            all(connection, limited, [], |row| {
                let count = |column| row.get::<_, i64>(column);
                Ok((count(0)?, count(1)?, count(2)?))
            })
        };
        let seen = self.readers.read(look).await?;
        dawdle().await;
        let set = "UPDATE queues SET concurrency = ?2 WHERE pipeline = ?1";
        self.claim_as_if(worker, (slots, until, now), move |tx| {
            for (pipeline, concurrency, ran) in &seen {
                let more = "UPDATE queues SET concurrency = running + ?2 WHERE pipeline = ?1";
                execute(
                    tx.connection(),
                    more,
                    params![pipeline, (concurrency - ran).max(0)],
                )?;
            }
            Ok(seen
                .iter()
                .map(|(pipeline, concurrency, _)| (set, *pipeline, *concurrency))
                .collect())
        })
        .await
    }

    /// Ends leases, but not those of jobs that are being stopped.
    #[cfg(feature = "simulation")]
    pub(super) async fn sweep_but_for_stops(&self, now: Timestamp) -> Result<u64> {
        self.write(Lane::Urgent, move |tx| {
            let shift = "UPDATE leases SET until = until + ?1 \
                WHERE number IN (SELECT number FROM jobs WHERE state = 3)";
            execute(tx.connection(), shift, [i64::from(u32::MAX)])?;
            let moved = super::sweep::sweep(tx, false, now)?;
            execute(tx.connection(), shift, [-i64::from(u32::MAX)])?;
            Ok(moved)
        })
        .await
    }

    /// Looks at jobs, and takes those that are cancelled for queued ones.
    #[cfg(feature = "simulation")]
    pub(super) async fn jobs_but_for_cancels(
        &self,
        account: AccountId,
        ids: Vec<JobId>,
    ) -> Result<Vec<Job>> {
        let look = move |connection: &rusqlite::Connection| {
            super::listing::get_many(connection, account, &ids)
        };
        let mut jobs = self.readers.read(look).await?;
        for job in &mut jobs {
            let state = &mut job.lifecycle.state;
            if matches!(state.name(), StateName::Stopping | StateName::Cancelled) {
                *state = JobState::Queued { ready_at: None };
            }
        }
        Ok(jobs)
    }

    /// The rule that this store lacks.
    #[cfg(feature = "simulation")]
    pub(super) fn lacks(&self) -> Option<Rule> {
        self.seat.as_ref().and_then(super::twin::Seat::lacks)
    }

    /// The job that a cancel is about, if it is to be cancelled without comparing.
    #[cfg(feature = "simulation")]
    pub(super) fn cancels_blindly(
        &self,
        selector: &Selector,
        policy: CancelPolicy,
    ) -> Option<JobId> {
        match selector {
            Selector {
                named: Named::Ids(ids),
                ..
            } if self.lacks() == Some(Rule::CompareAndSet)
                && policy == CancelPolicy::QueuedOnly =>
            {
                ids.first().copied()
            }
            _ => None,
        }
    }

    /// A claim that breaks the rule, if the rule is about claims.
    #[cfg(feature = "simulation")]
    pub(super) async fn claim_without(
        &self,
        rule: Rule,
        worker: &WorkerId,
        (slots, until, now): (u32, Timestamp, Timestamp),
    ) -> Option<Result<Vec<Claim>>> {
        match rule {
            Rule::PauseInClaim => Some(
                self.claim_by_an_earlier_look_at_pauses(worker, slots, until, now)
                    .await,
            ),
            Rule::LimitInClaim => Some(
                self.claim_by_an_earlier_look_at_limits(worker, slots, until, now)
                    .await,
            ),
            Rule::OldestFirst => {
                let swap = "UPDATE jobs SET priority = 11 - priority WHERE state = 0";
                let lease = Lease {
                    worker: worker.clone(),
                    until,
                };
                let wanted = claim::Wanted {
                    kinds: Kinds::ALL,
                    slots,
                    lease,
                    now,
                };
                let served = Arc::clone(&self.served);
                let tick = move || served.fetch_add(1, Ordering::Relaxed) + 1;
                let claims = self.write(Lane::Urgent, move |tx| {
                    execute(tx.connection(), swap, [])?;
                    let claims = claim::claim(tx, &wanted, &tick)?;
                    let back = "UPDATE jobs SET priority = 11 - priority WHERE state = 0 \
                        OR number IN (SELECT value FROM json_each(?1))";
                    let started: Vec<i64> = claims
                        .iter()
                        .filter(|claim| claim.work == crate::Work::Run)
                        .flat_map(|claim| claim.siblings.iter().chain([&claim.job]))
                        .map(|job| job.number.0)
                        .collect();
                    let started = serde_json::to_string(&started)
                        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
                    execute(tx.connection(), back, [started])?;
                    Ok(claims)
                });
                Some(claims.await)
            }
            _ => None,
        }
    }

    /// Looks for the call on a read connection, acts, and notes the call afterwards.
    pub async fn submit_and_then_note(
        &self,
        jobs: Vec<NewJob>,
        once: Once,
    ) -> Result<SubmitOutcome> {
        let noted = "SELECT EXISTS (SELECT 1 FROM nonces WHERE hash = ?1)";
        let look = move |connection: &rusqlite::Connection| {
            cell(connection, noted, [access::stored(&once.hash)])
        };
        if self.readers.read(look).await? == Some(true) {
            return Err(StoreError::Replayed);
        }
        let outcome = self.submit(jobs, None).await?;
        let note = "INSERT INTO nonces (hash, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.write(Lane::Normal, move |tx| {
            let row = params![access::stored(&once.hash), once.until.as_millis()];
            execute(tx.connection(), note, row)
        })
        .await?;
        Ok(outcome)
    }

    /// Notes the call in a write of its own and then acts.
    pub async fn note_and_then_submit(
        &self,
        jobs: Vec<NewJob>,
        once: Once,
    ) -> Result<SubmitOutcome> {
        self.use_once(once).await?;
        self.submit(jobs, None).await
    }

    /// Claims while the pipelines look otherwise. `disguise` returns how to undo it.
    async fn claim_as_if<F>(
        &self,
        worker: &WorkerId,
        (slots, until, now): (u32, Timestamp, Timestamp),
        disguise: F,
    ) -> Result<Vec<Claim>>
    where
        F: Fn(&Tx<'_>) -> Result<Vec<(&'static str, i64, i64)>> + Send + 'static,
    {
        let lease = Lease {
            worker: worker.clone(),
            until,
        };
        let wanted = claim::Wanted {
            kinds: Kinds::ALL,
            slots,
            lease,
            now,
        };
        let served = Arc::clone(&self.served);
        let tick = move || served.fetch_add(1, Ordering::Relaxed) + 1;
        self.write(Lane::Urgent, move |tx| {
            let undo = disguise(tx)?;
            let claims = claim::claim(tx, &wanted, &tick)?;
            for (set, pipeline, was) in undo {
                execute(tx.connection(), set, params![pipeline, was])?;
            }
            Ok(claims)
        })
        .await
    }
}

/// Others get their turn between the look and the act, as they would on a busy machine.
async fn dawdle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

fn newest_attempt(tx: &Tx<'_>, job: JobId) -> Result<Option<u32>> {
    let newest = "SELECT attempt FROM leases WHERE id = ?1";
    cell(tx.connection(), newest, [job.as_bytes()])
}
