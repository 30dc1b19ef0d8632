//! Jobs that stand still, do not end when asked, or need more room than there is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reelgate_domain::job::{FaultCode, Happening, Job, JobState, StateName, StopMode};
use reelgate_service::Waiting;
use reelgate_testkit::Misbehaviour;

use crate::gate::{engine_works, engines, while_open};
use crate::groups::{cancel, first_failure, makes_progress, quick, succeeded_at_first};
use crate::house::{House, PATIENCE, preset, slow};

const CLIP: &str = "bbb_720p25_aac51.mp4";

async fn happened(house: &House, job: &Job) -> Vec<Happening> {
    let history = house.service.history(&house.caller, job.id).await;
    history
        .unwrap()
        .into_iter()
        .map(|entry| entry.what)
        .collect()
}

/// Waits until the worker says that a job waits for room, and returns what it says.
pub(crate) async fn waits_for_room(house: &House, job: &Job) -> String {
    let look = async {
        loop {
            let job = house.service.job(&house.caller, job.id).await.unwrap();
            if let Some(Waiting::ScratchSpace(why)) =
                house.service.waiting(&house.caller, &job).await.unwrap()
            {
                return why;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, look).await;
    waited.expect("it says what it waits for")
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_stand_still_lose_an_attempt_each() {
    let house = House::with(Misbehaviour::Hang).await;
    house.put_clip(CLIP, "in.mp4").await;
    let mut outputs = vec![vec![quick("a.mp4")], vec![quick("b.mp4")]];
    for output in outputs.iter_mut().flatten() {
        output.settings.stall_seconds = Some(5);
    }
    let jobs = house.submit_group("in.mp4", outputs).await;
    let worker = house.worker(1);
    for job in &jobs {
        assert_eq!(first_failure(&house, job).await, (1, FaultCode::Stalled));
    }
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_does_not_end_when_asked_is_killed_and_that_is_told() {
    for (misbehaviour, mode, is_killed) in [
        (Misbehaviour::IgnoreTerm, StopMode::Graceful, true),
        (Misbehaviour::Hang, StopMode::Now, true),
        (Misbehaviour::Hang, StopMode::Graceful, false),
    ] {
        let house = House::with(misbehaviour).await;
        house.put_clip(CLIP, "in.mp4").await;
        // Much, so that a busy machine ends in time what ends at all.
        let worker = house.worker_with(1, |config| {
            config.stop_grace = match is_killed {
                true => Duration::from_millis(300),
                false => PATIENCE,
            };
        });
        let job = house
            .submit("in.mp4", &[("out.mp4", preset("web-240p"))])
            .await;
        engine_works(&house).await;
        cancel(&house, job.id, mode).await;
        let job = house.ended(job.id).await;
        assert!(matches!(job.lifecycle.state, JobState::Cancelled { .. }));
        assert!(engines(&house).is_empty());
        let told = happened(&house, &job).await;
        let gone = |what: &&Happening| matches!(what, Happening::ProcessesGone { .. });
        let gone = told.iter().find(gone).unwrap();
        let expected = Happening::ProcessesGone { killed: is_killed };
        assert_eq!(*gone, expected, "{misbehaviour:?} {mode:?}");
        worker.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_below_the_floor_and_everything_once_there_is_room() {
    static FREE: AtomicU64 = AtomicU64::new(2_000_000_000);
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker_with(1, |config| {
        config.scratch_per_job = 1_500_000_000;
        config.free_space_floor = 1_000_000_000;
        config.poll_every = Duration::from_millis(50);
        config.free_bytes = |_| Ok(FREE.load(Ordering::SeqCst));
    });
    let job = house
        .submit("in.mp4", &[("out.mp4", preset("web-240p"))])
        .await;
    let why = waits_for_room(&house, &job).await;
    assert_eq!(
        why,
        "1.5 GB of scratch space needed beside a floor of 1.0 GB, 2.0 GB free"
    );
    let now = house.service.job(&house.caller, job.id).await.unwrap();
    assert_eq!(now.lifecycle.attempt, 0);
    FREE.store(3_000_000_000, Ordering::SeqCst);
    succeeded_at_first(&house.ended(job.id).await);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_needs_more_room_than_there_is_waits_and_others_go_on() {
    static FREE: AtomicU64 = AtomicU64::new(200_000_000);
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker_with(2, |config| {
        config.scratch_per_job = 70_000_000;
        config.free_space_floor = 0;
        config.poll_every = Duration::from_millis(50);
        config.free_bytes = |_| Ok(FREE.load(Ordering::SeqCst));
    });
    // Four outputs of 64 MiB at the least.
    let outputs = ["a.mp4", "b.mp4", "c.mp4", "d.mp4"].map(|key| vec![quick(key)]);
    let large = house.submit_group("in.mp4", outputs.to_vec()).await;
    let why = waits_for_room(&house, &large[0]).await;
    assert!(
        why.starts_with("268.4 MB of scratch space") || why.starts_with("0.3 GB"),
        "{why}"
    );
    let small = house
        .submit("in.mp4", &[("e.mp4", preset("web-240p"))])
        .await;
    succeeded_at_first(&house.ended(small.id).await);
    // One that waits can be cancelled, and the rest need less without it.
    cancel(&house, large[0].id, StopMode::Graceful).await;
    let cancelled = house.ended(large[0].id).await;
    assert!(matches!(
        cancelled.lifecycle.state,
        JobState::Cancelled { .. }
    ));
    FREE.store(210_000_000, Ordering::SeqCst);
    for job in &large[1..] {
        succeeded_at_first(&house.ended(job.id).await);
    }
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_room() {
    static FREE: AtomicU64 = AtomicU64::new(1000);
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker_with(1, |config| {
        config.scratch_per_job = 1000;
        config.free_space_floor = 0;
        config.free_bytes = |_| Ok(FREE.load(Ordering::SeqCst));
    });
    let outputs = ["a.mp4", "b.mp4"].map(|key| vec![quick(key)]);
    let jobs = house.submit_group("in.mp4", outputs.to_vec()).await;
    waits_for_room(&house, &jobs[1]).await;
    // From here on there is not even room for what is promised to any job.
    FREE.store(10, Ordering::SeqCst);
    let stopped = tokio::time::timeout(PATIENCE, worker.shut_down()).await;
    stopped.expect("it stops");
    for job in &jobs {
        let job = house.service.job(&house.caller, job.id).await.unwrap();
        assert_eq!(job.lifecycle.state.name(), StateName::Queued);
        assert_eq!(job.lifecycle.losses, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_drains_finishes_what_it_can_and_starts_nothing() {
    let house = House::gated().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let running = house
        .submit("in.mp4", &[("a.mp4", preset("web-240p"))])
        .await;
    let waiting = house
        .submit("in.mp4", &[("b.mp4", preset("web-240p"))])
        .await;
    engine_works(&house).await;
    while_open(&house, worker.drain(PATIENCE)).await;
    let running = house.service.job(&house.caller, running.id).await.unwrap();
    succeeded_at_first(&running);
    let waiting = house.service.job(&house.caller, waiting.id).await.unwrap();
    assert_eq!(waiting.lifecycle.state.name(), StateName::Queued);
    assert_eq!(waiting.lifecycle.attempt, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_leaves_no_process_even_while_the_worker_drains() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let job = house.submit("in.mp4", &[("out.mp4", slow())]).await;
    makes_progress(&house, &job).await;
    let kill_switch = worker.kill_switch();
    let draining = tokio::spawn(worker.drain(PATIENCE));
    kill_switch.kill().await;
    let gone = async {
        while !engines(&house).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let gone = tokio::time::timeout(PATIENCE, gone).await;
    gone.expect("the processes are killed");
    draining.await.unwrap();
    assert_eq!(house.files(), ["in.mp4"]);
}
