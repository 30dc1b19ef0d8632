//! What is there after the store was closed and opened again.

use reelgate_domain::PipelineState;
use reelgate_domain::job::JobState;

use super::{Home, Shape, World};
use crate::{BeatAnswer, Fenced, JobFilter};

pub async fn everything_is_there_after_a_reopen(home: &dyn Home) {
    let world = World::new(home).await;
    let mut shaped = Vec::new();
    for shape in Shape::ALL {
        shaped.push(world.shaped(shape).await);
    }
    let family = world.siblings(world.pipeline, 2).await;
    world.set_state(world.pipeline, PipelineState::Paused).await;
    let pipelines = world
        .store
        .list_pipelines(world.account, None, 0, 100)
        .await
        .expect("list");
    let jobs = world
        .store
        .list_jobs(world.account, JobFilter::default(), 100)
        .await
        .expect("list");
    assert_eq!(jobs.len(), shaped.len() + family.len());
    let mut histories = Vec::new();
    for job in &shaped {
        histories.push(world.history(job.id).await);
    }

    // The old handle goes first: an engine may allow only one.
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

    assert!(world.store.has_accounts().await.expect("has_accounts"));
    let again = world
        .store
        .list_pipelines(world.account, None, 0, 100)
        .await
        .expect("list");
    assert_eq!(again, pipelines);
    let again = world
        .store
        .list_jobs(world.account, JobFilter::default(), 100)
        .await;
    assert_eq!(again.expect("list"), jobs);
    for (job, history) in shaped.iter().zip(histories) {
        assert_eq!(world.history(job.id).await, history);
    }
    world.set_state(world.pipeline, PipelineState::Active).await;
    let claims = world.claim(1).await;
    assert_eq!(
        (claims[0].job.id, claims[0].siblings[0].id),
        (family[0], family[1])
    );
    assert!(
        world
            .store
            .access_key("AKID")
            .await
            .expect("access_key")
            .is_some()
    );
    // Leases are still held, and the attempts can still report.
    for job in shaped {
        match job.lifecycle.state {
            JobState::Running { .. } => {
                assert_eq!(world.publish(job.id, 1).await, Fenced::Done);
            }
            JobState::Stopping { mode, .. } => {
                assert_eq!(world.beat(job.id, 1, 0).await, BeatAnswer::Stop(mode));
            }
            _ => {}
        }
    }
    world.store.check().await.expect("it can be written to");
}
