//! What users do: transcode, pause, cancel, and send what cannot work.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reelgate_domain::PipelineState;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, FaultCode, JobState, Selector, StateName, StopMode,
};
use reelgate_domain::media::OutputResult;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_service::{CreatePipeline, CreatePlaylist};

use crate::groups::succeeded_at_first;
use crate::house::{House, PATIENCE, object, preset, slow};

const CLIP: &str = "bbb_720p25_aac51.mp4";

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_becomes_an_mp4_and_an_aligned_hls_ladder() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(2);
    let mp4 = house
        .submit("in.mp4", &[("out/film.mp4", preset("web-360p"))])
        .await;
    let high = house
        .submit("in.mp4", &[("hls/high.m3u8", preset("hls-360p"))])
        .await;
    let low = house
        .submit("in.mp4", &[("hls/low.m3u8", preset("hls-240p"))])
        .await;

    for job in [mp4.id, high.id, low.id] {
        let job = house.ended(job).await;
        assert!(
            matches!(job.lifecycle.state, JobState::Succeeded { .. }),
            "{job:?}"
        );
        assert_eq!((job.progress, job.lifecycle.attempt), (100, 1));
        let [OutputResult::Done { facts, files, .. }] = job.results.as_slice() else {
            panic!("{:?}", job.results)
        };
        let seconds = facts.format.duration_seconds.unwrap();
        assert!((seconds - 5.312).abs() < 0.1, "{seconds}");
        for file in files {
            let stored = std::fs::metadata(house.bucket_path().join(file.key.as_str())).unwrap();
            assert_eq!(stored.len(), file.bytes);
        }
    }
    let target = object("hls/master.m3u8");
    let wanted = CreatePlaylist {
        jobs: vec![high.id, low.id],
        audio: Vec::new(),
        target,
    };
    let playlist = house
        .service
        .create_playlist(&house.caller, wanted)
        .await
        .unwrap();
    assert_eq!(playlist.renditions.len(), 2);
    let text = std::fs::read_to_string(house.bucket_path().join("hls/master.m3u8")).unwrap();
    assert!(
        text.contains("\nhigh.m3u8\n") && text.contains("RESOLUTION=640x360"),
        "{text}"
    );
    worker.shut_down().await;
    assert!(
        !house
            .files()
            .iter()
            .any(|file| file.starts_with(".reelgate")),
        "{:?}",
        house.files()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_makes_several_outputs() {
    let house = House::new().await;
    house.put_clip("bbb_sar64x45_bpyramid.mp4", "in.mp4").await;
    let worker = house.worker(1);
    let outputs = [
        ("a/film.mp4", preset("web-240p")),
        ("b/list.m3u8", preset("hls-240p")),
    ];
    let job = house.submit("in.mp4", &outputs).await;
    let job = house.ended(job.id).await;
    assert!(
        matches!(job.lifecycle.state, JobState::Succeeded { .. }),
        "{job:?}"
    );
    worker.shut_down().await;
    assert_eq!(
        house.files(),
        ["a/film.mp4", "b/list-00001.ts", "b/list.m3u8", "in.mp4"]
    );
    let staged = house.bucket_path().join(".reelgate/staged");
    assert_eq!(std::fs::read_dir(staged).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_below_another_object_fails_at_once() {
    let house = House::new().await;
    house.put_clip("bbb_sar64x45_bpyramid.mp4", "in.mp4").await;
    let worker = house.worker(1);
    let job = house
        .submit("in.mp4", &[("in.mp4/out.mp4", preset("web-240p"))])
        .await;
    let job = house.ended(job.id).await;
    let fault = job.fault().unwrap();
    assert_eq!(
        (fault.code, job.lifecycle.attempt),
        (FaultCode::TargetUnfit, 1)
    );
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_outputs_of_one_job_have_results_of_their_own() {
    let house = House::new().await;
    house.put_clip("speech_libri_5703.ogg", "speech.ogg").await;
    let worker = house.worker(1);
    let mut sound = preset("web-240p");
    sound.video = None;
    let outputs = [("sound.mp4", sound), ("picture.mp4", preset("web-240p"))];
    let job = house.submit("speech.ogg", &outputs).await;
    let job = house.ended(job.id).await;
    assert!(matches!(job.lifecycle.state, JobState::Succeeded { .. }));
    assert!(matches!(&job.results[0], OutputResult::Done { .. }));
    let OutputResult::Failed { fault, .. } = &job.results[1] else {
        panic!("{job:?}")
    };
    assert_eq!(fault.code, FaultCode::NoVideoStream);
    worker.shut_down().await;
    assert_eq!(house.files(), ["sound.mp4", "speech.ogg"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_fails_at_once_and_says_why() {
    let house = House::new().await;
    house
        .put(
            "text.mp4",
            Bytes::from_static(b"this is no film, whatever its name says"),
        )
        .await;
    house
        .put_clip("broken_missing_stsd.mp4", "broken.mp4")
        .await;
    let worker = house.worker(2);
    for (input, code) in [
        ("missing.mp4", FaultCode::SourceMissing),
        ("text.mp4", FaultCode::SourceUnreadable),
        ("broken.mp4", FaultCode::SourceUnreadable),
    ] {
        let job = house
            .submit(input, &[("out.mp4", preset("web-240p"))])
            .await;
        let job = house.ended(job.id).await;
        let fault = job.fault().unwrap_or_else(|| panic!("{input}: {job:?}"));
        assert_eq!(
            (fault.code, job.lifecycle.attempt),
            (code, 1),
            "{input}: {fault:?}"
        );
    }
    worker.shut_down().await;
    assert_eq!(house.files(), ["broken.mp4", "text.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_pipeline_starts_nothing_and_a_resumed_one_starts_at_once() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    // Only a signal makes it look again.
    let worker = house.worker_with(1, |config| config.poll_every = 10 * PATIENCE);
    let set = |state| {
        let change = PipelineChange {
            state: Some(state),
            ..PipelineChange::default()
        };
        house
            .service
            .change_pipeline(&house.caller, house.pipeline(), change)
    };
    set(PipelineState::Paused).await.unwrap();
    let kept = house
        .submit("in.mp4", &[("kept.mp4", preset("web-240p"))])
        .await;
    let gone = house
        .submit("in.mp4", &[("gone.mp4", preset("web-240p"))])
        .await;
    // What came later and may start has been looked for, found and made.
    let wanted = CreatePipeline {
        name: "busy".to_owned(),
        concurrency: None,
        origin: None,
    };
    let busy = house.service.create_pipeline(&house.caller, wanted).await;
    let outputs = [("later.mp4", preset("web-240p"))];
    let later = house.submit_to(Some(busy.unwrap().id), "in.mp4", &outputs);
    let later = later.await;
    succeeded_at_first(&house.ended(later.id).await);
    let still = house.service.job(&house.caller, kept.id).await.unwrap();
    assert_eq!(still.lifecycle.state.name(), StateName::Queued);

    let selector = Selector::ids(vec![gone.id]);
    let outcome = house
        .service
        .cancel(
            &house.caller,
            selector,
            CancelPolicy::QueuedOnly,
            StopMode::Graceful,
        )
        .await;
    assert_eq!(
        outcome.unwrap(),
        [CancelOutcome::Cancelled {
            id: gone.id,
            from: StateName::Queued
        }]
    );

    set(PipelineState::Active).await.unwrap();
    succeeded_at_first(&house.ended(kept.id).await);
    assert!(matches!(
        house.ended(gone.id).await.lifecycle.state,
        JobState::Cancelled { .. }
    ));
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4", "kept.mp4", "later.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_running_job_ends_its_processes_and_leaves_no_output() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let job = house.submit("in.mp4", &[("out.mp4", slow())]).await;
    house.reaches(job.id, StateName::Running).await;
    wait_for_process(&house, true).await;

    let selector = || Selector::ids(vec![job.id]);
    let refused = house
        .service
        .cancel(
            &house.caller,
            selector(),
            CancelPolicy::QueuedOnly,
            StopMode::Graceful,
        )
        .await
        .unwrap();
    let state = StateName::Running;
    assert_eq!(
        refused,
        [CancelOutcome::Refused {
            id: job.id,
            state,
            started: true
        }]
    );

    let asked = Instant::now();
    let outcome = house
        .service
        .cancel(
            &house.caller,
            selector(),
            CancelPolicy::Any,
            StopMode::Graceful,
        )
        .await
        .unwrap();
    assert_eq!(
        outcome,
        [CancelOutcome::Stopping {
            id: job.id,
            from: StateName::Running
        }]
    );
    let job = house.ended(job.id).await;
    assert!(matches!(job.lifecycle.state, JobState::Cancelled { .. }));
    assert!(
        asked.elapsed() < Duration::from_secs(60),
        "{:?}",
        asked.elapsed()
    );
    wait_for_process(&house, false).await;
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4"]);
    let scratch = house.dir.path().join("scratch");
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0);
}

/// Waits until a process works in this house's scratch directory, or none does.
async fn wait_for_process(house: &House, wanted: bool) {
    let scratch = house.dir.path().canonicalize().unwrap().join("scratch");
    let works_there = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let folders = processes.filter_map(|entry| entry.path().join("cwd").read_link().ok());
        folders
            .into_iter()
            .any(|folder| folder.starts_with(&scratch))
    };
    let begun = Instant::now();
    while works_there() != wanted {
        assert!(
            begun.elapsed() < PATIENCE,
            "still a process in the scratch directory is {}there",
            if wanted { "not " } else { "" }
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
