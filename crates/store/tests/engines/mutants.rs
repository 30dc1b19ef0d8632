//! The engine with one rule taken away, against the races of the suite: each must be caught, or the
//! races show nothing.

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, StopMode};
use reelgate_domain::media::Staged;
use reelgate_domain::{AccountId, JobId, Timestamp, WorkerId};
use reelgate_store::conformance::once;
use reelgate_store::conformance::race::race;
use reelgate_store::conformance::traffic::{Promise, Reach, traffic};
use reelgate_store::conformance::{Home, World};
use reelgate_store::{Claim, Ending, Fenced, Result, SqliteStore, Store};
use reelgate_testkit::account;
use tempfile::TempDir;

/// A home that also hands out the store by its own type.
struct Known(Arc<SqliteStore>);

#[async_trait]
impl Home for Known {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as Arc<dyn Store>
    }
}

struct Subject {
    _dir: TempDir,
    store: Arc<SqliteStore>,
    world: World,
}

impl Subject {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let world = World::new(&Known(Arc::clone(&store))).await;
        Self {
            _dir: dir,
            store,
            world,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_that_checks_and_then_acts_is_caught_by_the_race() {
    // One race shows some ten violations; whether it shows any is up to the scheduler.
    for _ in 0..10 {
        let Subject { _dir, store, world } = Subject::new().await;
        let (now, policy) = (world.now(), CancelPolicy::QueuedOnly);
        let world = Arc::new(world);
        let tally = race(&world, 4000, move |id| {
            let store = Arc::clone(&store);
            async move {
                store
                    .cancel_check_then_act(account(1), id, policy, now)
                    .await
                    .unwrap()
            }
        });
        let tally = tally.await;
        let mut violations = tally.violations.iter();
        if violations.any(|it| it.contains("ran and its cancel was accepted")) {
            return;
        }
    }
    panic!("the race does not see a cancel that overwrites a start");
}

/// Which rule is missing.
#[derive(Clone, Copy, Debug)]
enum Mutant {
    CompareAndSet,
    AttemptCheck,
    PauseInClaim,
    LimitInClaim,
    StopBeforeWin,
}

struct Mutated {
    store: Arc<SqliteStore>,
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
        let store = &self.store;
        match self.mutant {
            Mutant::PauseInClaim => {
                store
                    .claim_by_an_earlier_look_at_pauses(worker, slots, until, now)
                    .await
            }
            Mutant::LimitInClaim => {
                store
                    .claim_by_an_earlier_look_at_limits(worker, slots, until, now)
                    .await
            }
            _ => store.claim(worker, slots, until, now).await,
        }
    }

    async fn publish(&self, job: JobId, staged: Staged, now: Timestamp) -> Result<Fenced> {
        let store = &self.store;
        match self.mutant {
            Mutant::AttemptCheck => store.publish_any_attempt(job, staged, now).await,
            Mutant::StopBeforeWin => store.publish_over_a_stop(job, staged, now).await,
            _ => store.publish(job, staged, now).await,
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
        if matches!(self.mutant, Mutant::CompareAndSet) && policy == CancelPolicy::QueuedOnly {
            let store = &self.store;
            return store.cancel_check_then_act(account, job, policy, now).await;
        }
        let selector = reelgate_domain::job::Selector::ids(vec![job]);
        let outcomes = self
            .store
            .cancel(account, selector, policy, mode, now, None);
        Ok(outcomes.await?.remove(0))
    }
}

/// Whether the traffic sees it is up to the scheduler, so it may have a few goes.
async fn breaks(mutant: Mutant, promise: Promise) {
    let mut seen = Vec::new();
    for _ in 0..8 {
        let Subject { _dir, store, world } = Subject::new().await;
        let outcome = traffic(world, Arc::new(Mutated { store, mutant }), 1500).await;
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
async fn a_pause_that_is_read_before_the_claim_is_caught_by_the_traffic() {
    breaks(Mutant::PauseInClaim, Promise::PauseHolds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_is_read_before_the_claim_is_caught_by_the_traffic() {
    breaks(Mutant::LimitInClaim, Promise::LimitHolds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_win_that_overwrites_a_stop_is_caught_by_the_traffic() {
    breaks(Mutant::StopBeforeWin, Promise::CancelHolds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_noted_after_its_effect_is_caught_by_the_race_of_replays() {
    for _ in 0..8 {
        let Subject { _dir, store, world } = Subject::new().await;
        let submit = move |jobs, call| {
            let store = Arc::clone(&store);
            async move { store.submit_and_then_note(jobs, call).await }
        };
        let violations = once::race(&world, 500, submit).await;
        if violations.iter().any(|it| it.contains("counted")) {
            return;
        }
    }
    panic!("the race does not see a call that counts twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_noted_before_its_effect_is_caught_when_that_fails() {
    let Subject { _dir, store, world } = Subject::new().await;
    let submit = move |jobs, call| {
        let store = Arc::clone(&store);
        async move { store.note_and_then_submit(jobs, call).await }
    };
    let violations = once::fail(&world, submit).await;
    let unlike = violations
        .iter()
        .filter(|it| it.contains("unlike its effect"));
    assert_eq!(unlike.count(), 20, "{violations:?}");
}
