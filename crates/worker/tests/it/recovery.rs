//! Workers that go away in the middle, and what the next one makes of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reelgate_domain::job::{JobState, StateName};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult, Staged};
use reelgate_domain::{JobId, Timestamp, WorkerId};
use reelgate_objects::Directory;
use reelgate_service::{Clock, SystemClock};
use reelgate_store::Fenced;

use crate::gate::{engine_works, while_open};
use crate::house::{House, PATIENCE, object, preset, slow};

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_hands_the_job_back_and_the_next_worker_runs_it() {
    let house = House::gated().await;
    house.put_clip("bbb_720p25_aac51.mp4", "in.mp4").await;
    let first = house.worker(1);
    let job = house
        .submit("in.mp4", &[("out.mp4", preset("web-240p"))])
        .await;
    engine_works(&house).await;
    first.shut_down().await;
    let back = house.service.job(&house.caller, job.id).await.unwrap();
    assert_eq!(back.lifecycle.state.name(), StateName::Queued);
    assert_eq!((back.lifecycle.attempt, back.lifecycle.losses), (1, 0));

    let second = house.worker(1);
    let done = while_open(&house, house.ended(job.id)).await;
    assert!(matches!(done.lifecycle.state, JobState::Succeeded { .. }));
    assert_eq!(done.lifecycle.attempt, 2);
    second.shut_down().await;
    assert_eq!(house.files(), ["in.mp4", "out.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_is_replaced_when_its_lease_ends() {
    let house = House::new().await;
    house.put_clip("bbb_sar64x45_bpyramid.mp4", "in.mp4").await;
    let job = house
        .submit("in.mp4", &[("out.mp4", preset("web-240p"))])
        .await;
    // Claims the job and is never heard of again.
    let dead = WorkerId("dead".into());
    let now = SystemClock.now();
    let until = now.after(Duration::from_millis(300));
    let claims = house.store.claim(&dead, 1, until, now).await.unwrap();
    assert_eq!(claims[0].job.id, job.id);

    let worker = house.worker(1);
    let done = house.ended(job.id).await;
    assert!(matches!(done.lifecycle.state, JobState::Succeeded { .. }));
    assert_eq!((done.lifecycle.attempt, done.lifecycle.losses), (2, 1));
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_decision_is_finished_from_what_was_staged() {
    let house = House::new().await;
    house
        .put(
            "in.mp4",
            Bytes::from_static(b"never read: the work is done"),
        )
        .await;
    let job = house
        .submit("in.mp4", &[("out.mp4", preset("web-240p"))])
        .await;
    let now = SystemClock.now();
    let claims = house
        .store
        .claim(&WorkerId("dead".into()), 1, now, now)
        .await
        .unwrap();
    let attempt = claims[0].job.lifecycle.attempt;
    let made = house.dir.path().join("made.mp4");
    std::fs::write(&made, b"an output").unwrap();
    let key = object("out.mp4").key;
    let bucket = Directory::open(&house.bucket_path()).unwrap();
    bucket
        .stage(job.id, attempt)
        .add(&made, &key)
        .await
        .unwrap();
    let files = vec![OutputFile::new(key, 9)];
    let facts = Box::new(MediaFacts::default());
    let result = OutputResult::Done {
        object: object("out.mp4"),
        files,
        facts,
        source: None,
    };
    let staged = Staged {
        attempt,
        results: vec![result],
    };
    assert_eq!(
        house.store.publish(job.id, staged, now).await.unwrap(),
        Fenced::Done
    );

    let worker = house.worker(1);
    let done = house.ended(job.id).await;
    assert!(
        matches!(done.lifecycle.state, JobState::Succeeded { .. }),
        "{done:?}"
    );
    worker.shut_down().await;
    assert_eq!(
        std::fs::read(house.bucket_path().join("out.mp4")).unwrap(),
        b"an output"
    );
    assert_eq!(house.files(), ["in.mp4", "out.mp4"]);
}

/// Nobody else knows of what a job has left that was deleted; another store's job may still be at work.
#[tokio::test(flavor = "multi_thread")]
async fn what_attempts_of_forgotten_jobs_left_goes_when_it_has_been_kept_for_long_enough() {
    let house = House::new().await;
    let made = house.dir.path().join("made.mp4");
    let bucket = Directory::open(&house.bucket_path()).unwrap();
    let key = object("out.mp4").key;
    let (young, old) = (JobId::from_bytes([1; 16]), JobId::from_bytes([2; 16]));
    for job in [young, old] {
        std::fs::write(&made, b"an output").unwrap();
        bucket.stage(job, 1).add(&made, &key).await.unwrap();
    }
    let days_ago = |days: u64| std::time::SystemTime::now() - Duration::from_secs(days * 24 * 3600);
    let staged = house.bucket_path().join(".reelgate/staged");
    for entry in std::fs::read_dir(&staged).unwrap() {
        let path = entry.unwrap().path();
        let is_old = path.to_string_lossy().contains(&old.to_string());
        let folder = std::fs::File::open(&path).unwrap();
        folder
            .set_modified(days_ago(if is_old { 8 } else { 6 }))
            .unwrap();
    }
    let worker = house.worker(1);
    let begun = std::time::Instant::now();
    while bucket.stages().await.unwrap().len() > 1 {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    worker.shut_down().await;
    assert_eq!(bucket.stages().await.unwrap()[0].job, young);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_lease_was_taken_over_publishes_nothing() {
    let house = House::new().await;
    house.put_clip("bbb_720p25_aac51.mp4", "in.mp4").await;
    let worker = house.worker(1);
    let job = house.submit("in.mp4", &[("out.mp4", slow())]).await;
    house.reaches(job.id, StateName::Running).await;
    // As if the worker had been asleep past its lease. It would take the job again at once.
    house.pause(house.pipeline()).await;
    let far = Timestamp::from_millis(SystemClock.now().as_millis() + 3_600_000);
    assert_eq!(house.store.sweep(false, far).await.unwrap(), 1);
    let job = house.service.job(&house.caller, job.id).await.unwrap();
    assert_eq!(job.lifecycle.losses, 1);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4"]);
}

/// The first attempt ran on unseen, and a shutdown waited for it to its end.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_takes_its_own_lost_job_again_ends_the_earlier_attempt() {
    let house = House::new().await;
    house.put_clip("bbb_720p25_aac51.mp4", "in.mp4").await;
    // Its leases run out before it renews them.
    let worker = house.worker_with(2, |config| {
        config.lease = Duration::from_millis(300);
        config.renew_every = Duration::from_secs(3600);
    });
    let job = house.submit("in.mp4", &[("out.mp4", slow())]).await;
    let mut changes = house.store.hints().changes;
    loop {
        changes.mark_unchanged();
        let now = house.service.job(&house.caller, job.id).await.unwrap();
        if now.lifecycle.attempt >= 2 {
            break;
        }
        changes.changed().await.unwrap();
    }
    tokio::time::timeout(PATIENCE, worker.shut_down())
        .await
        .expect("both attempts end");
    assert_eq!(house.files(), ["in.mp4"]);
}

/// Each submit woke the loop before it got round to what was due.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_submits_does_not_keep_lost_jobs_from_running_again() {
    let house = Arc::new(House::new().await);
    house.put_clip("bbb_sar64x45_bpyramid.mp4", "in.mp4").await;
    let outputs = [("out.mp4", preset("web-240p"))];
    let job = house.submit("in.mp4", &outputs).await;
    let now = SystemClock.now();
    let until = now.after(Duration::from_millis(300));
    let dead = WorkerId("dead".into());
    assert_eq!(
        house.store.claim(&dead, 1, until, now).await.unwrap().len(),
        1
    );
    let paused = house.paused_pipeline().await;
    let flood: Vec<_> = (0..32)
        .map(|_| {
            let (house, outputs) = (Arc::clone(&house), outputs.clone());
            tokio::spawn(async move {
                loop {
                    house.submit_to(Some(paused), "in.mp4", &outputs).await;
                }
            })
        })
        .collect();
    let worker = house.worker(1);
    let done = tokio::time::timeout(PATIENCE, house.ended(job.id)).await;
    flood.iter().for_each(tokio::task::JoinHandle::abort);
    worker.shut_down().await;
    let done = done.expect("it runs again");
    assert_eq!((done.lifecycle.attempt, done.lifecycle.losses), (2, 1));
}
