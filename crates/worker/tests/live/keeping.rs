//! Recordings and pictures: what dead workers left, and buckets on object stores.

use reelgate_domain::stream::StreamId;
use reelgate_s3server::{ACCESS_KEY_ID, S3Server, SECRET};
use reelgate_service::{NewS3Bucket, PlaceWish, Secret};
use serde_json::json;

use crate::house::{House, files_below};
use crate::source::Source;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_that_a_dead_worker_left_are_moved_to_their_bucket_by_the_next() {
    let house = House::new().await;
    let folder = house.folder("one");
    let left = folder.join("07070707-3-20251121T080000007Z");
    std::fs::create_dir_all(left.join("0")).unwrap();
    std::fs::create_dir_all(left.join("1")).unwrap();
    std::fs::write(left.join("0/recording.mkv"), "pictures").unwrap();
    // Nothing was written to this one.
    std::fs::write(left.join("1/recording.mkv"), "").unwrap();
    let recording = |n: u32| {
        json!({"file": format!("{n}/recording.mkv"), "bucket": "media",
               "key": format!("recordings/{n}.mkv")})
    };
    let manifest = json!({"account": house.account(), "recordings": [recording(0), recording(1)]});
    std::fs::write(left.with_extension("json"), manifest.to_string()).unwrap();
    // This one had none.
    std::fs::create_dir_all(folder.join("08080808-1-20251121T080000007Z/0")).unwrap();

    let worker = house.worker("one");
    house
        .comes("nothing is left behind", || {
            std::fs::read_dir(&folder).unwrap().count() == 0
        })
        .await;
    let kept = files_below(&house.bucket().join("recordings"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), "pictures");
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_of_deleted_streams_go() {
    let house = House::new().await;
    let gone = StreamId::from_bytes([9; 16]);
    let folder = house.bucket().join(".reelgate/thumbnails");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{gone}.jpg")), "x").unwrap();
    let worker = house.worker("one");
    house
        .comes("the picture is gone", || files_below(&folder).is_empty())
        .await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_and_recordings_go_to_object_stores_too() {
    let far = S3Server::start(&["films"]).await.unwrap();
    let (house, source) = (House::new().await, Source::start());
    let wanted = NewS3Bucket {
        name: "far".parse().unwrap(),
        place: PlaceWish {
            endpoint: far.endpoint(),
            bucket: "films".to_owned(),
            prefix: Some("shelf".to_owned()),
            access_key_id: ACCESS_KEY_ID.to_owned(),
            ..PlaceWish::default()
        },
        secret: Secret::new(SECRET),
    };
    let made = house.service.create_s3_bucket(&house.caller, wanted).await;
    made.unwrap();
    let worker = house.worker("one");
    let targets = [
        json!({"to": "hls", "bucket": "far", "playlist": "a b/show.m3u8", "segment_seconds": 1, "window": 3}),
        json!({"to": "recording", "bucket": "far", "folder": "recordings"}),
    ];
    let id = house.started(&source.address(), &targets).await;
    house.live_after(id, 0).await;
    let shelf = far.root().join("films/shelf");
    let names = || -> Vec<String> {
        let files = files_below(&shelf);
        let names = files.iter().map(|it| it.strip_prefix(&shelf).unwrap());
        names.map(|it| it.display().to_string()).collect()
    };
    let is_recording = |name: &String| name.starts_with("recordings/") && name.contains(".mkv");
    house
        .comes("a playlist", || {
            names().iter().any(|it| it.contains("show.m3u8"))
        })
        .await;
    house.stop(id).await;
    house.let_go(id).await;
    worker.shut_down().await;
    let found = names();
    assert!(found.iter().any(is_recording), "{found:?}");
    assert!(found.iter().any(|it| it.contains("show-")), "{found:?}");
    assert!(files_below(&house.folder("one")).is_empty());
}
