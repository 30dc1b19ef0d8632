//! Which jobs a claim starts.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use reelgate_domain::JobId;
use reelgate_domain::job::{CancelPolicy, FaultCode, JobState, StateName};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_testkit::worker;

use super::world::{GONE, LEASE, failed};
use super::{Home, World};
use crate::{Ending, Work};

pub async fn the_highest_priority_goes_first_and_the_oldest_inside_it(home: &dyn Home) {
    let world = World::new(home).await;
    let mut jobs = Vec::new();
    for level in [5, 1, 10, 5, 10, 6, 1] {
        let job = world.new_job().priority(level).build();
        jobs.push((u8::MAX - level, job.id));
        world.submit(vec![job]).await;
    }
    jobs.sort_unstable();
    let expected: Vec<JobId> = jobs.into_iter().map(|(_, id)| id).collect();
    let mut claimed = world.claim_ids(3).await;
    claimed.extend(world.claim_ids(9).await);
    assert_eq!(claimed, expected);
    let job = world.job(expected[0]).await;
    let lease = job.lifecycle.state.lease().expect("it runs");
    assert_eq!(
        (&lease.worker, lease.until),
        (&worker("w"), world.now().after(LEASE))
    );
    assert_eq!(
        (job.lifecycle.attempt, job.started_at),
        (1, Some(world.now()))
    );
}

pub async fn a_retry_keeps_its_place_before_younger_jobs(home: &dyn Home) {
    let world = World::new(home).await;
    let old = world.fill(world.pipeline, 4).await;
    assert_eq!(world.claim_ids(2).await, old[..2]);
    world.finish(old[1], 1, Ending::GivenBack).await;
    world.finish(old[0], 1, Ending::GivenBack).await;
    let urgent = world.new_job().priority(9).build();
    world.submit(vec![urgent.clone()]).await;
    let claims = world.claim(9).await;
    let claimed: Vec<_> = claims
        .iter()
        .map(|it| (it.job.id, it.job.lifecycle.attempt))
        .collect();
    let expected = [
        (urgent.id, 1),
        (old[0], 2),
        (old[1], 2),
        (old[2], 1),
        (old[3], 1),
    ];
    assert_eq!(claimed, expected);
    assert!(claims.iter().all(|claim| claim.work == Work::Run));
}

pub async fn pipelines_take_turns_by_fewest_running(home: &dyn Home) {
    let world = World::new(home).await;
    let (a, b) = (world.pipeline, world.add_pipeline("b", None).await);
    let in_a = world.fill(a, 6).await;
    assert_eq!(world.claim_ids(2).await, in_a[..2]);
    let in_b = world.fill(b, 3).await;
    // `b` runs nothing, so it catches up before the two alternate.
    let claimed = world.claim_ids(7).await;
    assert_eq!(claimed[..2], in_b[..2]);
    let from_a = claimed.iter().filter(|id| in_a.contains(id)).count();
    assert_eq!((from_a, claimed.len()), (4, 7));
    assert_eq!((world.load(a).await, world.load(b).await), ((0, 6), (0, 3)));
}

pub async fn of_equally_busy_pipelines_the_longest_unserved_goes_first(home: &dyn Home) {
    let world = World::new(home).await;
    let mut owners = HashMap::new();
    let mut pipelines = vec![world.pipeline];
    for name in ["b", "c"] {
        pipelines.push(world.add_pipeline(name, None).await);
    }
    for pipeline in &pipelines {
        for id in world.fill(*pipeline, 4).await {
            owners.insert(id, *pipeline);
        }
    }
    let mut turns = Vec::new();
    for _ in 0..12 {
        let id = world.claim_ids(1).await[0];
        turns.push(owners[&id]);
        // The slot comes free at once, so that all pipelines are always equally busy.
        world.finish(id, 1, failed(FaultCode::SourceMissing)).await;
    }
    for round in turns.chunks(3) {
        assert!(
            pipelines.iter().all(|it| round.contains(it)),
            "each has a turn in a round"
        );
    }
}

pub async fn a_limit_holds_through_every_way_a_slot_comes_free(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("narrow", Some(2)).await;
    world.fill(pipeline, 20).await;
    let two = || async {
        let ids = world.claim_ids(9).await;
        assert_eq!(ids.len(), 2, "the limit");
        assert_eq!(world.claim_ids(9).await, [], "the limit is reached");
        assert_eq!(world.load(pipeline).await.1, 2);
        ids
    };
    let ids = two().await;
    for id in &ids {
        world.publish(*id, 1).await;
        assert_eq!(world.claim_ids(1).await, [], "publishing holds the slot");
    }
    for id in &ids {
        world.finish(*id, 1, Ending::Succeeded).await;
    }
    let ids = two().await;
    for id in &ids {
        world.cancel(*id, CancelPolicy::Any).await;
        assert_eq!(world.claim_ids(1).await, [], "stopping holds the slot");
    }
    for id in &ids {
        world.finish(*id, 1, Ending::Stopped(GONE)).await;
    }
    let ids = two().await;
    world
        .finish(ids[0], 1, failed(FaultCode::SourceMissing))
        .await;
    world.cancel(ids[1], CancelPolicy::Any).await;
    world.clock.advance(LEASE);
    assert_eq!(world.sweep().await, 1, "the stopping one");
    let ids = two().await;
    world.clock.advance(LEASE);
    assert_eq!(world.sweep().await, 2, "both are lost");
    assert_eq!(world.load(pipeline).await.1, 0);
    let again = two().await;
    assert_eq!(again, ids, "what has begun comes first");
    let wider = PipelineChange {
        concurrency: Some(Some(3)),
        ..PipelineChange::default()
    };
    world
        .store
        .change_pipeline(world.account, pipeline, wider, None)
        .await
        .expect("change");
    assert_eq!(world.claim_ids(9).await.len(), 1);
    for id in again {
        world.finish(id, 2, failed(FaultCode::EngineFailed)).await;
    }
    assert_eq!(world.load(pipeline).await.1, 1);
}

pub async fn concurrent_claims_share_out_each_job_once_within_the_limit(home: &dyn Home) {
    let world = Arc::new(World::new(home).await);
    share_out(&world, &[Arc::clone(&world)]).await;
}

/// Several workers of each of these claim and end what one has submitted.
pub(super) async fn share_out(world: &World, claiming: &[Arc<World>]) {
    const JOBS: usize = 400;
    const LIMIT: i64 = 3;
    let narrow = world.add_pipeline("narrow", Some(LIMIT as u32)).await;
    world.fill(world.pipeline, JOBS / 2).await;
    world.fill(narrow, JOBS / 2).await;
    // Counted down before a finish is sent and up after a claim is answered: never too high.
    let running = Arc::new(AtomicI64::new(0));
    let ended = Arc::new(AtomicUsize::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for place in 0..8 {
        let world = Arc::clone(&claiming[place % claiming.len()]);
        let running = Arc::clone(&running);
        let ended = Arc::clone(&ended);
        workers.spawn(async move {
            let mut mine = Vec::new();
            while ended.load(Ordering::SeqCst) < JOBS {
                let claims = world.claim(2).await;
                if claims.is_empty() {
                    tokio::task::yield_now().await;
                }
                for claim in claims {
                    let counts = claim.job.pipeline == narrow;
                    if counts {
                        assert!(running.fetch_add(1, Ordering::SeqCst) < LIMIT, "the limit");
                        running.fetch_sub(1, Ordering::SeqCst);
                    }
                    let ending = failed(FaultCode::SourceMissing);
                    world.finish(claim.job.id, 1, ending).await;
                    ended.fetch_add(1, Ordering::SeqCst);
                    mine.push(claim.job.id);
                }
            }
            mine
        });
    }
    let mut all = Vec::new();
    while let Some(mine) = workers.join_next().await {
        all.extend(mine.expect("no panic"));
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), JOBS);
    assert_eq!(world.load(world.pipeline).await, (0, 0));
    assert_eq!(world.load(narrow).await, (0, 0));
}

pub async fn a_claim_returns_no_more_than_its_slots(home: &dyn Home) {
    let world = World::new(home).await;
    assert_eq!(world.claim(4).await, []);
    world.fill(world.pipeline, 5).await;
    assert_eq!(world.claim(0).await, []);
    let claims = world.claim(4).await;
    assert_eq!(claims.len(), 4);
    for claim in &claims {
        assert_eq!(world.job(claim.job.id).await, claim.job, "as the row is");
        assert!(matches!(
            claim.job.lifecycle.state,
            JobState::Running { .. }
        ));
    }
    // Lost publishers count towards the slots too.
    for claim in &claims {
        world.publish(claim.job.id, 1).await;
    }
    world.clock.advance(LEASE);
    assert_eq!(world.claim(3).await.len(), 3);
    let last = world.claim(3).await;
    let states: Vec<_> = last
        .iter()
        .map(|it| it.job.lifecycle.state.name())
        .collect();
    assert_eq!(states, [StateName::Publishing, StateName::Running]);
}
