//! Jobs that start together, because one process can read their input for all of them.

use std::collections::BTreeSet;

use reelgate_domain::job::{CancelPolicy, FaultCode, StateName, StopMode, retry_delay};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{JobId, PipelineId, PipelineState};
use reelgate_testkit::staged;

use super::world::{GONE, LEASE, cancelled, failed};
use super::{Home, World};
use crate::{BeatAnswer, Claim, Ending, Fenced, Work};

/// The jobs that a claim has started in one slot, in its order.
fn group(claim: &Claim) -> Vec<JobId> {
    let siblings = claim.siblings.iter().map(|job| job.id);
    [claim.job.id].into_iter().chain(siblings).collect()
}

async fn groups(world: &World, slots: u32) -> Vec<Vec<JobId>> {
    world.claim(slots).await.iter().map(group).collect()
}

async fn limit(world: &World, pipeline: PipelineId, limit: Option<u32>) {
    let change = PipelineChange {
        concurrency: Some(limit),
        ..PipelineChange::default()
    };
    let changed = world
        .store
        .change_pipeline(world.account, pipeline, change, None);
    changed.await.expect("change");
}

pub async fn siblings_start_together_in_one_slot(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.siblings(world.pipeline, 3).await;
    let claims = world.claim(1).await;
    assert_eq!(claims.len(), 1);
    assert_eq!(group(&claims[0]), ids);
    assert_eq!(claims[0].work, Work::Run);
    for job in claims[0].siblings.iter().chain([&claims[0].job]) {
        assert_eq!(world.job(job.id).await, *job, "as the row is");
        let lifecycle = &job.lifecycle;
        assert_eq!(
            (lifecycle.state.name(), lifecycle.attempt),
            (StateName::Running, 1)
        );
        let lease = lifecycle.state.lease().expect("it runs");
        assert_eq!(lease.until, world.now().after(LEASE));
        assert_eq!((job.progress, job.started_at), (0, Some(world.now())));
    }
    assert_eq!(world.load(world.pipeline).await, (0, 3), "each counts");
    assert_eq!(world.claim(9).await, []);
}

pub async fn jobs_that_differ_start_alone(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_pipeline("other", None).await;
    let submission = world.ids.submission(world.now());
    let like = |pipeline| world.new_job_in(pipeline).submission(submission);
    let jobs = vec![
        like(world.pipeline).build(),
        like(world.pipeline).input("other.mp4").build(),
        like(world.pipeline).priority(7).build(),
        like(other).build(),
        like(world.pipeline).build(),
        // Submitted by the same call, and yet a submission of its own.
        world.new_job().build(),
    ];
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    world.submit(jobs).await;
    // The same again by another call.
    let later = world.submit_one().await;
    let mut found: Vec<_> = groups(&world, 9).await;
    found.sort_unstable();
    let expected = vec![
        vec![ids[0], ids[4]],
        vec![ids[1]],
        vec![ids[2]],
        vec![ids[3]],
        vec![ids[5]],
        vec![later],
    ];
    assert_eq!(found, expected);
    assert_eq!(world.load(world.pipeline).await, (0, 6));
    assert_eq!(world.load(other).await, (0, 1));
}

/// Nothing keeps a caller of the store from using a submission's id twice. What holds for one call
/// must then not reach into the other.
pub async fn calls_that_share_a_submission_keep_their_jobs_apart(home: &dyn Home) {
    let world = World::new(home).await;
    let paused = world.add_pipeline("paused", None).await;
    world.set_state(paused, PipelineState::Paused).await;
    let submission = world.ids.submission(world.now());
    for (pipeline, input, level) in [
        (world.pipeline, "a.mp4", 6),
        (paused, "a.mp4", 6),
        (world.pipeline, "b.mp4", 6),
        (world.pipeline, "a.mp4", 5),
    ] {
        let one = || world.new_job_in(pipeline).input(input).priority(level);
        let both = [one(), one()].map(|job| job.submission(submission).build());
        world.submit(both.to_vec()).await;
    }
    let mut inputs = Vec::new();
    for claim in world.claim(9).await {
        let family: BTreeSet<String> = [&claim.job]
            .into_iter()
            .chain(&claim.siblings)
            .map(|job| {
                let input = job.spec.transcode().map(|spec| spec.input.to_string());
                format!("{} {:?}", input.unwrap_or_default(), job.priority)
            })
            .collect();
        assert_eq!(family.len(), 1, "{family:?}");
        assert_eq!(claim.siblings.len(), 1);
        inputs.extend(family);
    }
    assert_eq!(inputs.len(), 3);
    assert_eq!(world.load(paused).await, (2, 0), "a paused pipeline's job");
    assert_eq!(world.load(world.pipeline).await, (0, 6));
}

pub async fn a_limit_bounds_a_group_and_the_rest_starts_later(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("narrow", Some(3)).await;
    let ids = world.siblings(pipeline, 8).await;
    assert_eq!(groups(&world, 9).await, [&ids[..3]]);
    assert_eq!(world.load(pipeline).await, (5, 3));
    assert_eq!(world.claim(9).await, [], "the limit is reached");
    world
        .finish(ids[1], 1, failed(FaultCode::SourceMissing))
        .await;
    assert_eq!(groups(&world, 9).await, [&ids[3..4]], "room for one");
    for id in [ids[0], ids[2], ids[3]] {
        world.finish(id, 1, failed(FaultCode::SourceMissing)).await;
    }
    assert_eq!(groups(&world, 9).await, [&ids[4..7]], "together again");
    limit(&world, pipeline, Some(1)).await;
    assert_eq!(world.claim(9).await, [], "it has more than it may");
    limit(&world, pipeline, None).await;
    assert_eq!(groups(&world, 9).await, [&ids[7..]]);
    assert_eq!(world.load(pipeline).await, (0, 4));
}

pub async fn a_group_is_one_turn_and_counts_as_all_its_jobs(home: &dyn Home) {
    let world = World::new(home).await;
    let (a, b) = (world.pipeline, world.add_pipeline("b", None).await);
    let group = world.siblings(a, 2).await;
    assert_eq!(groups(&world, 1).await, [group]);
    let in_a = world.fill(a, 2).await;
    let in_b = world.fill(b, 3).await;
    // `b` catches up with the two that run in `a` and was then served last.
    assert_eq!(world.claim_ids(2).await, in_b[..2]);
    assert_eq!(world.claim_ids(1).await, in_a[..1]);
    assert_eq!(world.claim_ids(1).await, in_b[2..]);
    assert_eq!(world.claim_ids(1).await, in_a[1..]);
}

pub async fn a_group_takes_one_slot(home: &dyn Home) {
    let world = World::new(home).await;
    let first = world.siblings(world.pipeline, 3).await;
    let alone = world.submit_one().await;
    let second = world.siblings(world.pipeline, 2).await;
    let last = world.submit_one().await;
    assert_eq!(groups(&world, 2).await, [first, vec![alone]]);
    assert_eq!(groups(&world, 2).await, [second, vec![last]]);
}

pub async fn a_delayed_sibling_waits_for_its_time(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.siblings(world.pipeline, 4).await;
    assert_eq!(groups(&world, 1).await, [ids.as_slice()]);
    for id in [ids[1], ids[3]] {
        world.finish(id, 1, failed(FaultCode::EngineFailed)).await;
    }
    for id in [ids[2], ids[0]] {
        world.finish(id, 1, Ending::GivenBack).await;
    }
    assert_eq!(world.load(world.pipeline).await, (4, 0));
    assert_eq!(groups(&world, 9).await, [[ids[0], ids[2]]]);
    world.clock.advance(retry_delay(1));
    assert_eq!(world.claim(9).await, [], "no sweep has made them ready");
    assert_eq!(world.sweep().await, 2);
    let claims = world.claim(9).await;
    assert_eq!(
        claims.iter().map(group).collect::<Vec<_>>(),
        [[ids[1], ids[3]]]
    );
    assert_eq!(claims[0].siblings[0].lifecycle.attempt, 2);
    assert_eq!(world.load(world.pipeline).await, (0, 4));
}

pub async fn siblings_of_a_paused_pipeline_wait(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.siblings(world.pipeline, 3).await;
    world.set_state(world.pipeline, PipelineState::Paused).await;
    assert_eq!(world.claim(9).await, []);
    assert_eq!(world.load(world.pipeline).await, (3, 0));
    world.set_state(world.pipeline, PipelineState::Active).await;
    assert_eq!(groups(&world, 9).await, [ids]);
}

pub async fn cancelled_siblings_do_not_start(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.siblings(world.pipeline, 4).await;
    for id in [ids[0], ids[2]] {
        let outcome = world.cancel(id, CancelPolicy::QueuedOnly).await;
        assert_eq!(outcome, cancelled(id));
    }
    assert_eq!(groups(&world, 9).await, [[ids[1], ids[3]]]);
    assert_eq!(world.load(world.pipeline).await, (0, 2));
    assert_eq!(world.state(ids[0]).await, StateName::Cancelled);
}

/// Once started they share no more than a process.
pub async fn each_sibling_has_a_lease_and_an_end_of_its_own(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.siblings(world.pipeline, 7).await;
    assert_eq!(groups(&world, 1).await, [ids.as_slice()]);
    let [done, bad, stopped, back, lost, winner, runs] = ids[..] else {
        panic!("seven were submitted");
    };
    assert_eq!(world.publish(done, 1).await, Fenced::Done);
    assert_eq!(world.finish(done, 1, Ending::Succeeded).await, Fenced::Done);
    let ending = failed(FaultCode::TargetUnfit);
    assert_eq!(world.finish(bad, 1, ending).await, Fenced::Done);
    world.cancel(stopped, CancelPolicy::Any).await;
    assert_eq!(
        world.beat(stopped, 1, 0).await,
        BeatAnswer::Stop(StopMode::Graceful)
    );
    assert_eq!(world.beat(runs, 1, 0).await, BeatAnswer::Held);
    let ending = Ending::Stopped(GONE);
    assert_eq!(world.finish(stopped, 1, ending).await, Fenced::Done);
    assert_eq!(world.finish(back, 1, Ending::GivenBack).await, Fenced::Done);
    assert_eq!(world.publish(winner, 1).await, Fenced::Done);
    assert_eq!(world.load(world.pipeline).await, (1, 3));

    world.clock.advance(LEASE / 2);
    for (id, progress) in [(runs, 70), (winner, 100)] {
        assert_eq!(world.beat(id, 1, progress).await, BeatAnswer::Held);
    }
    world.clock.advance(LEASE / 2);
    assert_eq!(world.sweep().await, 1, "the one that nobody renewed");
    assert_eq!(world.load(world.pipeline).await, (2, 2));
    assert_eq!(world.beat(lost, 1, 99).await, BeatAnswer::Lost);
    assert_eq!(world.publish(lost, 1).await, Fenced::Lost);
    assert_eq!(groups(&world, 9).await, [[back, lost]]);

    let states = [
        (done, StateName::Succeeded, 100),
        (bad, StateName::Failed, 0),
        (stopped, StateName::Cancelled, 0),
        (back, StateName::Running, 0),
        (lost, StateName::Running, 0),
        (winner, StateName::Publishing, 100),
        (runs, StateName::Running, 70),
    ];
    for (id, state, progress) in states {
        let job = world.job(id).await;
        assert_eq!(
            (job.lifecycle.state.name(), job.progress),
            (state, progress)
        );
    }
    assert_eq!(world.job(done).await.results, staged(1).results);
}

pub async fn a_lost_publisher_brings_no_siblings(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.siblings(world.pipeline, 3).await;
    world.claim(1).await;
    for id in &ids[..2] {
        world.publish(*id, 1).await;
    }
    world.finish(ids[2], 1, Ending::GivenBack).await;
    world.clock.advance(LEASE);
    let mut claimed = Vec::new();
    for _ in 0..3 {
        let claims = world.claim(1).await;
        assert_eq!((claims.len(), claims[0].siblings.len()), (1, 0));
        claimed.push((claims[0].job.id, claims[0].work == Work::Run));
    }
    assert_eq!(claimed[2], (ids[2], true), "after those whose outputs wait");
    claimed.sort_unstable();
    assert_eq!(claimed, [(ids[0], false), (ids[1], false), (ids[2], true)]);
}
