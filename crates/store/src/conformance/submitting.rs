//! Submitting jobs.

use std::collections::HashSet;
use std::sync::Arc;

use reelgate_domain::job::{CancelPolicy, Job, Lifecycle, NewJob, Origin};
use reelgate_testkit::{account, spec};

use super::{Home, World};
use crate::SubmitOutcome;

pub async fn a_job_reads_back_as_it_was_submitted(home: &dyn Home) {
    let world = World::new(home).await;
    let request = serde_json::json!({"Input": "{\"Bucket\":\"b\"}", "n": [1, null, "ü\u{0}"]});
    let full = world
        .new_job()
        .priority(10)
        .spec(spec("a/b c.mov", "out/ü.mp4"))
        .origin(Origin {
            dialect: "mps".into(),
            version: 2,
            request,
        })
        .user_data("anything \"at\" all")
        .build();
    let plain = world.new_job().submission(full.submission).build();
    let jobs = world.submit(vec![full.clone(), plain.clone()]).await;
    for (job, new) in jobs.iter().zip([&full, &plain]) {
        assert_eq!(as_new(job), *new);
        assert_eq!(job.lifecycle, Lifecycle::queued());
        assert_eq!(
            (job.progress, job.results.len(), job.started_at),
            (0, 0, None)
        );
        assert_eq!(&world.job(new.id).await, job);
    }
    assert_ne!(jobs[0].number, jobs[1].number);
    assert!(jobs.iter().all(|job| (1..1 << 31).contains(&job.number.0)));
    assert_eq!(world.submit(vec![]).await, []);
    let ids = [full.id, plain.id, full.id, world.ids.job(world.now())];
    let found = world.store.jobs(world.account, &ids).await.expect("jobs");
    assert_eq!(
        found,
        [jobs[1].clone(), jobs[0].clone()],
        "newest first, each once"
    );
}

/// Zero bytes, which not every engine can hold, come back as characters that say that one was there.
pub async fn texts_of_callers_come_back_alike_from_every_engine(home: &dyn Home) {
    let world = World::new(home).await;
    let longest = "\u{10ffff}".repeat(256);
    let odd = "\u{feff}e\u{301}\u{202e}\r\n\t\u{7f}\u{fffe}\\'\"%_\u{1f469}\u{200d}\u{1f680}";
    for (text, kept) in [
        (longest.as_str(), longest.as_str()),
        (odd, odd),
        ("", ""),
        ("a\0b\0", "a\u{fffd}b\u{fffd}"),
    ] {
        let new = world.new_job().user_data(text).build();
        let id = world.submit(vec![new]).await[0].id;
        assert_eq!(world.job(id).await.user_data.as_deref(), Some(kept));
        let pipeline = world.add_pipeline(text, None).await;
        assert_eq!(world.pipeline(pipeline).await.name, kept);
        let named = world.store.pipeline_named(world.account, text).await;
        assert_eq!(
            named.expect("pipeline_named").map(|it| it.id),
            Some(pipeline)
        );
    }
}

fn as_new(job: &Job) -> NewJob {
    let job = job.clone();
    NewJob {
        id: job.id,
        submission: job.submission,
        account: job.account,
        pipeline: job.pipeline,
        priority: job.priority,
        spec: job.spec,
        origin: job.origin,
        user_data: job.user_data,
        asset: None,
        created_at: job.created_at,
    }
}

pub async fn a_missing_pipeline_refuses_the_whole_submission(home: &dyn Home) {
    let world = World::new(home).await;
    let unknown = world.ids.pipeline(world.now());
    let good = world.new_job().build();
    let jobs = vec![good.clone(), world.new_job_in(unknown).build()];
    let outcome = world.store.submit(jobs, None).await.expect("submit");
    assert_eq!(outcome, SubmitOutcome::PipelineMissing(unknown));
    assert_eq!(
        world
            .store
            .jobs(world.account, &[good.id])
            .await
            .expect("jobs"),
        []
    );
    assert_eq!(world.load(world.pipeline).await, (0, 0));
    assert_eq!(world.claim(1).await, []);
}

/// Submissions that arrive together may share a transaction. One whose second job has an id that
/// is taken fails after its first write.
pub async fn a_failing_submission_does_not_fail_its_neighbours(home: &dyn Home) {
    let world = Arc::new(World::new(home).await);
    let taken = world.new_job().build();
    world.submit(vec![taken.clone()]).await;
    let mut calls = tokio::task::JoinSet::new();
    for index in 0..200 {
        let (world, fails) = (Arc::clone(&world), index % 4 == 0);
        let first = world.new_job().build();
        let mut second = world.new_job().build();
        if fails {
            second.id = taken.id;
        }
        calls.spawn(async move {
            let outcome = world.store.submit(vec![first.clone(), second], None).await;
            (fails, first.id, outcome)
        });
    }
    while let Some(call) = calls.join_next().await {
        let (fails, first, outcome) = call.expect("no panic");
        assert_eq!(outcome.is_err(), fails);
        let found = world
            .store
            .jobs(world.account, &[first])
            .await
            .expect("jobs");
        assert_eq!(found.is_empty(), fails, "all or nothing");
    }
    assert_eq!(world.load(world.pipeline).await, (301, 0));
    let claimed: HashSet<_> = world.claim_ids(1000).await.into_iter().collect();
    assert_eq!(claimed.len(), 301);
}

pub async fn wake_ups_follow_what_happened(home: &dyn Home) {
    let world = World::new(home).await;
    let mut hints = world.store.hints();
    hints.work.mark_unchanged();
    hints.stops.mark_unchanged();
    let job = world.submit_one().await;
    assert!(hints.work.has_changed().expect("the store is open"));
    assert!(hints.changes.has_changed().expect("the store is open"));
    world.claim(1).await;
    assert!(!hints.stops.has_changed().expect("the store is open"));
    world.cancel(job, CancelPolicy::Any).await;
    assert!(hints.stops.has_changed().expect("the store is open"));
    let foreign = world.store.jobs(account(2), &[job]).await.expect("jobs");
    assert_eq!(foreign, []);
}
