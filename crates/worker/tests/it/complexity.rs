//! How many bits a picture takes: what is measured agrees with what encoding it comes to.

use reelgate_domain::job::kind::media_info::{ComplexitySpec, MediaInfoSpec};
use reelgate_domain::job::kind::transcode::{
    Area, Container, EncoderPreset, RateControl, Settings, VideoSettings,
};
use reelgate_domain::job::{CancelPolicy, FaultCode, Job, JobSpec, Selector, StateName, StopMode};
use reelgate_domain::media::{Complexity, OutputResult};

use crate::groups::progresses_beyond;
use crate::house::{House, object};

const CLIP: &str = "bbb_720p25_aac51.mp4";

async fn measured(house: &House, input: &str, complexity: ComplexitySpec) -> Job {
    let spec = MediaInfoSpec {
        input: object(input),
        output: None,
        complexity: Some(complexity),
    };
    let job = house.submit_spec(JobSpec::MediaInfo(spec)).await;
    house.ended(job.id).await
}

fn found(job: &Job) -> &Complexity {
    match job.results.as_slice() {
        [OutputResult::Done { facts, .. }] => facts.complexity.as_ref().unwrap(),
        other => panic!("{:?}: {other:?}", job.lifecycle.state),
    }
}

/// What all of a clip comes to at this quality and width, in kbit/s.
async fn encoded(house: &House, width: u32, crf: f64) -> f64 {
    // As samples are encoded.
    let video = VideoSettings {
        width: Some(width),
        rate: RateControl::Crf { crf, cap: None },
        preset: EncoderPreset::Veryfast,
        ..VideoSettings::default()
    };
    let settings = Settings {
        container: Container::Mkv,
        video: Some(video),
        audio: None,
        stall_seconds: None,
    };
    let job = house.submit("in.mp4", &[("whole.mkv", settings)]).await;
    let job = house.ended(job.id).await;
    let OutputResult::Done { facts, .. } = &job.results[0] else {
        panic!("{:?}", job.results);
    };
    facts.format.size_bytes as f64 * 8.0 / facts.format.duration_seconds.unwrap() / 1000.0
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_take_what_the_whole_takes_at_each_width_and_quality() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let spec = |crf| ComplexitySpec {
        crf,
        widths: vec![320, 1920, 1280, 640],
        ..ComplexitySpec::default()
    };
    let fine = measured(&house, "in.mp4", spec(22)).await;
    let fine = found(&fine);
    let sizes: Vec<_> = fine.sizes.iter().map(|it| (it.width, it.height)).collect();
    // The picture is not enlarged to measure it.
    assert_eq!(sizes, [(1280, 720), (640, 360), (320, 180)]);
    assert!((4.9..5.6).contains(&fine.sampled_seconds), "{fine:?}");
    let falls = |pair: &[reelgate_domain::media::SizeComplexity]| pair[0].kbps > 1.5 * pair[1].kbps;
    assert!(fine.sizes.windows(2).all(falls), "{fine:?}");
    let coarse = measured(&house, "in.mp4", spec(40)).await;
    let coarse = found(&coarse);
    assert_eq!((fine.crf, coarse.crf), (22, 40));
    for (fine, coarse) in fine.sizes.iter().zip(&coarse.sizes) {
        assert!(coarse.kbps < fine.kbps / 3.0, "{fine:?} {coarse:?}");
        let pixels = f64::from(fine.width * fine.height) * 25.0;
        let expected = fine.kbps * 1000.0 / pixels;
        assert!((fine.bits_per_pixel - expected).abs() < 0.002, "{fine:?}");
    }
    let whole = encoded(&house, 640, 22.0).await;
    let sample = fine.sizes[1].kbps;
    assert!((sample / whole - 1.0).abs() < 0.1, "{sample} of {whole}");
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4", "whole.mkv"]);
    assert!(house.scratch_files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_narrower_than_all_widths_is_measured_as_it_is() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let crop = Area {
        width: 200,
        height: 100,
        left: 40,
        top: 20,
    };
    let spec = ComplexitySpec {
        widths: vec![640, 320],
        crop: Some(crop),
        ..ComplexitySpec::default()
    };
    let job = measured(&house, "in.mp4", spec).await;
    let sizes = &found(&job).sizes;
    let sizes: Vec<_> = sizes.iter().map(|it| (it.width, it.height)).collect();
    assert_eq!(sizes, [(200, 100)]);
    worker.shut_down().await;
}

/// Both widths become the same size, which was encoded twice and counted twice.
#[tokio::test(flavor = "multi_thread")]
async fn widths_of_one_size_are_measured_once() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let spec = ComplexitySpec {
        crf: 40,
        widths: vec![1281, 1280],
        ..ComplexitySpec::default()
    };
    let job = measured(&house, "in.mp4", spec).await;
    let found = found(&job);
    let sizes: Vec<_> = found.sizes.iter().map(|it| (it.width, it.height)).collect();
    assert_eq!(sizes, [(1280, 720)]);
    assert!((4.9..5.6).contains(&found.sampled_seconds), "{found:?}");
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_picture_has_no_complexity() {
    let house = House::new().await;
    house.put_clip("speech_libri_5703.ogg", "in.ogg").await;
    let worker = house.worker(1);
    let job = measured(&house, "in.ogg", ComplexitySpec::default()).await;
    let code = job.fault().map(|fault| fault.code);
    assert_eq!(code, Some(FaultCode::NoVideoStream));
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measurement_that_is_cancelled_leaves_nothing() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let spec = MediaInfoSpec {
        input: object("in.mp4"),
        output: None,
        complexity: Some(ComplexitySpec {
            crf: 1,
            ..ComplexitySpec::default()
        }),
    };
    let job = house.submit_spec(JobSpec::MediaInfo(spec)).await;
    // Reading comes before samples.
    progresses_beyond(&house, &job, 10).await;
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
    assert!(house.scratch_files().is_empty());
}
