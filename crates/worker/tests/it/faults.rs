//! A store that fails at the worst moments, loops that panic, and what dead processes leave.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use reelgate_domain::job::{CancelPolicy, JobState, Selector, StateName, StopMode};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult, Staged};
use reelgate_domain::{JobId, WorkerId};
use reelgate_objects::Directory;
use reelgate_service::{Clock, SystemClock};
use reelgate_store::Fenced;
use reelgate_worker::WorkerConfig;

use crate::faulty::Faulty;
use crate::gate::engine_works;
use crate::groups::{makes_progress, quick, succeeded_at_first};
use crate::house::{House, LEASE, PATIENCE, object, preset, slow};

const SMALL: &str = "bbb_sar64x45_bpyramid.mp4";
const CLIP: &str = "bbb_720p25_aac51.mp4";

/// Often, so that after the clock was put forward those who hold leases soon say so.
fn beat_often(config: &mut WorkerConfig) {
    config.renew_every = Duration::from_millis(50);
    config.poll_every = Duration::from_millis(100);
}

async fn house_with(clip: &str) -> (House, Arc<Faulty>) {
    let house = House::new().await;
    house.put_clip(clip, "in.mp4").await;
    let faulty = Faulty::over(Arc::clone(&house.store));
    (house, faulty)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_whose_answer_is_lost_is_repeated_and_counts_once() {
    let (house, faulty) = house_with(SMALL).await;
    faulty.lost_publish_answers.store(2, Ordering::SeqCst);
    faulty.failing_finishes.store(3, Ordering::SeqCst);
    let worker = house.worker_on(faulty, 1, |_| {});
    let job = house
        .submit("in.mp4", &[("out.mp4", preset("web-240p"))])
        .await;
    succeeded_at_first(&house.ended(job.id).await);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4", "out.mp4"]);
}

/// The worker gave up and removed what it had staged, though the row said that it had won.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_won_stays_staged_until_the_next_attempt_has_named_it() {
    let (house, faulty) = house_with(SMALL).await;
    faulty
        .lost_publish_answers
        .store(u32::MAX, Ordering::SeqCst);
    let worker = house.worker_on(faulty.clone(), 1, beat_often);
    let job = house
        .submit("in.mp4", &[("out.mp4", preset("web-240p"))])
        .await;
    let published = house.reaches(job.id, StateName::Publishing).await;
    let asked = |faulty: &Faulty| u32::MAX - faulty.lost_publish_answers.load(Ordering::SeqCst);
    while asked(&faulty) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // It gives up, and then its lease ends.
    house.clock.pass(LEASE);
    let overview = worker.overview();
    let gives_up = async {
        while overview.jobs() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let gives_up = tokio::time::timeout(PATIENCE, gives_up).await;
    gives_up.expect("it gives up");
    house.clock.pass(LEASE);
    let job = house.ended(job.id).await;
    assert!(
        matches!(job.lifecycle.state, JobState::Succeeded { .. }),
        "{job:?}"
    );
    assert_eq!(job.lifecycle.attempt, published.lifecycle.attempt + 1);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4", "out.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_that_fail_for_a_while_cost_no_lease() {
    let (house, faulty) = house_with(CLIP).await;
    faulty.failing_renews.store(3, Ordering::SeqCst);
    let mut renewals = faulty.renewals.subscribe();
    let worker = house.worker_on(faulty, 1, |config| {
        config.renew_every = Duration::from_millis(20);
        config.poll_every = Duration::from_millis(20);
    });
    let job = house.submit("in.mp4", &[("out.mp4", slow())]).await;
    let renewed = renewals.wait_for(|count| *count > 2);
    let renewed = tokio::time::timeout(PATIENCE, renewed).await;
    renewed.expect("renewals go on").unwrap();
    let job = house.service.job(&house.caller, job.id).await.unwrap();
    assert_eq!(job.lifecycle.state.name(), StateName::Running);
    assert_eq!((job.lifecycle.attempt, job.lifecycle.losses), (1, 0));
    worker.shut_down().await;
}

/// So a cancel is told within 5 s whatever becomes of its signal.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_whose_signal_is_lost_is_told_by_the_next_heartbeat() {
    let house = House::gated().await;
    house.put_clip(CLIP, "in.mp4").await;
    let faulty = Faulty::deaf(Arc::clone(&house.store));
    let worker = house.worker_on(faulty.clone(), 1, |config| {
        assert!(config.renew_every + config.stop_grace < Duration::from_secs(5));
        config.renew_every = Duration::from_secs(1);
    });
    let job = house.submit("in.mp4", &[("a.mp4", slow())]).await;
    engine_works(&house).await;
    let beats_before = *faulty.renewals.borrow();
    crate::groups::cancel(&house, job.id, StopMode::Now).await;
    let cancelled = house.ended(job.id).await;
    let state = cancelled.lifecycle.state.name();
    assert_eq!(state, StateName::Cancelled);
    assert!(*faulty.renewals.borrow() > beats_before);
    worker.shut_down().await;
}

/// The store is away for longer than a lease: what was made is published when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_waits_for_a_store_that_is_away_for_longer_than_a_lease() {
    let (house, faulty) = house_with(SMALL).await;
    faulty.failing_finishes.store(u32::MAX, Ordering::SeqCst);
    let worker = house.worker_on(faulty.clone(), 1, beat_often);
    let job = house
        .submit("in.mp4", &[("out.mp4", preset("web-240p"))])
        .await;
    let published = house.reaches(job.id, StateName::Publishing).await;
    // Not sooner: a running job that nobody renews would be queued again.
    faulty.failing_renews.store(u32::MAX, Ordering::SeqCst);
    let is_tried = async |count: &AtomicU32| {
        let before = count.load(Ordering::SeqCst);
        // The second try began when the first had been noted.
        while before - count.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let goes_on = async {
        is_tried(&faulty.failing_renews).await;
        for _ in 0..2 {
            house.clock.pass(LEASE * 2 / 3);
            is_tried(&faulty.failing_finishes).await;
        }
    };
    let goes_on = tokio::time::timeout(PATIENCE, goes_on).await;
    goes_on.expect("it reports again and again");
    let held = house.service.job(&house.caller, job.id).await.unwrap();
    assert_eq!(held.lifecycle.state.name(), StateName::Publishing);
    faulty.failing_finishes.store(0, Ordering::SeqCst);
    faulty.failing_renews.store(0, Ordering::SeqCst);
    let job = house.ended(job.id).await;
    assert!(
        matches!(job.lifecycle.state, JobState::Succeeded { .. }),
        "{job:?}"
    );
    assert_eq!(job.lifecycle.attempt, published.lifecycle.attempt);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_loop_that_panics_is_started_again_and_what_runs_goes_on() {
    let (house, faulty) = house_with(CLIP).await;
    let worker = house.worker_on(faulty.clone(), 2, |_| {});
    let running = house.submit("in.mp4", &[("a.mp4", slow())]).await;
    makes_progress(&house, &running).await;
    faulty.panicking_claims.store(2, Ordering::SeqCst);
    let next = house
        .submit("in.mp4", &[("b.mp4", preset("web-240p"))])
        .await;
    succeeded_at_first(&house.ended(next.id).await);
    assert_eq!(faulty.panicking_claims.load(Ordering::SeqCst), 0);
    let running = house.service.job(&house.caller, running.id).await.unwrap();
    assert_eq!(running.lifecycle.state.name(), StateName::Running);
    assert_eq!(running.lifecycle.attempt, 1);
    worker.shut_down().await;
    assert_eq!(house.files(), ["b.mp4", "in.mp4"]);
}

/// Renewals waited for the claim, and leases ran out.
/// What other jobs had fetched stayed as long as it.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_unreadable_job_has_fetched_stays_and_the_rest_is_removed() {
    let house = House::new().await;
    let fetched = house.dir.path().join("fetched");
    // Several, for they are looked at in any order.
    let job = |number: u8| JobId::from_bytes([number; 16]);
    let dir = |number: u8| fetched.join(format!("{}-{}", house.caller.account, job(number)));
    for number in 0..8 {
        std::fs::create_dir_all(dir(number)).unwrap();
    }
    let unreadable = (0..4).map(job).collect();
    let faulty = Faulty::unreadable(Arc::clone(&house.store), unreadable);
    let worker = house.worker_on(faulty, 1, |_| {});
    let gone = async {
        while (4..8).any(|number| dir(number).exists()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let gone = tokio::time::timeout(PATIENCE, gone).await;
    gone.expect("what nobody needs is removed");
    assert!((0..4).all(|number| dir(number).exists()));
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_hangs_costs_no_lease_and_the_loop_counts_as_standing_still() {
    let (house, faulty) = house_with(CLIP).await;
    let worker = house.worker_on(faulty.clone(), 2, beat_often);
    let job = house.submit("in.mp4", &[("a.mp4", slow())]).await;
    makes_progress(&house, &job).await;
    let mut hung = faulty.hung_claims.subscribe();
    faulty.claims_hang.send_replace(true);
    let hangs = tokio::time::timeout(PATIENCE, hung.wait_for(|count| *count > 0)).await;
    hangs.expect("it claims").unwrap();
    let turned = worker.turned().at();
    let mut renewals = faulty.renewals.subscribe();
    for _ in 0..3 {
        house.clock.pass(LEASE * 2 / 3);
        // The first may have begun before.
        let before = *renewals.borrow_and_update();
        let renewed = renewals.wait_for(|count| *count > before + 1);
        let renewed = tokio::time::timeout(PATIENCE, renewed).await;
        renewed.expect("renewals go on").unwrap();
    }
    assert_eq!(worker.turned().at(), turned);
    faulty.claims_hang.send_replace(false);
    let job = house.service.job(&house.caller, job.id).await.unwrap();
    assert_eq!(job.lifecycle.state.name(), StateName::Running);
    assert_eq!((job.lifecycle.attempt, job.lifecycle.losses), (1, 0));
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_of_one_of_a_group_costs_only_that_one() {
    let (house, faulty) = house_with(CLIP).await;
    let outputs = ["a.mp4", "b.mp4"].map(|key| vec![quick(key)]);
    let mut jobs = outputs.to_vec();
    jobs[0][0].settings = slow();
    let jobs = house.submit_group("in.mp4", jobs).await;
    let worker = house.worker_on(faulty.clone(), 1, |config| {
        config.lease = 20 * LEASE;
        config.renew_every = Duration::from_millis(100);
    });
    makes_progress(&house, &jobs[1]).await;
    *faulty.lost.lock().unwrap() = Some(jobs[0].id);
    // The process is ended, because it works for nobody who may know of it.
    succeeded_at_first(&house.ended(jobs[1].id).await);
    let lost = house.service.job(&house.caller, jobs[0].id).await.unwrap();
    assert_eq!(lost.lifecycle.state.name(), StateName::Running);
    worker.shut_down().await;
    assert_eq!(house.files(), ["b.mp4", "in.mp4"]);
}

/// A stage with one file, as old as it is said to be.
fn stage(house: &House, job: JobId, attempt: u32, age: Duration) -> PathBuf {
    let staged = house.bucket_path().join(".reelgate/staged");
    let folder = staged.join(format!("{job}-{attempt}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("out.mp4"), b"an output").unwrap();
    let at = SystemTime::now() - age;
    File::open(&folder).unwrap().set_modified(at).unwrap();
    folder
}

async fn vanishes(folder: &Path) {
    let look = async {
        while folder.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .expect("it is removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dead_processes_staged_goes_unless_it_has_won() {
    let house = House::new().await;
    house.put_clip(SMALL, "in.mp4").await;
    let outputs = [("out.mp4", preset("web-240p"))];
    let won = house.submit("in.mp4", &outputs).await;
    let dead = WorkerId("dead".into());
    let now = SystemClock.now();
    let until = now.after(Duration::from_secs(3600));
    let claims = house.store.claim(&dead, 1, until, now).await.unwrap();
    assert_eq!(claims[0].job.id, won.id);
    let result = OutputResult::Done {
        object: object("out.mp4"),
        files: vec![OutputFile::new(object("out.mp4").key, 9)],
        facts: Box::new(MediaFacts::default()),
        source: None,
    };
    let staged = Staged {
        attempt: 1,
        results: vec![result],
    };
    let published = house.store.publish(won.id, staged, now).await.unwrap();
    assert_eq!(published, Fenced::Done);

    let hour = Duration::from_secs(3600);
    let winner = stage(&house, won.id, 1, hour);
    let mut ended = Vec::new();
    for key in ["old.mp4", "young.mp4"] {
        let job = house.submit("in.mp4", &[(key, preset("web-240p"))]).await;
        let selector = Selector::ids(vec![job.id]);
        let (policy, mode) = (CancelPolicy::Any, StopMode::Now);
        let cancelled = house.service.cancel(&house.caller, selector, policy, mode);
        cancelled.await.unwrap();
        ended.push(job.id);
    }
    let old = stage(&house, ended[0], 1, hour);
    // Another process may have begun it just now, and has told the store since.
    let young = stage(&house, ended[1], 1, Duration::ZERO);
    // Another server's, with the same bucket.
    let strange = stage(&house, JobId::from_bytes([7; 16]), 1, hour);
    let lease = Duration::from_secs(3);
    let begun = tokio::time::Instant::now();
    let worker = house.worker_with(1, |config| config.lease = lease);
    vanishes(&old).await;
    assert!(young.exists() || begun.elapsed() >= lease);
    vanishes(&young).await;
    assert!(winner.exists());
    assert!(strange.exists());
    worker.shut_down().await;
    let bucket = Directory::open(&house.bucket_path()).unwrap();
    assert_eq!(bucket.stages().await.unwrap().len(), 2);
}
