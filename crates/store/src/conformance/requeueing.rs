//! Queueing failed jobs again by hand.

use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Fault, FaultCode, JobState, Lifecycle, MAX_LOSSES, StateName,
    retry_delay,
};
use reelgate_domain::{JobId, PipelineState};
use reelgate_testkit::{account, done, staged};

use super::world::{cancelled, failed};
use super::{Home, Shape, World};
use crate::{BeatAnswer, DeletePipeline, Ending, Fenced, JobFilter, RetryOutcome};

pub async fn only_failed_jobs_are_queued_again(home: &dyn Home) {
    let world = World::new(home).await;
    for shape in Shape::ALL {
        let job = world.shaped(shape).await;
        let load = world.load(job.pipeline).await;
        let foreign = world
            .store
            .retry(account(2), job.id, world.now(), None)
            .await;
        assert_eq!(foreign.expect("retry"), RetryOutcome::Missing, "{shape:?}");
        let outcome = world.retry(job.id).await;
        if shape == Shape::Failed {
            assert_eq!(outcome, RetryOutcome::Queued);
            assert_eq!(world.load(job.pipeline).await, (1, 0));
            continue;
        }
        assert_eq!(outcome, RetryOutcome::Refused(shape.state()), "{shape:?}");
        assert_eq!(world.job(job.id).await, job, "{shape:?}");
        assert_eq!(world.load(job.pipeline).await, load, "{shape:?}");
    }
    let unknown = world.ids.job(world.now());
    assert_eq!(world.retry(unknown).await, RetryOutcome::Missing);
}

/// A failed job with a fault, results and progress.
async fn failed_job(world: &World) -> JobId {
    let id = world.running().await.id;
    assert_eq!(world.beat(id, 1, 60).await, BeatAnswer::Held);
    let ending = Ending::Failed {
        fault: Fault::new(FaultCode::SourceUnreadable, "it is a text file"),
        results: vec![done("a.mp4")],
    };
    assert_eq!(world.finish(id, 1, ending).await, Fenced::Done);
    assert_eq!(world.job(id).await.results, [done("a.mp4")]);
    id
}

pub async fn a_retried_job_is_as_one_that_never_started(home: &dyn Home) {
    let world = World::new(home).await;
    let id = failed_job(&world).await;
    let before = world.job(id).await;
    let mut work = world.store.hints().work;
    work.mark_unchanged();
    assert_eq!(world.retry(id).await, RetryOutcome::Queued);
    assert!(
        work.has_changed().expect("the store is open"),
        "workers wake"
    );
    let mut expected = before;
    expected.lifecycle = Lifecycle {
        state: JobState::Queued { ready_at: None },
        attempt: 1,
        forgiven: 1,
        losses: 0,
    };
    expected.progress = 0;
    expected.results = Vec::new();
    expected.started_at = None;
    assert_eq!(world.job(id).await, expected);
    assert_eq!(world.load(world.pipeline).await, (1, 0));
    for (started, found) in [(false, vec![id]), (true, vec![])] {
        let filter = JobFilter {
            states: vec![StateName::Queued],
            started: Some(started),
            ..JobFilter::default()
        };
        let jobs = world.store.list_jobs(world.account, filter, 9).await;
        let ids: Vec<JobId> = jobs.expect("list").iter().map(|job| job.id).collect();
        assert_eq!(ids, found);
    }
    let refused = CancelOutcome::Refused {
        id,
        state: StateName::Queued,
        started: false,
    };
    assert_eq!(world.cancel(id, CancelPolicy::RunningOnly).await, refused);
    let outcome = world.cancel(id, CancelPolicy::QueuedOnly).await;
    assert_eq!(outcome, cancelled(id));
    assert_eq!(world.load(world.pipeline).await, (0, 0));
    assert_eq!(world.claim(9).await, [], "it never starts");
}

pub async fn a_retried_job_has_all_its_attempts_under_new_numbers(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.submit_one().await;
    for round in 0..2 {
        for loss in 1..=MAX_LOSSES {
            let attempt = round * u32::from(MAX_LOSSES) + u32::from(loss);
            assert_eq!(world.sweep().await, u64::from(loss > 1));
            let claims = world.claim(1).await;
            assert_eq!(claims[0].job.lifecycle.attempt, attempt);
            assert_eq!(claims[0].job.lifecycle.losses, loss - 1);
            let ending = failed(FaultCode::EngineFailed);
            assert_eq!(world.finish(id, attempt, ending).await, Fenced::Done);
            world.clock.advance(retry_delay(loss));
        }
        assert_eq!(world.state(id).await, StateName::Failed);
        assert_eq!(world.retry(id).await, RetryOutcome::Queued);
    }
}

pub async fn an_attempt_before_the_retry_stays_fenced(home: &dyn Home) {
    let world = World::new(home).await;
    let id = failed_job(&world).await;
    world.retry(id).await;
    for claimed in [false, true] {
        if claimed {
            let claims = world.claim(1).await;
            assert_eq!(claims[0].job.lifecycle.attempt, 2);
        }
        let before = world.job(id).await;
        assert_eq!(world.beat(id, 1, 99).await, BeatAnswer::Lost);
        assert_eq!(world.publish(id, 1).await, Fenced::Lost);
        for ending in [
            Ending::Succeeded,
            failed(FaultCode::SourceMissing),
            Ending::GivenBack,
        ] {
            assert_eq!(world.finish(id, 1, ending).await, Fenced::Lost);
        }
        assert_eq!(world.job(id).await, before);
    }
    assert_eq!(world.publish(id, 2).await, Fenced::Done);
    assert_eq!(world.finish(id, 2, Ending::Succeeded).await, Fenced::Done);
    assert_eq!(world.job(id).await.results, staged(2).results);
    assert_eq!(world.load(world.pipeline).await, (0, 0));
}

pub async fn a_retried_job_goes_before_younger_ones(home: &dyn Home) {
    let world = World::new(home).await;
    let old = failed_job(&world).await;
    let ids = world.fill(world.pipeline, 3).await;
    // One that waits for another attempt counts as older than those that never started.
    assert_eq!(world.claim_ids(1).await, ids[..1]);
    world.finish(ids[0], 1, Ending::GivenBack).await;
    world.retry(old).await;
    assert_eq!(world.claim_ids(9).await, [ids[0], old, ids[1], ids[2]]);
}

pub async fn siblings_that_are_retried_start_together(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.siblings(world.pipeline, 4).await;
    world.claim(1).await;
    for id in &ids[..3] {
        let ending = failed(FaultCode::SourceMissing);
        assert_eq!(world.finish(*id, 1, ending).await, Fenced::Done);
    }
    for id in [ids[2], ids[0]] {
        assert_eq!(world.retry(id).await, RetryOutcome::Queued);
    }
    assert_eq!(world.load(world.pipeline).await, (2, 1));
    let claims = world.claim(9).await;
    assert_eq!(claims.len(), 1);
    assert_eq!(
        (claims[0].job.id, claims[0].siblings[0].id),
        (ids[0], ids[2])
    );
    assert_eq!(claims[0].siblings.len(), 1);
    assert_eq!(world.load(world.pipeline).await, (0, 3));
}

pub async fn a_retry_needs_its_pipeline(home: &dyn Home) {
    let world = World::new(home).await;
    let pipeline = world.add_pipeline("gone", None).await;
    let id = world.fill(pipeline, 1).await[0];
    world.claim(1).await;
    world.finish(id, 1, failed(FaultCode::SourceMissing)).await;
    world.set_state(pipeline, PipelineState::Paused).await;
    assert_eq!(world.retry(id).await, RetryOutcome::Queued);
    assert_eq!(world.claim(9).await, [], "it is paused");
    world.set_state(pipeline, PipelineState::Active).await;
    assert_eq!(world.claim_ids(9).await, [id]);
    world.finish(id, 2, failed(FaultCode::SourceMissing)).await;
    let deleted = world
        .store
        .delete_pipeline(world.account, pipeline, None)
        .await;
    assert_eq!(deleted.expect("delete"), DeletePipeline::Deleted);
    let before = world.job(id).await;
    assert_eq!(
        world.retry(id).await,
        RetryOutcome::PipelineMissing(pipeline)
    );
    assert_eq!(world.job(id).await, before);
    assert_eq!(world.claim(9).await, []);
}
