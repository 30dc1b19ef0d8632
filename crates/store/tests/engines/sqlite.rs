//! SQLite against the suite, and what only a file can go through.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use reelgate_domain::{BucketName, Place};
use reelgate_store::conformance::Home;
use reelgate_store::{Bucket, SqliteStore, Store};
use reelgate_testkit::{FixedClock, account};
use tempfile::TempDir;

pub(crate) struct Directory(TempDir);

impl Directory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

#[async_trait]
impl Home for Directory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.0.path()).expect("it opens"))
    }
}

reelgate_store::conformance_tests!(Directory::new());

#[tokio::test]
async fn a_directory_serves_one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(dir.path()).unwrap();
    let error = SqliteStore::open(dir.path()).err().unwrap().to_string();
    let expected = format!("process {} already serves", std::process::id());
    assert!(
        error.contains(&expected) && error.contains("stop it"),
        "{error}"
    );
    drop(first);
    SqliteStore::open(dir.path()).unwrap();
}

#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    store.check().await.unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn a_moved_directory_takes_the_buckets_inside_it_along() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let (before, after) = (dir.join("before"), dir.join("after"));
    let bucket = |name: &str, path: &Path| Bucket {
        account: account(1),
        name: BucketName::new(name).unwrap(),
        place: Place::Directory(path.to_owned()),
        created_at: FixedClock::START,
    };
    let (inside, elsewhere) = (before.join("buckets/inside"), dir.join("elsewhere"));
    let store = SqliteStore::open(&before).unwrap();
    for (name, path) in [("inside", &inside), ("elsewhere", &elsewhere)] {
        assert!(store.create_bucket(bucket(name, path), None).await.unwrap());
    }
    drop(store);
    std::fs::rename(&before, &after).unwrap();

    let store = SqliteStore::open(&after).unwrap();
    let found = store.buckets(account(1)).await.unwrap();
    let moved = after.join("buckets/inside");
    assert_eq!(
        found,
        [bucket("elsewhere", &elsewhere), bucket("inside", &moved)]
    );
    let one = store
        .bucket(account(1), &bucket("inside", &moved).name)
        .await;
    assert_eq!(one.unwrap(), Some(bucket("inside", &moved)));
}
