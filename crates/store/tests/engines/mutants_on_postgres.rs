//! The engine on PostgreSQL with one rule taken away, against the traffic of the suite: each must be
//! caught, or the traffic shows nothing of this engine.

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, Selector, StopMode};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, Timestamp, WorkerId};
use reelgate_store::conformance::traffic::{Promise, Reach, traffic};
use reelgate_store::conformance::{Home, World};
use reelgate_store::{Claim, Ending, Fenced, PostgresStore, Result, Store};

use crate::postgres::Database;

/// A home that also hands out the store by its own type.
struct Known(Arc<PostgresStore>);

#[async_trait]
impl Home for Known {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as Arc<dyn Store>
    }
}

/// Which rule is missing.
#[derive(Clone, Copy, Debug)]
enum Mutant {
    CompareAndSet,
    AttemptCheck,
    StopBeforeWin,
}

struct Mutated {
    store: Arc<PostgresStore>,
    mutant: Mutant,
}

#[async_trait]
impl Reach for Mutated {
    fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    async fn claim(
        &self,
        worker: &WorkerId,
        slots: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        self.store.claim(worker, slots, until, now).await
    }

    async fn publish(&self, job: JobId, staged: Staged, now: Timestamp) -> Result<Fenced> {
        let store = &self.store;
        match self.mutant {
            Mutant::AttemptCheck => store.publish_any_attempt(job, staged, now).await,
            Mutant::StopBeforeWin => store.publish_over_a_stop(job, staged, now).await,
            Mutant::CompareAndSet => store.publish(job, staged, now).await,
        }
    }

    async fn finish(
        &self,
        job: JobId,
        attempt: u32,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Fenced> {
        let store = &self.store;
        match self.mutant {
            Mutant::AttemptCheck => store.finish_any_attempt(job, attempt, ending, now).await,
            _ => store.finish(job, attempt, ending, now).await,
        }
    }

    async fn cancel(
        &self,
        account: AccountId,
        job: JobId,
        (policy, mode): (CancelPolicy, StopMode),
        now: Timestamp,
    ) -> Result<CancelOutcome> {
        let store = &self.store;
        if matches!(self.mutant, Mutant::CompareAndSet) && policy == CancelPolicy::QueuedOnly {
            return store.cancel_check_then_act(account, job, policy, now).await;
        }
        let selector = Selector::ids(vec![job]);
        let outcomes = store.cancel(account, selector, policy, mode, now, None);
        Ok(outcomes.await?.remove(0))
    }
}

/// Whether the traffic sees it is up to the scheduler, so it may have a few goes.
async fn breaks(mutant: Mutant, promise: Promise) {
    let mut seen = Vec::new();
    for _ in 0..8 {
        let store = Arc::new(Database::new().store().await);
        let world = World::new(&Known(Arc::clone(&store))).await;
        let outcome = traffic(world, Arc::new(Mutated { store, mutant }), 500).await;
        if outcome.breaks(promise) {
            return;
        }
        seen.extend(outcome.violations.into_iter().take(5));
    }
    panic!("{mutant:?} passes as far as {promise:?} goes; other violations: {seen:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_that_checks_and_then_acts_is_caught_by_the_traffic() {
    breaks(Mutant::CompareAndSet, Promise::CancelHolds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_attempt_that_counts_is_caught_by_the_traffic() {
    breaks(Mutant::AttemptCheck, Promise::OneAttempt).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_win_that_overwrites_a_stop_is_caught_by_the_traffic() {
    breaks(Mutant::StopBeforeWin, Promise::CancelHolds).await;
}
