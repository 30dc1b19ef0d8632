//! Sources that may be there already.

use reelgate_domain::job::kind::ingest::{IngestSource, IngestSpec};
use reelgate_domain::job::{FaultCode, Job, JobSpec, StateName};
use reelgate_domain::media::OutputResult;

use crate::house::House;
use crate::ingest::{clip, ingest};
use crate::web::Web;

const CLIP: &str = "bbb_720p25_aac51.mp4";
const SHA256: &str = "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd";
const LONG_AGO: &str = "Sat, 21 Nov 2015 10:00:00 GMT";
const YET_TO_COME: &str = "Sat, 21 Nov 2065 10:00:00 GMT";

/// Brings in what is there already, as far as the server says.
async fn bring_in(house: &House, web: &Web, bytes: Option<u64>, sha256: Option<&str>) -> Job {
    let spec = IngestSpec {
        source: IngestSource::Url {
            url: web.url("a.mp4"),
            bytes,
            sha256: sha256.map(str::to_owned),
            skip_if_same: true,
        },
        ..ingest(web.url("a.mp4"), "up/a.mp4")
    };
    let job = house.submit_spec(JobSpec::Ingest(spec)).await;
    house.ended(job.id).await
}

#[track_caller]
fn assert_done(job: &Job, was_fetched: bool) {
    assert_eq!(job.lifecycle.state.name(), StateName::Succeeded, "{job:?}");
    let [OutputResult::Done { files, facts, .. }] = job.results.as_slice() else {
        panic!("{job:?}")
    };
    assert_eq!(!files.is_empty(), was_fetched);
    assert!(facts.video().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_not_fetched() {
    let house = House::new().await;
    house.put_clip(CLIP, "up/a.mp4").await;
    let worker = house.worker(1);
    let web = Web::serve_dated(clip(CLIP), LONG_AGO).await;
    // It is asked what it has, and nothing of that is waited for.
    web.hold_at(0);
    let length = clip(CLIP).len() as u64;
    for bytes in [None, Some(length)] {
        assert_done(&bring_in(&house, &web, bytes, None).await, false);
    }
    assert_eq!((web.requests(), web.sent()), (2, 0));
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newer_at_its_source_is_fetched() {
    let house = House::new().await;
    house.put_clip(CLIP, "up/a.mp4").await;
    let worker = house.worker(1);
    let web = Web::serve_dated(clip(CLIP), YET_TO_COME).await;
    assert_done(&bring_in(&house, &web, None, None).await, true);
    worker.shut_down().await;
}

/// They were dropped without a word: whatever was there passed for what was expected.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_expected_of_a_source_holds_also_for_what_is_there() {
    let house = House::new().await;
    house.put_clip(CLIP, "up/a.mp4").await;
    let worker = house.worker(1);
    let web = Web::serve_dated(clip(CLIP), LONG_AGO).await;
    let other = "0".repeat(64);
    for (bytes, sha256) in [(Some(5), None), (None, Some(&*other))] {
        let job = bring_in(&house, &web, bytes, sha256).await;
        let fault = job.fault().unwrap();
        assert_eq!(fault.code, FaultCode::SourceMismatch, "{fault:?}");
    }
    assert_done(&bring_in(&house, &web, None, Some(SHA256)).await, true);
    worker.shut_down().await;
}
