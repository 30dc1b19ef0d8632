//! Pausing and resuming pipelines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reelgate_domain::PipelineState;
use reelgate_domain::job::{CancelPolicy, FaultCode};

use super::world::{LEASE, failed};
use super::{Home, World};
use crate::{Ending, Fenced, Work};

pub async fn a_paused_pipeline_starts_nothing_and_resumes(home: &dyn Home) {
    let world = World::new(home).await;
    world.set_state(world.pipeline, PipelineState::Paused).await;
    let ids = world.fill(world.pipeline, 3).await;
    assert_eq!(world.claim(9).await, []);
    assert_eq!(world.load(world.pipeline).await, (3, 0));
    let cancelled = world.cancel(ids[1], CancelPolicy::QueuedOnly).await;
    assert_eq!(cancelled, super::world::cancelled(ids[1]));
    let mut work = world.store.hints().work;
    work.mark_unchanged();
    world.set_state(world.pipeline, PipelineState::Active).await;
    assert!(
        work.has_changed().expect("the store is open"),
        "a resume wakes"
    );
    assert_eq!(world.claim_ids(9).await, [ids[0], ids[2]]);
}

pub async fn what_runs_goes_on_while_its_pipeline_is_paused(home: &dyn Home) {
    let world = World::new(home).await;
    let (one, two) = (world.running().await.id, world.running().await.id);
    let (three, four) = (world.running().await.id, world.running().await.id);
    world.set_state(world.pipeline, PipelineState::Paused).await;
    assert_eq!(world.publish(one, 1).await, Fenced::Done);
    assert_eq!(world.finish(one, 1, Ending::Succeeded).await, Fenced::Done);
    // Another attempt is a start, so it waits for the pipeline too.
    assert_eq!(world.finish(two, 1, Ending::GivenBack).await, Fenced::Done);
    assert_eq!(
        world
            .finish(three, 1, failed(FaultCode::EngineFailed))
            .await,
        Fenced::Done
    );
    assert_eq!(world.publish(four, 1).await, Fenced::Done);
    world.clock.advance(LEASE);
    world.sweep().await;
    // Giving a winner's outputs their names is not a start.
    let claims = world.claim(9).await;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].job.id, four);
    assert!(matches!(claims[0].work, Work::Publish(_)));
    world.set_state(world.pipeline, PipelineState::Active).await;
    assert_eq!(world.claim_ids(9).await, [two, three]);
}

/// Claims run without a break while the pipeline is paused and resumed again and again. A claim
/// that was called after a pause had been answered, and answered before the resume was called,
/// must come back empty.
pub async fn no_claim_that_follows_an_answered_pause_starts_its_jobs(home: &dyn Home) {
    let world = Arc::new(World::new(home).await);
    pauses_hold(&world, &[Arc::clone(&world)]).await;
}

/// Pauses by one while others claim.
pub(super) async fn pauses_hold(world: &World, claiming: &[Arc<World>]) {
    const ROUNDS: u64 = 60;
    world.fill(world.pipeline, 3000).await;
    // Even: active or changing. Odd: a pause has been answered.
    let phase = Arc::new(AtomicU64::new(0));
    let mut claimers = tokio::task::JoinSet::new();
    for place in 0..4 {
        let world = Arc::clone(&claiming[place % claiming.len()]);
        let phase = Arc::clone(&phase);
        claimers.spawn(async move {
            let (mut started, mut held_back) = (0, 0);
            loop {
                let before = phase.load(Ordering::SeqCst);
                let claims = world.claim(1).await;
                let after = phase.load(Ordering::SeqCst);
                if before % 2 == 1 && before == after {
                    assert_eq!(claims, [], "a claim started a job of a paused pipeline");
                    held_back += 1;
                }
                started += claims.len();
                if after >= 2 * ROUNDS {
                    return (started, held_back);
                }
            }
        });
    }
    for _ in 0..ROUNDS {
        world.set_state(world.pipeline, PipelineState::Paused).await;
        phase.fetch_add(1, Ordering::SeqCst);
        // Time for the claimers to run into the pause: each answered claim yields to them.
        for _ in 0..5 {
            assert_eq!(world.claim(1).await, []);
        }
        phase.fetch_add(1, Ordering::SeqCst);
        world.set_state(world.pipeline, PipelineState::Active).await;
        world.claim(1).await;
    }
    let (mut started, mut held_back) = (0, 0);
    while let Some(counts) = claimers.join_next().await {
        let counts = counts.expect("no panic");
        started += counts.0;
        held_back += counts.1;
    }
    assert!(
        started > 0 && held_back > 0,
        "{started} started, {held_back} held back"
    );
}
