//! Jobs whose input and outputs are on an object store, which may be away for a while.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reelgate_domain::job::kind::ingest::{IngestSource, IngestSpec};
use reelgate_domain::job::kind::transcode::{OutputSpec, Settings, TranscodeSpec};
use reelgate_domain::job::{FaultCode, Job, JobSpec, JobState, StateName};
use reelgate_domain::media::OutputResult;
use reelgate_domain::{JobId, ObjectRef};
use reelgate_s3server::{ACCESS_KEY_ID, Fault, Rule, S3Server, SECRET};
use reelgate_service::{NewS3Bucket, PlaceWish, Secret, Submission, SubmitJob};

use crate::faulty::Faulty;
use crate::house::{House, LEASE, preset};

const SMALL: &str = "bbb_sar64x45_bpyramid.mp4";

/// A house with a bucket `far` on a store.
async fn house() -> (House, S3Server) {
    let store = S3Server::start(&["films"]).await.unwrap();
    let house = House::new().await;
    let wanted = NewS3Bucket {
        name: "far".parse().unwrap(),
        place: PlaceWish {
            endpoint: store.endpoint(),
            bucket: "films".to_owned(),
            prefix: Some("shelf".to_owned()),
            access_key_id: ACCESS_KEY_ID.to_owned(),
            ..PlaceWish::default()
        },
        secret: Secret::new(SECRET),
    };
    let made = house.service.create_s3_bucket(&house.caller, wanted).await;
    made.unwrap();
    (house, store)
}

fn far(key: &str) -> ObjectRef {
    ObjectRef {
        bucket: "far".parse().unwrap(),
        key: key.parse().unwrap(),
    }
}

async fn put(house: &House, key: &str, content: Vec<u8>) {
    let pieces = stream::iter([Ok::<_, String>(Bytes::from(content))]);
    let object = far(key);
    let stored = house.service.put_object(&house.caller, &object, pieces);
    stored.await.unwrap();
}

async fn put_clip(house: &House, clip: &str) {
    let media = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../media");
    put(house, "in.mp4", std::fs::read(media.join(clip)).unwrap()).await;
}

async fn submit(house: &House, key: &str, settings: Settings) -> JobId {
    let output = OutputSpec::new(far(key), settings);
    let spec = TranscodeSpec {
        input: far("in.mp4"),
        pictures: Vec::new(),
        outputs: vec![output],
    };
    let submission = Submission::one(SubmitJob::new(JobSpec::Transcode(spec)));
    let submitted = house.service.submit(&house.caller, submission).await;
    submitted.unwrap()[0].id
}

async fn names(house: &House) -> Vec<String> {
    let bucket = "far".parse().unwrap();
    let page = house
        .service
        .list_objects(&house.caller, &bucket, "", None, 1000);
    let objects = page.await.unwrap().objects;
    objects
        .iter()
        .map(|object| object.key.to_string())
        .collect()
}

/// What lies in the store below the folder of the program.
fn reserved(store: &S3Server) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![store.root().join("films/shelf/.reelgate")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.display().to_string()),
            }
        }
    }
    found
}

#[track_caller]
fn assert_succeeded(job: &Job) {
    let state = &job.lifecycle.state;
    assert!(matches!(state, JobState::Succeeded { .. }), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ladder_is_made_from_an_object_and_published_on_the_store() {
    let (house, store) = house().await;
    put_clip(&house, "bbb_720p25_aac51.mp4").await;
    let worker = house.worker(1);
    let job = submit(&house, "hls/film.m3u8", preset("hls-240p")).await;
    let job = house.ended(job).await;
    assert_succeeded(&job);
    worker.shut_down().await;
    let OutputResult::Done { files, .. } = &job.results[0] else {
        panic!("{job:?}")
    };
    let mut made: Vec<_> = files.iter().map(|file| file.key.to_string()).collect();
    made.push("in.mp4".to_owned());
    made.sort();
    assert_eq!(names(&house).await, made);
    for file in files {
        let stored = store.root().join("films/shelf").join(file.key.as_str());
        assert_eq!(std::fs::metadata(stored).unwrap().len(), file.bytes);
    }
    // The playlist got its name last, and what was staged is gone.
    let copies: Vec<_> = store.requests().into_iter().collect();
    let last_copy = copies
        .iter()
        .rposition(|it| it.starts_with("PUT /films/shelf/hls/"));
    assert!(
        copies[last_copy.unwrap()].ends_with("film.m3u8"),
        "{copies:?}"
    );
    assert!(reserved(&store).is_empty());
    assert!(house.scratch_files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_for_a_while_costs_no_attempt() {
    let (house, store) = house().await;
    put_clip(&house, SMALL).await;
    for (method, fault) in [
        ("HEAD", Fault::Status(503)),
        ("GET", Fault::CutAfter(1000)),
        ("PUT", Fault::LostAnswer),
    ] {
        store.misbehave(Rule::times(method, "/films/", fault, 3));
    }
    // Longer than any single call is patient.
    store.misbehave(Rule::times("GET", "in.mp4", Fault::Status(500), 9));
    let worker = house.worker(1);
    let job = submit(&house, "out.mp4", preset("web-240p")).await;
    let job = house.ended(job).await;
    assert_succeeded(&job);
    assert_eq!((job.lifecycle.attempt, job.lifecycle.losses), (1, 0));
    worker.shut_down().await;
    assert_eq!(names(&house).await, ["in.mp4", "out.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stays_away_fails_the_job_with_the_cause_and_not_as_the_input_s_fault() {
    let (house, store) = house().await;
    put_clip(&house, SMALL).await;
    store.misbehave(Rule::always("", "in.mp4", Fault::Status(503)));
    let worker = house.worker_patient(Duration::ZERO);
    let job = submit(&house, "out.mp4", preset("web-240p")).await;
    let job = house.ended(job).await;
    let JobState::Failed { fault, .. } = &job.lifecycle.state else {
        panic!("{job:?}")
    };
    assert_eq!(fault.code, FaultCode::StorageFailed);
    assert!(
        fault.message.contains("does not answer"),
        "{}",
        fault.message
    );
    assert_eq!(job.lifecycle.attempt, 3);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_is_not_there_or_too_large_is_told_at_once() {
    let (house, _store) = house().await;
    let worker = house.worker_with(1, |config| config.max_file_bytes = 1000);
    let fault = async |job| match house.ended(job).await.lifecycle.state {
        JobState::Failed { fault, .. } => fault,
        other => panic!("{other:?}"),
    };
    let missing = fault(submit(&house, "a.mp4", preset("web-240p")).await).await;
    assert_eq!(missing.code, FaultCode::SourceMissing);
    put(&house, "in.mp4", vec![0; 1001]).await;
    let large = fault(submit(&house, "b.mp4", preset("web-240p")).await).await;
    assert_eq!(large.code, FaultCode::OverBudget);
    // It was fetched whole to be looked at, up to what the disk has.
    let ingest = IngestSpec {
        source: IngestSource::Object,
        output: far("in.mp4"),
        cover: None,
        asset: None,
    };
    let job = house.submit_spec(JobSpec::Ingest(ingest)).await;
    assert_eq!(fault(job.id).await.code, FaultCode::OverBudget);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_a_job_that_waits_for_the_store() {
    use reelgate_domain::job::{CancelPolicy, Selector, StopMode};

    let (house, store) = house().await;
    put_clip(&house, SMALL).await;
    store.misbehave(Rule::always("", "in.mp4", Fault::Status(503)));
    let worker = house.worker(1);
    let job = submit(&house, "out.mp4", preset("web-240p")).await;
    house.reaches(job, StateName::Running).await;
    let selector = Selector::ids(vec![job]);
    let cancelled = house.service.cancel(
        &house.caller,
        selector,
        CancelPolicy::Any,
        StopMode::Graceful,
    );
    cancelled.await.unwrap();
    let job = house.ended(job).await;
    assert_eq!(job.lifecycle.state.name(), StateName::Cancelled);
    worker.shut_down().await;
    assert!(reserved(&store).is_empty());
}

/// The worker died between two copies; the next one made them all again.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_copies_is_finished_by_the_next() {
    let (house, store) = house().await;
    put_clip(&house, "bbb_720p25_aac51.mp4").await;
    // The first copy is made, the playlist's hangs.
    store.misbehave(Rule::always(
        "PUT",
        "/films/shelf/hls/film.m3u8",
        Fault::Status(503),
    ));
    let worker = house.worker(1);
    let job = submit(&house, "hls/film.m3u8", preset("hls-240p")).await;
    house.reaches(job, StateName::Publishing).await;
    let segments_are_there = async {
        while names(&house).await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = crate::house::PATIENCE;
    tokio::time::timeout(patience, segments_are_there)
        .await
        .unwrap();
    assert!(!names(&house).await.contains(&"hls/film.m3u8".to_owned()));
    worker.kill_switch().kill().await;
    // Its claim loop would take the job again once the lease has run out.
    worker.shut_down().await;
    let held = house.service.job(&house.caller, job).await.unwrap();
    store.behave();
    house.clock.pass(LEASE);
    let second = house.worker(1);
    let done = house.ended(job).await;
    assert_succeeded(&done);
    assert_eq!(done.lifecycle.attempt, held.lifecycle.attempt + 1);
    second.shut_down().await;
    assert!(names(&house).await.contains(&"hls/film.m3u8".to_owned()));
    assert!(reserved(&store).is_empty());
}

/// A process that stood still past its lease: what it had begun to send comes to nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_lost_its_lease_publishes_nothing_on_the_store() {
    let (house, store) = house().await;
    put_clip(&house, SMALL).await;
    let faulty = Faulty::over(std::sync::Arc::clone(&house.store));
    let worker = house.worker_on(faulty.clone(), 1, |config| {
        config.lease = 20 * LEASE;
        config.renew_every = Duration::from_millis(100);
    });
    // It cannot stage anything before it hears that it is lost.
    store.misbehave(Rule::always("PUT", ".reelgate/staged", Fault::Status(503)));
    let job = submit(&house, "out.mp4", preset("web-240p")).await;
    let tries = async {
        let is_try = |it: &String| it.starts_with("PUT") && it.contains("staged");
        while !store.requests().iter().any(is_try) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, tries)
        .await
        .unwrap();
    *faulty.lost.lock().unwrap() = Some(job);
    // It ends by what it hears of its lease, before anybody tells it to.
    let overview = worker.overview();
    let ends = async {
        while overview.jobs() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, ends)
        .await
        .unwrap();
    store.behave();
    assert_eq!(names(&house).await, ["in.mp4"]);
    assert!(reserved(&store).is_empty());
    let held = house.service.job(&house.caller, job).await.unwrap();
    assert_eq!(held.lifecycle.state.name(), StateName::Running);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_wait_for_scratch_and_are_removed_while_they_wait() {
    let (house, _store) = house().await;
    put_clip(&house, "bbb_720p25_aac51.mp4").await;
    let first = house.worker_with(2, |config| {
        // Room for the inputs, and for the output of one of both.
        config.scratch_per_job = 1 << 20;
        config.free_space_floor = 0;
        config.free_bytes = |_| Ok(90 << 20);
    });
    let one = submit(&house, "one.mp4", preset("web-240p")).await;
    let other = submit(&house, "other.mp4", preset("web-240p")).await;
    for job in [one, other] {
        assert_succeeded(&house.ended(job).await);
    }
    first.shut_down().await;
    assert_eq!(names(&house).await, ["in.mp4", "one.mp4", "other.mp4"]);
}
