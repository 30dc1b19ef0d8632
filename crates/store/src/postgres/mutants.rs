//! What the engine would be without one of its rules. The suite must catch each. Never part of a
//! program.

use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, CancelVerdict, JobState, Lifecycle, Selector, StateName, StopMode,
};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, Timestamp};

use super::inbox::Lane;
use super::intention::{Needs, call};
use super::unit::{Beside, Unit};
use super::{PostgresStore, cancel, report};
use crate::contract::{Ending, Fenced, Result, Store};
use crate::held::Held;

impl PostgresStore {
    /// Looks at the job, decides, and then writes whatever the job has become.
    pub async fn cancel_check_then_act(
        &self,
        account: AccountId,
        id: JobId,
        policy: CancelPolicy,
        now: Timestamp,
    ) -> Result<CancelOutcome> {
        let seen = self.jobs(account, &[id]).await?;
        let Some(seen) = seen.first() else {
            return Ok(CancelOutcome::Missing { index: 0 });
        };
        if policy.judge(&seen.lifecycle, StopMode::Graceful) != CancelVerdict::CancelNow {
            return Ok(CancelOutcome::Refused {
                id,
                state: seen.lifecycle.state.name(),
                started: seen.lifecycle.has_started(),
            });
        }
        let needs = cancel::needs(account, &Selector::ids(vec![id]));
        let decide = call(needs, move |unit| {
            let Some(held) = unit.by_id(account, id)? else {
                return Ok(CancelOutcome::Missing { index: 0 });
            };
            let next = Lifecycle {
                state: JobState::Cancelled { finished_at: now },
                ..held.lifecycle.clone()
            };
            let beside = Beside {
                progress: held.progress,
                started_at: held.started_at,
                now,
            };
            unit.move_to(&held, &next, &beside)?;
            let from = StateName::Queued;
            Ok(CancelOutcome::Cancelled { id, from })
        });
        self.write(Lane::Urgent, decide).await
    }

    /// Takes an attempt's end for that of the newest one.
    pub async fn finish_any_attempt(
        &self,
        job: JobId,
        attempt: u32,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Fenced> {
        let decide = call(report::needs(vec![job]), move |unit| {
            let newest = newest_attempt(unit, job)?.unwrap_or(attempt);
            report::finish(unit, job, newest, &ending, now)
        });
        self.write(Lane::Urgent, decide).await
    }

    /// Takes what an attempt has staged for the newest one's.
    pub async fn publish_any_attempt(
        &self,
        job: JobId,
        staged: Staged,
        now: Timestamp,
    ) -> Result<Fenced> {
        let decide = call(to_publish(job), move |unit| {
            let staged = Staged {
                attempt: newest_attempt(unit, job)?.unwrap_or(staged.attempt),
                ..staged.clone()
            };
            report::publish(unit, job, &staged, now)
        });
        self.write(Lane::Urgent, decide).await
    }

    /// Lets an attempt win that was asked to stop.
    pub async fn publish_over_a_stop(
        &self,
        job: JobId,
        staged: Staged,
        now: Timestamp,
    ) -> Result<Fenced> {
        let decide = call(to_publish(job), move |unit| {
            let held = unit.held_by(job)?;
            if let Some(held) = held
                && held.lifecycle.attempt == staged.attempt
                && let JobState::Stopping { lease, .. } = &held.lifecycle.state
            {
                let lifecycle = Lifecycle {
                    state: JobState::Running {
                        lease: lease.clone(),
                    },
                    ..held.lifecycle.clone()
                };
                let runs = Held {
                    lifecycle,
                    ..held.clone()
                };
                unit.set(&held, runs)?;
            }
            report::publish(unit, job, &staged, now)
        });
        self.write(Lane::Urgent, decide).await
    }
}

fn to_publish(job: JobId) -> Needs {
    Needs {
        staged: true,
        ..report::needs(vec![job])
    }
}

fn newest_attempt(unit: &Unit, job: JobId) -> Result<Option<u32>> {
    let held = unit.held_by(job)?;
    Ok(held.map(|held| held.lifecycle.attempt))
}
