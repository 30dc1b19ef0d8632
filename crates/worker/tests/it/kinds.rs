//! Jobs that encode nothing: what is in a file, and its streams in another container.

use reelgate_domain::job::kind::media_info::MediaInfoSpec;
use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::transcode::{Container, SegmentFormat};
use reelgate_domain::job::{FaultCode, Job, JobSpec};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult};

use crate::house::{House, object};

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
