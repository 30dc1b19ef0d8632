//! Pulls from servers that behave, and from ones that do not.

mod bodies;
mod resuming;
mod server;
mod together;
mod way;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use tempfile::TempDir;

use self::server::{File, Server};
use super::puller::{Expected, Judge, Pull, Pulled, Puller};
use super::{PullFault, PullLimits, SourceUrl, discard};
use crate::client::{Lookup, system, tls};
use crate::guard::Guard;

const MIB: u64 = 1 << 20;

/// Only the test's own server may be connected to, and waits are short.
fn puller_with(change: impl FnOnce(&mut PullLimits)) -> Puller {
    puller_at(change, system())
}

fn puller_at(change: impl FnOnce(&mut PullLimits), lookup: Lookup) -> Puller {
    let mut limits = PullLimits {
        backoff: Duration::from_millis(1),
        ..PullLimits::default()
    };
    change(&mut limits);
    Puller::with(guard(), limits, tls().unwrap(), lookup).unwrap()
}

fn guard() -> Guard {
    Guard::new(vec!["127.0.0.1/32".parse().unwrap()])
}

fn puller() -> Puller {
    puller_with(|_| {})
}

/// A directory for one pull.
struct Place {
    _dir: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a pull");
        Self { _dir: dir, path }
    }

    /// What is there once everybody has stopped writing.
    async fn left(&self) -> Vec<String> {
        let dir = self.path.clone();
        let listing = tokio::task::spawn_blocking(move || {
            let lock = std::fs::File::open(&dir).unwrap();
            rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
            let entries = std::fs::read_dir(dir).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        });
        listing.await.unwrap()
    }
}

async fn pull_from(puller: &Puller, url: &str, place: &Place) -> Result<Pulled, PullFault> {
    pull_expecting(puller, url, place, Expected::default()).await
}

/// One that succeeds with this file.
async fn pull_whole(puller: &Puller, url: &str, file: File) -> Pulled {
    let place = Place::new();
    let pulled = pull_from(puller, url, &place).await.unwrap();
    assert_is(&pulled, file);
    pulled
}

async fn pull_expecting(
    puller: &Puller,
    url: &str,
    place: &Place,
    expect: Expected,
) -> Result<Pulled, PullFault> {
    let url = SourceUrl::read(url).unwrap();
    let pull = Pull {
        expect,
        ..Pull::new(&url, &place.path)
    };
    let pulled = puller.pull(pull).await;
    if let Err(fault) = &pulled {
        let told = format!("{fault} {fault:?}");
        assert!(!told.contains("hush"), "{told}");
    }
    pulled
}

/// What a pull fails with; nothing of it may be left.
async fn fault_of(puller: &Puller, server: &Server) -> PullFault {
    fault_at(puller, &server.url()).await
}

async fn fault_at(puller: &Puller, url: &str) -> PullFault {
    let place = Place::new();
    let fault = pull_from(puller, url, &place).await.unwrap_err();
    assert!(place.left().await.is_empty(), "{fault} left something");
    fault
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().unwrap()
}

#[track_caller]
fn assert_is(pulled: &Pulled, file: File) {
    assert!(
        std::fs::read(&pulled.path).unwrap() == file.bytes(),
        "other bytes"
    );
    assert_eq!(pulled.bytes, file.total);
    assert_eq!(pulled.sha256, sha256(&file.bytes()));
}
