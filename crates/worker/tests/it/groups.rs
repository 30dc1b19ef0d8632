//! Jobs of one submission that run in one slot: what they share, and what stays each one's own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reelgate_domain::JobId;
use reelgate_domain::job::kind::transcode::{Clip, OutputSpec, Settings};
use reelgate_domain::job::{
    CancelPolicy, FaultCode, Happening, Job, JobState, Selector, StateName, StopMode,
};
use reelgate_domain::media::OutputResult;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_testkit::Process;

use crate::gate::{engine_works, while_open};
use crate::house::{House, object, preset, slow};

const CLIP: &str = "bbb_720p25_aac51.mp4";

/// The FFmpeg processes that worked in a house's scratch directory while this was there.
struct Census {
    over: Arc<AtomicBool>,
    counting: std::thread::JoinHandle<BTreeSet<u32>>,
}

impl Census {
    fn begin(house: &House) -> Self {
        let scratch = house.dir.path().canonicalize().unwrap().join("scratch");
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let counting = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !is_over.load(Ordering::SeqCst) {
                let here = Process::below(std::process::id());
                let working = here.into_iter().filter(|process| {
                    process.name == "ffmpeg" && process.directory.starts_with(&scratch)
                });
                seen.extend(working.map(|process| process.pid));
                std::thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        Self { over, counting }
    }

    fn end(self) -> usize {
        self.over.store(true, Ordering::SeqCst);
        self.counting.join().unwrap().len()
    }
}

pub(crate) fn quick(key: &str) -> OutputSpec {
    output(key, preset("web-240p"))
}

fn output(key: &str, settings: Settings) -> OutputSpec {
    OutputSpec::new(object(key), settings)
}

async fn state(house: &House, job: &Job) -> StateName {
    let job = house.service.job(&house.caller, job.id).await.unwrap();
    job.lifecycle.state.name()
}

pub(crate) async fn cancel(house: &House, job: JobId, mode: StopMode) {
    let selector = Selector::ids(vec![job]);
    let cancel = house
        .service
        .cancel(&house.caller, selector, CancelPolicy::Any, mode);
    cancel.await.unwrap();
}

pub(crate) fn succeeded_at_first(job: &Job) {
    assert!(
        matches!(job.lifecycle.state, JobState::Succeeded { .. }),
        "{job:?}"
    );
    assert_eq!((job.lifecycle.attempt, job.lifecycle.losses), (1, 0));
}

/// Waits until an attempt of a job has failed, and tells which one of what.
pub(crate) async fn first_failure(house: &House, job: &Job) -> (u32, FaultCode) {
    let look = async {
        loop {
            let history = house.service.history(&house.caller, job.id).await.unwrap();
            let failure = history.iter().find_map(|entry| match &entry.what {
                Happening::AttemptFailed {
                    code, again: true, ..
                } => Some((entry.attempt, *code)),
                _ => None,
            });
            if let Some(failure) = failure {
                return failure;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let patience = crate::house::PATIENCE;
    let failed = tokio::time::timeout(patience, look).await;
    failed.expect("an attempt fails")
}

/// Waits until a job has made some progress, and so has its process.
pub(crate) async fn makes_progress(house: &House, job: &Job) {
    progresses_beyond(house, job, 0).await;
}

/// Waits until a job has more than so many percent.
pub(crate) async fn progresses_beyond(house: &House, job: &Job, percent: u8) {
    let look = async {
        while house
            .service
            .job(&house.caller, job.id)
            .await
            .unwrap()
            .progress
            <= percent
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let patience = crate::house::PATIENCE;
    tokio::time::timeout(patience, look)
        .await
        .expect("progress");
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_of_one_submission_are_made_by_one_process() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let census = Census::begin(&house);
    let jobs = house
        .submit_group(
            "in.mp4",
            vec![
                vec![quick("a.mp4")],
                vec![output("b/b.m3u8", preset("hls-240p"))],
                vec![output("c.mp4", preset("web-360p"))],
                vec![quick("d.mp4"), output("e.m3u8", preset("hls-360p"))],
            ],
        )
        .await;
    let worker = house.worker(1);
    for job in &jobs {
        let job = house.ended(job.id).await;
        succeeded_at_first(&job);
        assert_eq!(job.progress, 100);
        assert_eq!(job.results.len(), if job.id == jobs[3].id { 2 } else { 1 });
    }
    worker.shut_down().await;
    assert_eq!(census.end(), 1, "processes");
    let files = house.files();
    for name in ["a.mp4", "b/b.m3u8", "c.mp4", "d.mp4", "e.m3u8"] {
        assert!(files.iter().any(|file| file == name), "{name} in {files:?}");
    }
    assert!(!files.iter().any(|file| file.starts_with(".reelgate")));
    let scratch = house.dir.path().join("scratch");
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_cannot_be_stored_fails_alone() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let census = Census::begin(&house);
    let outputs = vec![
        vec![quick("good.mp4")],
        vec![quick("in.mp4/below-a-file.mp4")],
        vec![quick("other.mp4")],
    ];
    let jobs = house.submit_group("in.mp4", outputs).await;
    let worker = house.worker(1);
    succeeded_at_first(&house.ended(jobs[0].id).await);
    let bad = house.ended(jobs[1].id).await;
    assert_eq!(bad.fault().unwrap().code, FaultCode::TargetUnfit);
    succeeded_at_first(&house.ended(jobs[2].id).await);
    worker.shut_down().await;
    assert_eq!(census.end(), 1, "processes");
    assert_eq!(house.files(), ["good.mp4", "in.mp4", "other.mp4"]);
}

/// One output of the process is larger than files may be, and the kernel ends the process for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_ends_the_shared_process_fails_alone() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let outputs = vec![
        vec![quick("a.mp4")],
        vec![output("large.mp4", preset("web-720p"))],
        vec![quick("b.mp4")],
    ];
    let jobs = house.submit_group("in.mp4", outputs).await;
    let worker = house.worker_with(1, |config| config.max_file_bytes = 700_000);
    succeeded_at_first(&house.ended(jobs[0].id).await);
    succeeded_at_first(&house.ended(jobs[2].id).await);
    // It gets other attempts, and these are its own.
    let code = FaultCode::StorageFailed;
    assert_eq!(first_failure(&house, &jobs[1]).await, (1, code));
    worker.shut_down().await;
    assert_eq!(house.files(), ["a.mp4", "b.mp4", "in.mp4"]);
}

/// They took their space until the longest job of the group had ended.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_job_has_made_is_gone_while_others_of_its_group_go_on() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let mut later = output("later.mp4", slow());
    later.clip = Some(Clip {
        start_ms: 2000,
        length: None,
    });
    let large = output("large.mp4", preset("web-720p"));
    let outputs = vec![vec![quick("small.mp4"), large], vec![later]];
    let jobs = house.submit_group("in.mp4", outputs).await;
    let worker = house.worker_with(1, |config| config.max_file_bytes = 700_000);
    let code = FaultCode::StorageFailed;
    assert_eq!(first_failure(&house, &jobs[0]).await, (1, code));
    assert_eq!(state(&house, &jobs[1]).await, StateName::Running);
    assert!(!house.scratch_files().contains(&"small.mp4".to_owned()));
    worker.shut_down().await;
}

/// The job counted as a success at once, without the output that another attempt might have made.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_without_an_output_only_when_no_attempt_is_left() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker_with(1, |config| config.max_file_bytes = 700_000);
    let outputs = [
        ("small.mp4", preset("web-240p")),
        ("large.mp4", preset("web-720p")),
    ];
    let job = house.submit("in.mp4", &outputs).await;
    let code = FaultCode::StorageFailed;
    assert_eq!(first_failure(&house, &job).await, (1, code));
    assert_eq!(house.files(), ["in.mp4"]);
    let job = house.ended(job.id).await;
    assert!(
        matches!(job.lifecycle.state, JobState::Succeeded { .. }),
        "{job:?}"
    );
    assert_eq!((job.lifecycle.attempt, job.lifecycle.losses), (3, 2));
    let [
        OutputResult::Done { .. },
        OutputResult::Failed { fault, .. },
    ] = job.results.as_slice()
    else {
        panic!("{:?}", job.results)
    };
    assert_eq!(fault.code, code);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4", "small.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_of_one_ends_the_process_and_the_others_are_made_without_it() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let census = Census::begin(&house);
    let outputs = vec![
        vec![output("slow.mp4", slow())],
        vec![quick("a.mp4")],
        vec![quick("b.mp4")],
    ];
    let jobs = house.submit_group("in.mp4", outputs).await;
    let worker = house.worker(1);
    makes_progress(&house, &jobs[1]).await;
    cancel(&house, jobs[0].id, StopMode::Now).await;
    let cancelled = house.ended(jobs[0].id).await;
    assert!(matches!(
        cancelled.lifecycle.state,
        JobState::Cancelled { .. }
    ));
    succeeded_at_first(&house.ended(jobs[1].id).await);
    succeeded_at_first(&house.ended(jobs[2].id).await);
    worker.shut_down().await;
    assert_eq!(census.end(), 2, "processes");
    assert_eq!(house.files(), ["a.mp4", "b.mp4", "in.mp4"]);

    let history = house.service.history(&house.caller, jobs[0].id).await;
    let told: Vec<_> = history
        .unwrap()
        .into_iter()
        .map(|entry| entry.what)
        .collect();
    let [
        Happening::Queued,
        Happening::Started { .. },
        Happening::CancelAccepted {
            from: StateName::Running,
            decision: StateName::Stopping,
            mode: StopMode::Now,
        },
        Happening::ProcessesGone { killed: true },
        Happening::Cancelled,
    ] = told.as_slice()
    else {
        panic!("{told:?}")
    };
}

/// Outputs that start elsewhere in the source cannot share the process.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_of_one_whose_turn_has_not_come_leaves_the_process_alone() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let mut later = quick("later.mp4");
    later.clip = Some(Clip {
        start_ms: 2000,
        length: None,
    });
    let outputs = vec![vec![output("slow.mp4", slow())], vec![later]];
    let jobs = house.submit_group("in.mp4", outputs).await;
    let census = Census::begin(&house);
    let worker = house.worker(1);
    makes_progress(&house, &jobs[0]).await;
    assert_eq!(state(&house, &jobs[1]).await, StateName::Running);
    cancel(&house, jobs[1].id, StopMode::Graceful).await;
    let cancelled = house.ended(jobs[1].id).await;
    assert!(matches!(
        cancelled.lifecycle.state,
        JobState::Cancelled { .. }
    ));
    assert_eq!(state(&house, &jobs[0]).await, StateName::Running);
    worker.shut_down().await;
    assert_eq!(census.end(), 1, "processes");
    assert_eq!(state(&house, &jobs[0]).await, StateName::Queued);
    assert_eq!(house.files(), ["in.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_all_of_a_group_frees_its_slot() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let outputs = vec![vec![output("a.mp4", slow())], vec![output("b.mp4", slow())]];
    let jobs = house.submit_group("in.mp4", outputs).await;
    let worker = house.worker(1);
    makes_progress(&house, &jobs[0]).await;
    for job in &jobs {
        cancel(&house, job.id, StopMode::Now).await;
    }
    for job in &jobs {
        let job = house.ended(job.id).await;
        assert!(matches!(job.lifecycle.state, JobState::Cancelled { .. }));
    }
    let next = house
        .submit("in.mp4", &[("c.mp4", preset("web-240p"))])
        .await;
    succeeded_at_first(&house.ended(next.id).await);
    worker.shut_down().await;
    assert_eq!(house.files(), ["c.mp4", "in.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_as_large_as_its_pipeline_allows() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let change = PipelineChange {
        concurrency: Some(Some(2)),
        ..PipelineChange::default()
    };
    let changed = house
        .service
        .change_pipeline(&house.caller, house.pipeline(), change);
    changed.await.unwrap();
    let outputs = ["a.mp4", "b.mp4", "c.mp4"].map(|key| vec![quick(key)]);
    let census = Census::begin(&house);
    let jobs = house.submit_group("in.mp4", outputs.to_vec()).await;
    let worker = house.worker(4);
    for job in &jobs {
        succeeded_at_first(&house.ended(job.id).await);
    }
    worker.shut_down().await;
    assert_eq!(census.end(), 2, "processes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_hands_all_of_a_group_back() {
    let house = House::gated().await;
    house.put_clip(CLIP, "in.mp4").await;
    let outputs = vec![vec![quick("a.mp4")], vec![quick("b.mp4")]];
    let jobs = house.submit_group("in.mp4", outputs).await;
    let first = house.worker(1);
    engine_works(&house).await;
    first.shut_down().await;
    for job in &jobs {
        let job = house.service.job(&house.caller, job.id).await.unwrap();
        assert_eq!(job.lifecycle.state.name(), StateName::Queued);
        assert_eq!((job.lifecycle.attempt, job.lifecycle.losses), (1, 0));
    }
    let second = house.worker(1);
    for job in &jobs {
        let job = while_open(&house, house.ended(job.id)).await;
        assert!(matches!(job.lifecycle.state, JobState::Succeeded { .. }));
        assert_eq!(job.lifecycle.attempt, 2);
    }
    second.shut_down().await;
    assert_eq!(house.files(), ["a.mp4", "b.mp4", "in.mp4"]);
}
