//! Jobs that encode nothing: what is in a file, its streams in another container, pictures of it by themselves or
//! beside a transcode.

use reelgate_domain::job::kind::media_info::MediaInfoSpec;
use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::snapshot::{Moments, Naming, PictureFormat, SnapshotSpec, Sprite};
use reelgate_domain::job::kind::transcode::{Container, OutputSpec, SegmentFormat, TranscodeSpec};
use reelgate_domain::job::{CancelPolicy, FaultCode, Job, JobSpec, Selector, StateName, StopMode};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult};

use crate::house::{House, object, preset};

const CLIP: &str = "bbb_720p25_aac51.mp4";
const CLIP_MD5: &str = "d55bddf8d62910879ed9f605522149a8";

fn done(job: &Job) -> (&[OutputFile], &MediaFacts) {
    match job.results.as_slice() {
        [OutputResult::Done { files, facts, .. }] => (files, facts),
        other => panic!("{:?}: {other:?}", job.lifecycle.state),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_a_file_is_told_and_written_down() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    for output in [None, Some(object("facts/in.json"))] {
        let spec = MediaInfoSpec {
            input: object("in.mp4"),
            output: output.clone(),
            complexity: None,
        };
        let job = house.submit_spec(JobSpec::MediaInfo(spec)).await;
        let job = house.ended(job.id).await;
        let (files, facts) = done(&job);
        assert_eq!(facts.format.md5.as_deref(), Some(CLIP_MD5));
        assert_eq!(facts.video().unwrap().1.width, 1280);
        assert!(facts.audio().is_some());
        let keys: Vec<_> = files.iter().map(|file| file.key.as_str()).collect();
        match output {
            None => assert!(keys.is_empty(), "{keys:?}"),
            Some(_) => {
                assert_eq!(keys, ["facts/in.json"]);
                let text = std::fs::read(house.bucket_path().join("facts/in.json")).unwrap();
                assert_eq!(text.len() as u64, files[0].bytes);
                let written: MediaFacts = serde_json::from_slice(&text).unwrap();
                assert_eq!(written, *facts);
            }
        }
    }
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_media_and_what_is_not_there_have_no_info() {
    let house = House::new().await;
    house.put("note.txt", "no film".into()).await;
    let worker = house.worker(1);
    for (input, code) in [
        ("note.txt", FaultCode::SourceUnreadable),
        ("none.mp4", FaultCode::SourceMissing),
    ] {
        let spec = MediaInfoSpec {
            input: object(input),
            output: Some(object("facts.json")),
            complexity: None,
        };
        let job = house.submit_spec(JobSpec::MediaInfo(spec)).await;
        let job = house.ended(job.id).await;
        assert_eq!(job.fault().map(|fault| fault.code), Some(code), "{input}");
    }
    worker.shut_down().await;
    assert_eq!(house.files(), ["note.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_put_into_other_containers() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let hls = Container::Hls {
        segments: SegmentFormat::Ts,
        segment_seconds: 2,
    };
    for (container, output) in [(Container::Mp4, "a/out.mp4"), (hls, "b/out.m3u8")] {
        let spec = RemuxSpec {
            input: object("in.mp4"),
            output: object(output),
            container,
            remove_metadata: false,
        };
        let job = house.submit_spec(JobSpec::Remux(spec)).await;
        let job = house.ended(job.id).await;
        let (files, facts) = done(&job);
        assert_eq!(files.last().unwrap().key.as_str(), output);
        for file in files {
            let stored = std::fs::read(house.bucket_path().join(file.key.as_str())).unwrap();
            assert_eq!(stored.len() as u64, file.bytes);
        }
        assert_eq!(facts.format.md5.is_some(), container == Container::Mp4);
        assert_eq!(job.progress, 100);
    }
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_container_cannot_hold_fails_at_once_and_leaves_nothing() {
    let house = House::new().await;
    house.put_clip("speech_libri_5703.ogg", "in.ogg").await;
    let worker = house.worker(1);
    let spec = RemuxSpec {
        input: object("in.ogg"),
        output: object("out.mp4"),
        container: Container::Mp4,
        remove_metadata: false,
    };
    let job = house.submit_spec(JobSpec::Remux(spec)).await;
    let job = house.ended(job.id).await;
    let fault = job.fault().unwrap();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    assert!(fault.message.contains("vorbis"), "{}", fault.message);
    assert_eq!(job.lifecycle.attempt, 1);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.ogg"]);
}

fn pictures(input: &str, output: &str, moments: Moments) -> SnapshotSpec {
    SnapshotSpec {
        input: object(input),
        output: object(output),
        moments,
        width: Some(160),
        height: None,
        long_side: None,
        format: PictureFormat::Jpeg,
        sprite: None,
        naming: Naming::Seconds {
            text: String::new(),
            alone: None,
        },
        archive: None,
        key_frames: false,
        not_black: None,
    }
}

fn through(step_ms: u64) -> Moments {
    Moments::Through {
        first_ms: 0,
        step_ms,
        length_ms: None,
        closing: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_packed_into_one_file() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let spec = SnapshotSpec {
        archive: Some("all.tar".to_owned()),
        ..pictures("in.mp4", "shots/all.tar", through(2000))
    };
    let job = house.submit_spec(JobSpec::Snapshot(spec)).await;
    let job = house.ended(job.id).await;
    let (files, _) = done(&job);
    let [file] = files else { panic!("{files:?}") };
    assert_eq!(file.key.as_str(), "shots/all.tar");
    let stored = std::fs::File::open(house.bucket_path().join("shots/all.tar")).unwrap();
    let mut archive = tar::Archive::new(stored);
    let entries = archive.entries().unwrap();
    let names: Vec<_> = entries
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(names, ["0.jpg", "2.jpg", "4.jpg", "5.jpg"]);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4", "shots/all.tar"]);
}

/// A transcode with pictures beside it.
fn with_pictures(sets: Vec<SnapshotSpec>) -> JobSpec {
    JobSpec::Transcode(TranscodeSpec {
        input: object("in.mp4"),
        outputs: vec![OutputSpec::new(object("out.mp4"), preset("web-360p"))],
        pictures: sets,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcode_takes_pictures_of_its_input() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let sheets = SnapshotSpec {
        sprite: Some(Sprite {
            columns: 2,
            rows: 2,
            cell_width: Some(96),
            cell_height: None,
            padding: 0,
            margin: 0,
            keep_pictures: false,
            ..Sprite::default()
        }),
        naming: Naming::Numbered,
        ..pictures("in.mp4", "sheets/in.jpg", through(2000))
    };
    let sets = vec![pictures("in.mp4", "shots/0.jpg", through(3000)), sheets];
    let job = house.submit_spec(with_pictures(sets)).await;
    let job = house.ended(job.id).await;
    assert_eq!(job.lifecycle.state.name(), StateName::Succeeded);
    let files = job.results.iter().map(|result| match result {
        OutputResult::Done { files, .. } => files.iter().map(|file| file.key.as_str()).collect(),
        other @ OutputResult::Failed { .. } => panic!("{other:?}"),
    });
    let files: Vec<Vec<&str>> = files.collect();
    assert_eq!(files[0], ["out.mp4"]);
    assert_eq!(files[1], ["shots/0.jpg", "shots/3.jpg", "shots/5.jpg"]);
    assert_eq!(files[2], ["sheets/in-00001.jpg", "sheets/in.vtt"]);
    assert_eq!(job.progress, 100);
    worker.shut_down().await;
    assert_eq!(house.files().len(), 1 + 1 + 3 + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_there_cannot_be_fail_alone() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let late = pictures("in.mp4", "shots/0.jpg", Moments::At(vec![3_600_000]));
    let job = house.submit_spec(with_pictures(vec![late])).await;
    let job = house.ended(job.id).await;
    assert_eq!(job.lifecycle.state.name(), StateName::Succeeded);
    let [
        OutputResult::Done { .. },
        OutputResult::Failed { fault, .. },
    ] = job.results.as_slice()
    else {
        panic!("{:?}", job.results)
    };
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4", "out.mp4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcode_with_pictures_that_is_cancelled_leaves_nothing() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let sets = (0..20)
        .map(|set| pictures("in.mp4", &format!("{set}/0.jpg"), through(1000)))
        .collect();
    let job = house.submit_spec(with_pictures(sets)).await;
    house.reaches(job.id, StateName::Running).await;
    let cancel = house.service.cancel(
        &house.caller,
        Selector::ids(vec![job.id]),
        CancelPolicy::Any,
        StopMode::Graceful,
    );
    cancel.await.unwrap();
    let job = house.ended(job.id).await;
    assert_eq!(job.lifecycle.state.name(), StateName::Cancelled);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4"]);
}
