//! What workers may still write, and what comes too late.

use reelgate_domain::JobId;
use reelgate_domain::job::{CancelPolicy, FaultCode, Job, StateName};

use reelgate_testkit::{account, staged};

use super::world::{GONE, LEASE, failed};
use super::{Home, Shape, World};
use crate::{Beat, BeatAnswer, Ending, Fenced, Work};

/// Tries every report of a worker for an attempt that does not hold the job.
async fn everything_is_lost(world: &World, job: JobId, attempt: u32) {
    let before = whole(world, job).await;
    let beat = Beat {
        job,
        attempt,
        progress: 99,
    };
    let until = world.now().after(2 * LEASE);
    let beats = vec![beat, beat];
    let answers = world
        .store
        .renew(beats, until, world.now())
        .await
        .expect("renew");
    assert_eq!(answers, [BeatAnswer::Lost, BeatAnswer::Lost], "renew");
    assert_eq!(world.publish(job, attempt).await, Fenced::Lost, "publish");
    let endings = [
        Ending::Succeeded,
        failed(FaultCode::EngineFailed),
        failed(FaultCode::SourceMissing),
        Ending::Stopped(GONE),
        Ending::GivenBack,
    ];
    for ending in endings {
        let said = format!("{ending:?}");
        assert_eq!(
            world.finish(job, attempt, ending).await,
            Fenced::Lost,
            "{said}"
        );
    }
    assert_eq!(whole(world, job).await, before, "nothing was written");
}

async fn whole(world: &World, job: JobId) -> (Job, (u64, u64)) {
    let job = world.job(job).await;
    let load = world.load(job.pipeline).await;
    (job, load)
}

pub async fn a_stale_attempt_can_do_nothing(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    // Its lease runs out, another worker takes the job, and then it comes back.
    world.clock.advance(LEASE);
    assert_eq!(world.sweep().await, 1);
    everything_is_lost(&world, id, 1).await;
    world.clock.advance(LEASE);
    world.sweep().await;
    assert_eq!(world.claim(1).await[0].job.lifecycle.attempt, 2);
    everything_is_lost(&world, id, 1).await;
    // The second one is stopped, and the first still has no say.
    world.cancel(id, CancelPolicy::Any).await;
    everything_is_lost(&world, id, 1).await;
    assert_eq!(
        world.finish(id, 2, Ending::Stopped(GONE)).await,
        Fenced::Done
    );
    everything_is_lost(&world, id, 1).await;
    everything_is_lost(&world, id, 2).await;
    let winner = world.running().await.id;
    world.publish(winner, 1).await;
    world.clock.advance(LEASE);
    let taken = world.claim(1).await;
    assert_eq!(
        (taken[0].job.id, taken[0].job.lifecycle.attempt),
        (winner, 2)
    );
    everything_is_lost(&world, winner, 1).await;
    assert_eq!(
        world.finish(winner, 2, Ending::Succeeded).await,
        Fenced::Done
    );
    everything_is_lost(&world, winner, 2).await;
}

pub async fn an_attempt_that_was_never_made_can_do_nothing(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.submit_one().await;
    everything_is_lost(&world, id, 0).await;
    everything_is_lost(&world, id, 1).await;
    world.claim(1).await;
    everything_is_lost(&world, id, 0).await;
    everything_is_lost(&world, id, 2).await;
    let unknown = world.ids.job(world.now());
    assert_eq!(
        world.finish(unknown, 1, Ending::GivenBack).await,
        Fenced::Lost
    );
}

pub async fn success_needs_a_publish_first(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    assert_eq!(world.finish(id, 1, Ending::Succeeded).await, Fenced::Lost);
    assert_eq!(
        world.finish(id, 1, Ending::Stopped(GONE)).await,
        Fenced::Lost,
        "nobody asked"
    );
    assert_eq!(world.state(id).await, StateName::Running);
    assert_eq!(world.publish(id, 1).await, Fenced::Done);
    assert_eq!(world.job(id).await.results, [], "not before it has ended");
    assert_eq!(world.finish(id, 1, Ending::GivenBack).await, Fenced::Lost);
    assert_eq!(world.finish(id, 1, Ending::Succeeded).await, Fenced::Done);
    assert_eq!(world.state(id).await, StateName::Succeeded);
}

pub async fn progress_never_goes_back_within_an_attempt(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    let until = world.now().after(LEASE);
    for (attempt, reported, expected) in [(1, 40, 40), (1, 30, 40), (1, 255, 100)] {
        let beat = Beat {
            job: id,
            attempt,
            progress: reported,
        };
        let answers = world.store.renew(vec![beat], until, world.now()).await;
        assert_eq!(answers.expect("renew"), [BeatAnswer::Held]);
        assert_eq!(world.job(id).await.progress, expected);
    }
    world.finish(id, 1, Ending::GivenBack).await;
    assert_eq!(
        world.claim(1).await[0].job.progress,
        0,
        "a new attempt starts again"
    );
    assert_eq!(world.job(id).await.progress, 0);
}

pub async fn a_renewed_lease_lasts_longer_and_never_shorter(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    let start = world.now();
    for until in [start.after(3 * LEASE), start.after(2 * LEASE)] {
        let beat = Beat {
            job: id,
            attempt: 1,
            progress: 0,
        };
        world
            .store
            .renew(vec![beat], until, start)
            .await
            .expect("renew");
        let job = world.job(id).await;
        let lease = job.lifecycle.state.lease().expect("it runs");
        assert_eq!(lease.until, start.after(3 * LEASE));
    }
    world.clock.advance(2 * LEASE);
    assert_eq!(world.sweep().await, 0);
    world.clock.advance(LEASE);
    assert_eq!(world.sweep().await, 1);
}

/// The worker does not know whether the first was written, so it says it again.
pub async fn a_publish_that_is_repeated_is_answered_as_before(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    for _ in 0..3 {
        assert_eq!(world.publish(id, 1).await, Fenced::Done);
    }
    assert_eq!(world.load(world.pipeline).await, (0, 1));
    for other in [0, 2] {
        assert_eq!(world.publish(id, other).await, Fenced::Lost);
    }
    // Whoever takes over has not staged anything and cannot declare itself the winner.
    world.clock.advance(LEASE);
    let taken = world.claim(1).await;
    assert_eq!(taken[0].work, Work::Publish(staged(1)));
    for attempt in [1, 2] {
        assert_eq!(world.publish(id, attempt).await, Fenced::Lost);
    }
    assert_eq!(world.finish(id, 2, Ending::Succeeded).await, Fenced::Done);
    assert_eq!(world.job(id).await.results, staged(1).results);
    assert_eq!(world.publish(id, 2).await, Fenced::Lost);
}

pub async fn jobs_that_nobody_holds_are_known_as_such(home: &dyn Home) {
    let world = World::new(home).await;
    let mut jobs = Vec::new();
    for shape in Shape::ALL {
        jobs.push((shape, world.shaped(shape).await.id));
    }
    let mut ids: Vec<JobId> = jobs.iter().map(|(_, id)| *id).collect();
    ids.push(world.ids.job(world.now()));
    let mut unheld = world.store.unheld(world.account, &ids).await.expect("it");
    unheld.sort_unstable();
    let held = [
        Shape::Running,
        Shape::Publishing,
        Shape::Stopping,
        Shape::StoppingNow,
    ];
    let expected = jobs.iter().filter(|(shape, _)| !held.contains(shape));
    let expected: Vec<JobId> = expected.map(|(_, id)| *id).collect();
    assert_eq!(unheld, expected);
    let stranger = world.store.unheld(account(2), &ids).await;
    assert_eq!(stranger.expect("it"), [], "they may be another store's");
    let none = world.store.unheld(world.account, &[]).await;
    assert_eq!(none.expect("it"), []);
}
