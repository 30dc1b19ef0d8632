//! Signed calls that count once: the call and its effect are one write.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::access::Once;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, JobState, NewJob, Selector, StateName, StopMode,
};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{PipelineId, PipelineState};
use reelgate_testkit::FixedClock;
use tokio::task::JoinSet;

use super::tenants::pipeline;
use super::{Home, World};
use crate::{DeletePipeline, JobFilter, Result, StoreError, SubmitOutcome};

/// How long the cases' calls have to be remembered.
const WINDOW: Duration = Duration::from_secs(900);

/// A call of its own for each number.
fn once(number: u64) -> Once {
    let mut hash = [0x5a; 16];
    hash[4..12].copy_from_slice(&number.to_be_bytes());
    // Neighbours in number are none in the table.
    hash[..4].copy_from_slice(&(number as u32).wrapping_mul(0x9e37_79b1).to_be_bytes());
    Once {
        hash,
        until: FixedClock::START.after(WINDOW),
        note: None,
    }
}

fn is_replayed<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(StoreError::Replayed))
}

async fn is_known(world: &World, call: Once) -> bool {
    let outcome = world.store.use_once(call).await;
    assert!(outcome.is_ok() || is_replayed(&outcome), "{outcome:?}");
    outcome.is_err()
}

pub async fn a_call_counts_once_whatever_it_does(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, account) = (&world.store, world.account);

    let new = world.new_job().build();
    let id = new.id;
    let first = store.submit(vec![new], Some(once(1))).await;
    assert!(matches!(first, Ok(SubmitOutcome::Accepted(_))), "{first:?}");
    let again = store
        .submit(vec![world.new_job().build()], Some(once(1)))
        .await;
    assert!(is_replayed(&again), "{again:?}");
    let jobs = store.list_jobs(account, JobFilter::default(), 9).await;
    assert_eq!(jobs.expect("list").len(), 1);
    assert_eq!(world.load(world.pipeline).await, (1, 0));

    let cancel = async |id, call| {
        let (policy, mode) = (CancelPolicy::QueuedOnly, StopMode::Graceful);
        let selector = Selector::ids(vec![id]);
        let cancel = store.cancel(account, selector, policy, mode, world.now(), Some(call));
        cancel.await
    };
    // Also not for another effect.
    assert!(is_replayed(&cancel(id, once(1)).await));
    assert_eq!(world.state(id).await, StateName::Queued);
    let from = StateName::Queued;
    let cancelled = cancel(id, once(2)).await.expect("cancel");
    assert_eq!(cancelled, [CancelOutcome::Cancelled { id, from }]);
    let waiting = world.submit_one().await;
    assert!(is_replayed(&cancel(waiting, once(2)).await));
    assert_eq!(world.state(waiting).await, StateName::Queued);

    let create = async |name: &str, call| {
        let new = pipeline(account, name, &world.ids, world.now());
        store.create_pipeline(new, Some(call)).await
    };
    let made = create("films", once(3)).await.expect("create");
    assert!(is_replayed(&create("clips", once(3)).await));
    let clips = store.pipeline_named(account, "clips").await;
    assert_eq!(clips.expect("pipeline_named"), None);

    let change = async |state, call| {
        let change = PipelineChange {
            state: Some(state),
            ..PipelineChange::default()
        };
        store
            .change_pipeline(account, made.id, change, Some(call))
            .await
    };
    let paused = change(PipelineState::Paused, once(4))
        .await
        .expect("change");
    assert_eq!(paused.map(|it| it.state), Some(PipelineState::Paused));
    assert!(is_replayed(&change(PipelineState::Active, once(4)).await));
    let found = store
        .pipelines(account, &[made.id])
        .await
        .expect("pipelines");
    assert_eq!(found[0].state, PipelineState::Paused);

    let delete = async |id, call| store.delete_pipeline(account, id, Some(call)).await;
    let deleted = delete(made.id, once(5)).await.expect("delete");
    assert_eq!(deleted, DeletePipeline::Deleted);
    let empty = world.add_pipeline("empty", None).await;
    assert!(is_replayed(&delete(empty, once(5)).await));
    let found = store.pipelines(account, &[empty]).await.expect("pipelines");
    assert_eq!(found.len(), 1);

    for number in 1..=5 {
        assert!(is_known(&world, once(number)).await);
    }
    assert!(!is_known(&world, once(6)).await);
    assert!(is_known(&world, once(6)).await);
}

/// Otherwise a refused call could be kept and made again when it is no longer refused.
pub async fn a_call_that_was_answered_no_counts_too(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, account) = (&world.store, world.account);
    let unknown = PipelineId::from_bytes([9; 16]);
    let job = world.new_job_in(unknown).build();
    let refused = store
        .submit(vec![job], Some(once(1)))
        .await
        .expect("submit");
    assert_eq!(refused, SubmitOutcome::PipelineMissing(unknown));
    let running = world.running().await.id;
    let (policy, mode) = (CancelPolicy::QueuedOnly, StopMode::Graceful);
    let selector = Selector::ids(vec![running]);
    let cancel = store.cancel(account, selector, policy, mode, world.now(), Some(once(2)));
    let outcomes = cancel.await.expect("cancel");
    assert!(matches!(outcomes[..], [CancelOutcome::Refused { .. }]));
    let change = PipelineChange::default();
    let changed = store
        .change_pipeline(account, unknown, change, Some(once(3)))
        .await;
    assert_eq!(changed.expect("change"), None);
    let deleted = store.delete_pipeline(account, unknown, Some(once(4))).await;
    assert_eq!(deleted.expect("delete"), DeletePipeline::Missing);
    for number in 1..=4 {
        assert!(is_known(&world, once(number)).await, "{number}");
    }
}

pub async fn a_call_that_fails_can_be_made_again(home: &dyn Home) {
    let world = World::new(home).await;
    let store = Arc::clone(&world.store);
    let submit = |jobs, call| {
        let store = Arc::clone(&store);
        async move { store.submit(jobs, Some(call)).await }
    };
    assert_eq!(fail(&world, submit).await, Vec::<String>::new());
}

/// Lets calls fail, alone and with others in the same commit, and tells which left something. What
/// is tried submits jobs as one call.
pub async fn fail<S, F>(world: &World, submit: S) -> Vec<String>
where
    S: Fn(Vec<NewJob>, Once) -> F,
    F: Future<Output = Result<SubmitOutcome>> + Send + 'static,
{
    let taken = world.new_job().build();
    world.submit(vec![taken.clone()]).await;
    let mut calls = JoinSet::new();
    for number in 0..60 {
        let good = world.new_job().build();
        let jobs = match number % 3 {
            // It fails after its first job was written.
            0 => vec![good, taken.clone()],
            _ => vec![good],
        };
        let call = submit(jobs, once(number));
        calls.spawn(async move { (number, call.await.is_ok()) });
    }
    let mut violations = Vec::new();
    for (number, written) in calls.join_all().await {
        if written != (number % 3 != 0) {
            violations.push(format!("call {number} was written: {written}"));
        }
        if is_known(world, once(number)).await != written {
            violations.push(format!(
                "call {number} was written: {written}, unlike its effect"
            ));
        }
    }
    let queued = world.load(world.pipeline).await.0;
    if queued != 41 {
        violations.push(format!("{queued} jobs of 41 are queued"));
    }
    violations
}

pub async fn of_two_replays_at_once_one_wins(home: &dyn Home) {
    let world = World::new(home).await;
    let store = Arc::clone(&world.store);
    let submit = move |jobs, call| {
        let store = Arc::clone(&store);
        async move { store.submit(jobs, Some(call)).await }
    };
    assert_eq!(race(&world, 500, submit).await, Vec::<String>::new());
}

/// Makes `count` calls, each three times at once, and tells which broke the promise. What is tried
/// submits jobs as one call.
pub async fn race<S, F>(world: &World, count: u64, submit: S) -> Vec<String>
where
    S: Fn(Vec<NewJob>, Once) -> F,
    F: Future<Output = Result<SubmitOutcome>> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for number in 0..count {
        for _ in 0..3 {
            let call = submit(vec![world.new_job().build()], once(number));
            calls.spawn(async move { (number, call.await) });
        }
    }
    let mut accepted = vec![0; count as usize];
    let mut violations = Vec::new();
    for (number, outcome) in calls.join_all().await {
        match outcome {
            Ok(SubmitOutcome::Accepted(_)) => accepted[number as usize] += 1,
            Err(StoreError::Replayed) => {}
            other => violations.push(format!("call {number}: {other:?}")),
        }
    }
    for (number, times) in accepted.iter().enumerate() {
        if *times != 1 {
            violations.push(format!("call {number} counted {times} times"));
        }
    }
    let queued = world.load(world.pipeline).await.0;
    if queued != count {
        violations.push(format!("{queued} jobs are queued, not {count}"));
    }
    violations
}

pub async fn a_call_stays_known_after_a_reopen(home: &dyn Home) {
    let world = World::new(home).await;
    let new = world.new_job().build();
    let accepted = world.store.submit(vec![new], Some(once(1))).await;
    accepted.expect("submit");
    world.store.use_once(once(2)).await.expect("use_once");
    let World {
        store,
        clock,
        ids,
        account,
        pipeline,
    } = world;
    drop(store);
    let world = World {
        store: home.open().await,
        clock,
        ids,
        account,
        pipeline,
    };
    let new = world.new_job().build();
    let again = world.store.submit(vec![new], Some(once(1))).await;
    assert!(is_replayed(&again), "{again:?}");
    assert!(is_known(&world, once(2)).await);
    assert!(!is_known(&world, once(3)).await);
    let jobs = world
        .store
        .list_jobs(account, JobFilter::default(), 9)
        .await;
    let jobs = jobs.expect("list");
    assert_eq!(jobs.len(), 1);
    assert!(matches!(jobs[0].lifecycle.state, JobState::Queued { .. }));
}

pub async fn old_calls_are_forgotten_step_by_step(home: &dyn Home) {
    let world = World::new(home).await;
    let call = |number: u64| Once {
        until: world.now().after(Duration::from_secs(1 + number % 2)),
        ..once(number)
    };
    for number in 0..100 {
        world.store.use_once(call(number)).await.expect("use_once");
    }
    let step = async |seconds| {
        let now = world.now().after(Duration::from_secs(seconds));
        world.store.prune(now, world.now(), 7).await.expect("prune")
    };
    // Nothing has expired before its time.
    while step(0).await {}
    let mut steps = 1;
    while step(1).await {
        steps += 1;
    }
    assert!(steps >= 50 / 7, "{steps} steps for what one may not do");
    for number in 0..100 {
        let expired = number % 2 == 0;
        assert_eq!(is_known(&world, call(number)).await, !expired, "{number}");
    }
    while step(2).await {}
    for number in 0..100 {
        assert!(!is_known(&world, call(number)).await, "{number}");
    }
}
