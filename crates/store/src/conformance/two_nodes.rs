//! Two nodes on one store. For an engine that belongs to one process both are the same handle.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reelgate_domain::PipelineState;
use reelgate_domain::job::{CancelPolicy, FaultCode, StateName};
use tokio::sync::watch;

use super::traffic::{Reach, promises_hold};
use super::world::{LEASE, failed};
use super::{Home, World, claiming, keyed, once, pausing, race};
use crate::{DeletePipeline, Ending, Fenced, Store, SubmitOutcome};

/// Long enough for a hint that comes at all.
const SOON: Duration = Duration::from_secs(60);

async fn two(home: &dyn Home) -> (Arc<World>, Arc<World>) {
    let one = World::new(home).await;
    let other = one.beside(home).await;
    (Arc::new(one), Arc::new(other))
}

pub async fn cancels_on_one_and_claims_on_the_other_never_both_win(home: &dyn Home) {
    let (one, other) = two(home).await;
    let tally = race::race(&one, 2000, move |id| {
        let other = Arc::clone(&other);
        async move { other.cancel(id, CancelPolicy::QueuedOnly).await }
    })
    .await;
    assert_eq!(tally.violations, Vec::<String>::new());
    assert_eq!(tally.cancelled + tally.started, 2000);
    // Otherwise they did not meet and nothing was shown.
    assert!(tally.cancelled > 20 && tally.refused > 20, "{tally:?}");
}

pub async fn no_claim_of_either_that_follows_an_answered_pause_starts_its_jobs(home: &dyn Home) {
    let (one, other) = two(home).await;
    pausing::pauses_hold(&one, &[Arc::clone(&one), other]).await;
}

pub async fn claims_of_both_share_out_each_job_once_within_the_limit(home: &dyn Home) {
    let (one, other) = two(home).await;
    claiming::share_out(&one, &[Arc::clone(&one), other]).await;
}

pub async fn of_two_replays_on_both_at_once_one_wins(home: &dyn Home) {
    let (one, other) = two(home).await;
    let stores = [Arc::clone(&one.store), Arc::clone(&other.store)];
    let turn = AtomicUsize::new(0);
    let submit = move |jobs, call| {
        let store = Arc::clone(&stores[turn.fetch_add(1, Ordering::Relaxed) % 2]);
        async move { store.submit(jobs, Some(call)).await }
    };
    assert_eq!(once::race(&one, 300, submit).await, Vec::<String>::new());
}

pub async fn of_many_keyed_calls_on_both_at_once_one_is_made(home: &dyn Home) {
    let (one, other) = two(home).await;
    keyed::one_is_made(&[one, other]).await;
}

/// Whose turn it is, is known to all nodes.
pub async fn pipelines_take_turns_whichever_node_claims(home: &dyn Home) {
    let (one, other) = two(home).await;
    let mut owners = HashMap::new();
    let mut pipelines = vec![one.pipeline];
    for name in ["b", "c"] {
        pipelines.push(other.add_pipeline(name, None).await);
    }
    for pipeline in &pipelines {
        for id in one.fill(*pipeline, 4).await {
            owners.insert(id, *pipeline);
        }
    }
    let mut turns = Vec::new();
    for turn in 0..12 {
        let (claims, ends) = match turn % 2 {
            0 => (&one, &other),
            _ => (&other, &one),
        };
        let id = claims.claim_ids(1).await[0];
        turns.push(owners[&id]);
        ends.finish(id, 1, failed(FaultCode::SourceMissing)).await;
    }
    for round in turns.chunks(3) {
        assert!(pipelines.iter().all(|it| round.contains(it)), "{turns:?}");
    }
}

pub async fn an_attempt_is_fenced_on_both(home: &dyn Home) {
    let (one, other) = two(home).await;
    let job = one.running().await.id;
    one.clock.advance(LEASE);
    assert_eq!(other.sweep().await, 1, "its lease has run out");
    assert_eq!(one.sweep().await, 0, "one of both has seen it");
    assert_eq!(other.claim_ids(1).await, [job]);
    assert_eq!(one.publish(job, 1).await, Fenced::Lost);
    assert_eq!(one.finish(job, 1, Ending::GivenBack).await, Fenced::Lost);
    assert_eq!(one.publish(job, 2).await, Fenced::Done);
    assert_eq!(other.finish(job, 2, Ending::Succeeded).await, Fenced::Done);
    for world in [&one, &other] {
        assert_eq!(world.state(job).await, StateName::Succeeded);
        assert_eq!(world.load(world.pipeline).await, (0, 0));
    }
}

/// Submits that race with a deletion are refused, or keep the pipeline alive.
pub async fn a_pipeline_that_is_deleted_on_one_takes_no_jobs_on_the_other(home: &dyn Home) {
    let (one, other) = two(home).await;
    let mut met = (0, 0);
    for round in 0..60 {
        let pipeline = one.add_pipeline("short", None).await;
        let jobs = vec![one.new_job_in(pipeline).build()];
        let submit = one.store.submit(jobs, None);
        let delete = other.store.delete_pipeline(other.account, pipeline, None);
        let (submitted, deleted) = match round % 2 {
            0 => tokio::join!(biased; submit, delete),
            _ => {
                let (deleted, submitted) = tokio::join!(biased; delete, submit);
                (submitted, deleted)
            }
        };
        let accepted = matches!(submitted.expect("submit"), SubmitOutcome::Accepted(_));
        match deleted.expect("delete_pipeline") {
            DeletePipeline::Deleted => {
                assert!(!accepted, "a deleted pipeline has a job");
                met.0 += 1;
            }
            DeletePipeline::Busy { .. } => {
                assert!(accepted, "a pipeline without jobs was kept");
                met.1 += 1;
            }
            DeletePipeline::Missing => panic!("the pipeline is missing"),
        }
    }
    assert_eq!(met.0 + met.1, 60);
}

pub async fn what_happens_on_one_wakes_the_other(home: &dyn Home) {
    let (one, other) = two(home).await;
    let mut hints = other.store.hints();
    // The connection that hears of hints may still be on its way; whoever waits looks again, too.
    let mut woken = false;
    for _ in 0..100 {
        hints.work.mark_unchanged();
        one.submit_one().await;
        if rings(&mut hints.work, Duration::from_millis(200)).await {
            woken = true;
            break;
        }
    }
    assert!(woken, "nobody told of the work");
    let job = one.claim_ids(1).await[0];
    hints.stops.mark_unchanged();
    hints.changes.mark_unchanged();
    one.cancel(job, CancelPolicy::Any).await;
    assert!(
        rings(&mut hints.stops, SOON).await,
        "nobody told of the stop"
    );
    assert!(rings(&mut hints.changes, SOON).await);
    hints.work.mark_unchanged();
    one.set_state(one.pipeline, PipelineState::Active).await;
    assert!(
        rings(&mut hints.work, SOON).await,
        "nobody told of the resume"
    );
}

async fn rings(bell: &mut watch::Receiver<u64>, within: Duration) -> bool {
    let rung = tokio::time::timeout(within, bell.changed()).await;
    rung.is_ok_and(|rung| rung.is_ok())
}

/// Reaches the two in turns.
struct InTurns {
    stores: [Arc<dyn Store>; 2],
    turn: AtomicUsize,
}

impl Reach for InTurns {
    fn store(&self) -> &dyn Store {
        self.stores[self.turn.fetch_add(1, Ordering::Relaxed) % 2].as_ref()
    }
}

pub async fn no_promise_breaks_under_traffic_on_two(home: &dyn Home) {
    let one = World::new(home).await;
    let other = one.beside(home).await;
    let reach = InTurns {
        stores: [Arc::clone(&one.store), other.store],
        turn: AtomicUsize::new(0),
    };
    promises_hold(one, Arc::new(reach), 4000).await;
}
