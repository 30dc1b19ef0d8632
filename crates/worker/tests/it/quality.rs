//! Outputs that are measured: documents and pictures lie beside them, and the service reads them back.

use reelgate_domain::job::kind::transcode::{Clip, ClipLength, Container, OutputSpec};
use reelgate_domain::media::OutputResult;
use reelgate_service::WrittenError;

use crate::house::{House, object, preset};

fn output(key: &str, is_measured: bool) -> OutputSpec {
    let mut settings = preset("web-720p");
    settings.container = Container::Mp4;
    if let Some(video) = &mut settings.video {
        video.width = Some(160);
        video.height = None;
        video.measure_quality = is_measured;
    }
    let clip = Clip {
        start_ms: 500,
        length: Some(ClipLength::DurationMs(1500)),
    };
    OutputSpec {
        clip: Some(clip),
        ..OutputSpec::new(object(key), settings)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_lies_beside_the_output_and_is_told() {
    let house = House::new().await;
    house.put_clip("bbb_720p25_aac51.mp4", "in.mp4").await;
    let worker = house.worker(1);
    let jobs = vec![vec![
        output("a/out.mp4", true),
        output("b/plain.mp4", false),
    ]];
    let job = house.submit_group("in.mp4", jobs).await.remove(0);
    let job = house.ended(job.id).await;
    let [
        OutputResult::Done { files, facts, .. },
        OutputResult::Done { files: plain, .. },
    ] = job.results.as_slice()
    else {
        panic!("{:?}", job.results);
    };
    let names: Vec<&str> = files.iter().map(|file| file.key.as_str()).collect();
    let expected = [
        "a/out.mp4.worst-1.jpg",
        "a/out.mp4.quality.json",
        "a/out.mp4",
    ];
    assert_eq!((names, plain.len()), (expected.to_vec(), 1));
    // What lies beside an output is no part of it.
    assert_eq!(facts.format.size_bytes, files[2].bytes);
    let found = house.service.quality(&house.caller, &job).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].object, object("a/out.mp4"));
    let quality = &found[0].quality;
    assert!(quality.frames >= 37 && quality.ssim > 0.8, "{quality:?}");
    std::fs::remove_file(house.bucket_path().join("a/out.mp4.quality.json")).unwrap();
    let gone = house.service.quality(&house.caller, &job).await;
    assert!(matches!(gone, Err(WrittenError::Gone { .. })), "{gone:?}");
    let other = house
        .submit_group("in.mp4", vec![vec![output("c.mp4", false)]])
        .await;
    let other = house.ended(other[0].id).await;
    let none = house.service.quality(&house.caller, &other).await;
    assert!(matches!(none, Err(WrittenError::Absent { .. })), "{none:?}");
    worker.shut_down().await;
}
