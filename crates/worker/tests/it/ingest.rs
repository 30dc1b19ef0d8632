//! Files that come from elsewhere, and files that are there and become assets; pictures of them.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use reelgate_domain::asset::{AssetDetails, AssetId, AssetState};
use reelgate_domain::job::kind::ingest::{
    AssetPlan, FollowUp, IngestSource, IngestSpec, PlannedJob, SourceUrl,
};
use reelgate_domain::job::kind::snapshot::{Moments, Naming, PictureFormat, SnapshotSpec};
use reelgate_domain::job::kind::transcode::{OutputSpec, TranscodeSpec};
use reelgate_domain::job::{
    CancelPolicy, FaultCode, Job, JobSpec, Priority, Selector, StateName, StopMode,
};
use reelgate_domain::media::OutputResult;
use reelgate_domain::{JobId, SubmissionId};
use reelgate_service::{Submission, SubmitJob};

use crate::house::{House, object, preset};
use crate::limits::waits_for_room;
use crate::web::Web;

const CLIP: &str = "bbb_720p25_aac51.mp4";

pub(crate) fn clip(name: &str) -> Bytes {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../media")
        .join(name);
    std::fs::read(path).unwrap().into()
}

/// A clip with so many MiB behind it that a demuxer passes over.
pub(crate) fn padded(mib: u32) -> Bytes {
    let mut content = clip(CLIP).to_vec();
    let padding = mib << 20;
    content.extend_from_slice(&padding.to_be_bytes());
    content.extend_from_slice(b"free");
    content.resize(content.len() + padding as usize - 8, 0);
    content.into()
}

pub(crate) fn ingest(url: SourceUrl, output: &str) -> IngestSpec {
    IngestSpec {
        source: IngestSource::Url {
            url,
            bytes: None,
            sha256: None,
            skip_if_same: false,
        },
        output: object(output),
        cover: None,
        asset: None,
    }
}

impl House {
    pub(crate) async fn submit_spec(&self, spec: JobSpec) -> Job {
        let submission = Submission::one(SubmitJob::new(spec));
        let submitted = self.service.submit(&self.caller, submission).await;
        submitted.unwrap().remove(0)
    }

    /// What is left of files that were fetched.
    fn fetched(&self) -> usize {
        let dir = std::fs::read_dir(self.dir.path().join("fetched"));
        dir.map_or(0, Iterator::count)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_from_elsewhere_becomes_an_asset_with_a_cover_and_is_transcoded() {
    let house = House::new().await;
    let web = Web::serve(clip(CLIP)).await;
    let (id, follower) = (AssetId::from_bytes([7; 16]), JobId::from_bytes([8; 16]));
    let transcode = TranscodeSpec {
        input: object("up/in.mp4"),
        pictures: Vec::new(),
        outputs: vec![OutputSpec::new(object("up/small.mp4"), preset("web-240p"))],
    };
    let plan = AssetPlan {
        id,
        details: AssetDetails {
            title: "A rabbit".to_owned(),
            ..AssetDetails::default()
        },
        then: Some(FollowUp {
            submission: SubmissionId::from_bytes([9; 16]),
            priority: Priority::default(),
            jobs: vec![PlannedJob {
                id: follower,
                spec: transcode,
                origin: None,
                user_data: None,
            }],
        }),
    };
    let spec = IngestSpec {
        cover: Some(object("up/cover.jpg")),
        asset: Some(plan),
        ..ingest(web.url("rabbit.mp4"), "up/in.mp4")
    };
    let worker = house.worker(2);
    let job = house.submit_spec(JobSpec::Ingest(spec)).await;
    let job = house.ended(job.id).await;
    assert_eq!(job.lifecycle.state.name(), StateName::Succeeded, "{job:?}");
    let content = std::fs::read(house.bucket_path().join("up/in.mp4")).unwrap();
    assert!(content == clip(CLIP));
    let cover = std::fs::read(house.bucket_path().join("up/cover.jpg")).unwrap();
    assert!(cover.starts_with(&[0xff, 0xd8, 0xff]));

    let assets = house
        .store
        .assets(house.caller.account, &[id])
        .await
        .unwrap();
    let asset = assets.first().unwrap();
    assert_eq!((asset.job, &*asset.details.title), (job.id, "A rabbit"));
    assert_eq!(asset.cover, Some(object("up/cover.jpg")));
    let AssetState::Ready { facts, sha256 } = &asset.state else {
        panic!("{asset:?}")
    };
    assert_eq!(facts.video().unwrap().1.width, 1280);
    assert_eq!(sha256.as_ref().map(String::len), Some(64));
    let transcoded = house.ended(follower).await;
    assert_eq!(transcoded.lifecycle.state.name(), StateName::Succeeded);
    assert!(house.bucket_path().join("up/small.mp4").exists());
    worker.shut_down().await;
    assert_eq!(house.fetched(), 0);
    assert!(
        !house
            .files()
            .iter()
            .any(|file| file.starts_with(".reelgate"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_media_fails_and_leaves_nothing() {
    let house = House::new().await;
    let cases = [
        (
            Bytes::from_static(b"<!DOCTYPE html><html>no</html>"),
            FaultCode::SourceUnreadable,
        ),
        (Bytes::new(), FaultCode::SourceUnreadable),
        // It begins like a media file, and is none.
        (clip(CLIP).slice(..1000), FaultCode::SourceUnreadable),
    ];
    let worker = house.worker(1);
    for (content, code) in cases {
        let web = Web::serve(content).await;
        let spec = ingest(web.url("a.mp4"), "up/a.mp4");
        let job = house.submit_spec(JobSpec::Ingest(spec)).await;
        let job = house.ended(job.id).await;
        let fault = job.fault().unwrap();
        assert_eq!(fault.code, code, "{fault:?}");
        assert!(!format!("{fault:?}").contains("secret"), "{fault:?}");
    }
    worker.shut_down().await;
    assert_eq!(house.files(), Vec::<String>::new());
    assert_eq!(house.fetched(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_and_checksums_are_verified() {
    let house = House::new().await;
    let web = Web::serve(clip(CLIP)).await;
    let worker = house.worker(1);
    for (bytes, sha256) in [(Some(5), None), (None, Some("0".repeat(64)))] {
        let spec = IngestSpec {
            source: IngestSource::Url {
                url: web.url("a.mp4"),
                bytes,
                sha256,
                skip_if_same: false,
            },
            ..ingest(web.url("a.mp4"), "up/a.mp4")
        };
        let job = house.submit_spec(JobSpec::Ingest(spec)).await;
        let job = house.ended(job.id).await;
        assert_eq!(job.fault().unwrap().code, FaultCode::SourceMismatch);
    }
    worker.shut_down().await;
    assert_eq!(house.files(), Vec::<String>::new());
}

/// It stood at half of that, for the cover was only begun when the file was there.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_with_a_cover_is_as_far_as_what_has_come() {
    let house = House::new().await;
    let content = clip(CLIP);
    let almost = content.len() as u64 - 1000;
    let web = Web::serve(content).await;
    web.hold_at(almost);
    let worker = house.worker(1);
    let spec = IngestSpec {
        cover: Some(object("up/cover.jpg")),
        ..ingest(web.url("a.mp4"), "up/a.mp4")
    };
    let job = house.submit_spec(JobSpec::Ingest(spec)).await;
    let progress = house.service.progress();
    let mut fetched = 0;
    while fetched < almost {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let job = house.service.job(&house.caller, job.id).await.unwrap();
        fetched = progress.fetched(&job).map_or(fetched, |it| it.bytes);
    }
    assert_eq!(progress.of(job.id, 1), 94);
    web.hold_at(u64::MAX);
    let ended = house.ended(job.id).await;
    assert_eq!(ended.lifecycle.state.name(), StateName::Succeeded);
    worker.shut_down().await;
}

/// As at an update of the program: the next worker goes on with what is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_fetches_nothing_twice() {
    let house = House::new().await;
    let content = padded(48);
    let total = content.len() as u64;
    let web = Web::serve(content).await;
    web.hold_at(total - (16 << 20));
    let worker = house.worker(1);
    let spec = ingest(web.url("a.mp4"), "up/a.mp4");
    let job = house.submit_spec(JobSpec::Ingest(spec)).await;
    // What the server has sent may still be on its way.
    let progress = house.service.progress();
    let mut fetched = 0;
    while fetched < total - (16 << 20) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let job = house.service.job(&house.caller, job.id).await.unwrap();
        fetched = progress.fetched(&job).map_or(fetched, |it| it.bytes);
    }
    worker.shut_down().await;
    assert_eq!(house.fetched(), 1);
    web.hold_at(u64::MAX);
    let worker = house.worker(1);
    let ended = house.ended(job.id).await;
    assert_eq!(
        ended.lifecycle.state.name(),
        StateName::Succeeded,
        "{ended:?}"
    );
    assert!(web.sent() <= total + (8 << 20), "{} of {total}", web.sent());
    worker.shut_down().await;
    assert_eq!(house.fetched(), 0);
}

/// Others have filled the disk meanwhile: it waits, and asks nobody again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_waits_while_the_disk_is_full() {
    static FREE: AtomicU64 = AtomicU64::new(1 << 40);
    let house = House::new().await;
    let content = padded(48);
    let total = content.len() as u64;
    let web = Web::serve(content).await;
    web.hold_at(8 << 20);
    let worker = house.worker_with(1, |config| {
        config.free_bytes = |_| Ok(FREE.load(Ordering::SeqCst));
    });
    let spec = ingest(web.url("a.mp4"), "up/a.mp4");
    let job = house.submit_spec(JobSpec::Ingest(spec)).await;
    while web.sent() < 8 << 20 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    FREE.store(1 << 20, Ordering::SeqCst);
    web.hold_at(u64::MAX);
    let told = waits_for_room(&house, &job).await;
    assert!(told.ends_with("1.0 MB free"), "{told}");
    let asked = web.requests();
    // Time enough for a thousand of them.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(web.requests(), asked);
    FREE.store(1 << 40, Ordering::SeqCst);
    let ended = house.ended(job.id).await;
    assert_eq!(
        ended.lifecycle.state.name(),
        StateName::Succeeded,
        "{ended:?}"
    );
    let stored = std::fs::metadata(house.bucket_path().join("up/a.mp4")).unwrap();
    assert_eq!(stored.len(), total);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_is_cancelled_leaves_nothing() {
    let house = House::new().await;
    let web = Web::serve(clip(CLIP)).await;
    web.hold_at(100_000);
    let worker = house.worker(1);
    let spec = ingest(web.url("a.mp4"), "up/a.mp4");
    let job = house.submit_spec(JobSpec::Ingest(spec)).await;
    while web.sent() < 100_000 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let selector = Selector::ids(vec![job.id]);
    let service = &house.service;
    let cancel = service.cancel(
        &house.caller,
        selector,
        CancelPolicy::Any,
        StopMode::Graceful,
    );
    cancel.await.unwrap();
    let job = house.ended(job.id).await;
    assert_eq!(job.lifecycle.state.name(), StateName::Cancelled);
    worker.shut_down().await;
    assert_eq!(house.files(), Vec::<String>::new());
    assert_eq!(house.fetched(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_taken_of_an_object() {
    let house = House::new().await;
    house.put_clip(CLIP, "in.mp4").await;
    let worker = house.worker(1);
    let spec = SnapshotSpec {
        input: object("in.mp4"),
        output: object("shots/shot.jpg"),
        moments: Moments::At(vec![0, 2000, 4000]),
        width: Some(320),
        height: None,
        long_side: None,
        format: PictureFormat::Jpeg,
        sprite: None,
        naming: Naming::Numbered,
        archive: None,
        key_frames: false,
        not_black: None,
    };
    let job = house.submit_spec(JobSpec::Snapshot(spec)).await;
    let job = house.ended(job.id).await;
    let [OutputResult::Done { files, .. }] = job.results.as_slice() else {
        panic!("{job:?}")
    };
    assert_eq!(files.len(), 3);
    for file in files {
        let stored = std::fs::read(house.bucket_path().join(file.key.as_str())).unwrap();
        assert_eq!(stored.len() as u64, file.bytes);
    }
    worker.shut_down().await;
}
