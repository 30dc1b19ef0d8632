//! Everything at once: submits, claims, reports, cancels, pauses, lost workers and sweeps from many
//! tasks, and every promise checked against the answers that they had.
//!
//! All calls take a number when they begin and one when they have their answer, so that "began after
//! that answer had come" can be told for any two of them. What overlaps may have happened in either
//! order and is not judged.

mod actors;
mod log;
mod verdict;

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, Selector, StopMode};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, Timestamp, WorkerId};

use super::{Home, World};
use crate::{Claim, Ending, Fenced, Result, Store};

/// How the actors reach the store. A broken variant differs in one of these.
#[async_trait]
pub trait Reach: Send + Sync + 'static {
    fn store(&self) -> &dyn Store;

    async fn claim(
        &self,
        worker: &WorkerId,
        slots: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        self.store().claim(worker, slots, until, now).await
    }

    async fn publish(&self, job: JobId, staged: Staged, now: Timestamp) -> Result<Fenced> {
        self.store().publish(job, staged, now).await
    }

    async fn finish(
        &self,
        job: JobId,
        attempt: u32,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Fenced> {
        self.store().finish(job, attempt, ending, now).await
    }

    async fn cancel(
        &self,
        account: AccountId,
        job: JobId,
        (policy, mode): (CancelPolicy, StopMode),
        now: Timestamp,
    ) -> Result<CancelOutcome> {
        let selector = Selector::ids(vec![job]);
        let outcomes = self
            .store()
            .cancel(account, selector, policy, mode, now, None);
        Ok(outcomes.await?.remove(0))
    }
}

/// The store as it is.
struct Direct(Arc<dyn Store>);

impl Reach for Direct {
    fn store(&self) -> &dyn Store {
        self.0.as_ref()
    }
}

/// What the traffic holds a store to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// After an accepted cancel nothing of the job starts, wins or ends otherwise.
    CancelHolds,
    /// No job starts between the answer to a pause and the call of the resume.
    PauseHolds,
    /// A pipeline never has more leases than its limit allows.
    LimitHolds,
    /// Each attempt starts once, after the one before, and only the newest has a say.
    OneAttempt,
    /// A job ends once, and nothing happens to it afterwards.
    OneEnd,
    /// What was answered is what the rows say in the end.
    AnswersFit,
    /// Jobs that start together are siblings.
    Siblings,
    /// No call fails.
    NoError,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub promise: Promise,
    pub what: String,
}

/// How often those met whose meeting is what the traffic is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meetings {
    pub cancelled: usize,
    pub stopped: usize,
    /// Cancels that came too late.
    pub refused: usize,
    /// Claims wholly inside a pause.
    pub held_back: usize,
    /// Attempts that were followed by another one or an end without saying so themselves.
    pub lost: usize,
    /// Reports that came too late to count.
    pub stale: usize,
    /// Claims of several siblings.
    pub groups: usize,
    pub succeeded: usize,
    pub failed: usize,
}

/// What the traffic came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub violations: Vec<Violation>,
    pub meetings: Meetings,
}

impl Outcome {
    pub fn breaks(&self, promise: Promise) -> bool {
        self.violations.iter().any(|it| it.promise == promise)
    }
}

pub async fn no_promise_breaks_under_traffic(home: &dyn Home) {
    let world = World::new(home).await;
    let reach = Arc::new(Direct(Arc::clone(&world.store)));
    promises_hold(world, reach, 10_000).await;
}

/// No promise is broken, and all that are to meet do.
pub(super) async fn promises_hold(world: World, reach: Arc<dyn Reach>, count: usize) {
    let outcome = traffic(world, reach, count).await;
    let first: Vec<_> = outcome.violations.iter().take(10).collect();
    assert!(
        first.is_empty(),
        "{} in all: {first:#?}",
        outcome.violations.len()
    );
    // Otherwise they did not meet and nothing was shown.
    let met = &outcome.meetings;
    let counts = [
        met.cancelled,
        met.stopped,
        met.refused,
        met.held_back,
        met.lost,
        met.stale,
        met.groups,
        met.succeeded,
        met.failed,
    ];
    assert!(counts.iter().all(|count| *count >= 20), "{met:?}");
}

/// Lets `count` jobs go through a new store and judges what came of it.
pub async fn traffic(world: World, reach: Arc<dyn Reach>, count: usize) -> Outcome {
    let arena = actors::Arena::new(world, reach, count).await;
    let (arena, records) = arena.play().await;
    verdict::judge(&arena, &records).await
}
