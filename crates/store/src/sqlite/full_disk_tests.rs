//! The whole store on a disk that is nearly full: what is still taken.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use reelgate_testkit::staged;
use tempfile::TempDir;

use super::SqliteStore;
use super::headroom::{FLOOR, Headroom};
use crate::conformance::{Home, World};
use crate::{Ending, Fenced, Store, StoreError};

/// A directory on a disk that has as much space left as it is told to have.
struct Disk {
    dir: TempDir,
    free: Arc<AtomicU64>,
}

impl Disk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let free = Arc::new(AtomicU64::new(u64::MAX));
        Self { dir, free }
    }

    fn headroom(&self, dir: &Path) -> crate::Result<Headroom> {
        let free = Arc::clone(&self.free);
        Headroom::with(dir, Box::new(move |_| Some(free.load(Ordering::Relaxed))))
    }
}

#[async_trait]
impl Home for Disk {
    async fn open(&self) -> Arc<dyn Store> {
        let opened = SqliteStore::open_with(self.dir.path(), |dir| self.headroom(dir));
        Arc::new(opened.unwrap())
    }
}

#[tokio::test]
async fn a_file_that_is_in_place_becomes_an_asset_although_nothing_new_is_taken() {
    let disk = Disk::new();
    let world = World::new(&disk).await;
    let asset = world.registered("a.mp4").await;
    assert_eq!(world.claim_ids(1).await, [asset.job]);
    disk.free.store(FLOOR - 1, Ordering::Relaxed);
    let store = &world.store;
    let new = || vec![world.new_job().build()];
    let submitted = store.submit(new(), None).await;
    assert!(
        matches!(submitted, Err(StoreError::Full(_))),
        "{submitted:?}"
    );
    let published = store.publish(asset.job, staged(1), world.now()).await;
    assert_eq!(published.unwrap(), Fenced::Done);
    let arrived = store
        .asset_arrived(asset.job, 1, asset.clone(), new())
        .await;
    assert_eq!(arrived.unwrap(), Fenced::Done);
    let ended = store
        .finish(asset.job, 1, Ending::Succeeded, world.now())
        .await;
    assert_eq!(ended.unwrap(), Fenced::Done);
}
