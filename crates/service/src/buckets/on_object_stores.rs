//! Buckets on an object store: what is stored of their secrets.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reelgate_domain::ObjectRef;
use reelgate_objects::s3::PlaceWish;
use reelgate_s3server::{ACCESS_KEY_ID, S3Server, SECRET};
use reelgate_store::{SqliteStore, Store};

use super::NewS3Bucket;
use crate::{AccessSettings, Caller, Keyring, RandomIds, Secret, Service, Settings, SystemClock};

/// A service over the store, with the master keys that are in the file.
fn service(store: &Arc<dyn Store>, dir: &Path) -> Service {
    let settings = Settings {
        data_dir: dir.to_owned(),
        max_object_bytes: 1 << 20,
        free_space_floor: 0,
    };
    let keyring = Keyring::read_file(&dir.join("master.key")).unwrap();
    let ids = Arc::new(RandomIds::default());
    let service = Service::new(Arc::clone(store), Arc::new(SystemClock), ids, settings);
    service.with_access(AccessSettings::new(keyring.unwrap()))
}

fn far() -> ObjectRef {
    ObjectRef {
        bucket: "far".parse().unwrap(),
        key: "a".parse().unwrap(),
    }
}

async fn content(service: &Service, caller: &Caller) -> Vec<u8> {
    let object = service.get_object(caller, &far()).await.unwrap();
    let bytes = object.meta.bytes;
    let mut content = object.read(0, bytes).await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = content.next().await {
        all.extend_from_slice(&piece.unwrap());
    }
    all
}

#[tokio::test]
async fn the_master_key_can_change_under_an_object_store() {
    let far_away = S3Server::start(&["films"]).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
    Keyring::create_file(&dir.path().join("master.key"), &RandomIds::default()).unwrap();
    let serving = service(&store, dir.path());
    let made = serving.invent_credentials();
    serving.create_first_account(&made).await.unwrap();
    let caller = serving.api_key_caller(&made.api_key).await;
    let caller = caller.unwrap().unwrap();
    let wanted = NewS3Bucket {
        name: far().bucket,
        place: PlaceWish {
            endpoint: far_away.endpoint(),
            bucket: "films".to_owned(),
            access_key_id: ACCESS_KEY_ID.to_owned(),
            ..PlaceWish::default()
        },
        secret: Secret::new(SECRET),
    };
    let view = serving.create_s3_bucket(&caller, wanted).await.unwrap();
    assert!(!format!("{view:?}").contains(SECRET));
    let pieces = stream::iter([Ok::<_, String>(Bytes::from_static(b"film"))]);
    let object = far();
    let stored = serving.put_object(&caller, &object, pieces).await;
    stored.unwrap();

    let old = serving.access.keyring().newest();
    let rotated = serving.rotate_master_key(&caller).await.unwrap();
    assert!(rotated.resealed > 0, "{rotated:?}");
    serving.access.keyring().forget(&[old]).unwrap();
    // What this process remembers of the bucket is in the seal of a key that is no more.
    assert_eq!(content(&serving, &caller).await, b"film");
    let restarted = service(&store, dir.path());
    assert_eq!(restarted.unlock().await.unwrap(), 0);
    assert_eq!(content(&restarted, &caller).await, b"film");
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(SECRET.len())
                .any(|it| it == SECRET.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}
