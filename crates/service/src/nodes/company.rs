//! What a node knows of the others that share its store.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use reelgate_store::Told;

use crate::{ErrorKind, Service, ServiceError};

/// The nodes that live, and what they share beside the store.
#[derive(Debug)]
pub(crate) struct Company {
    live: AtomicU32,
    /// Whether this node does what one is to do for all.
    is_first: AtomicBool,
    /// Whether others may use the store at the same time.
    is_shared: bool,
    /// Where buckets get their directories that every node sees, if there is such a place.
    shared_buckets: Option<PathBuf>,
}

impl Default for Company {
    fn default() -> Self {
        Self {
            live: AtomicU32::new(1),
            is_first: AtomicBool::new(true),
            is_shared: false,
            shared_buckets: None,
        }
    }
}

impl Company {
    /// As of the last sign of life.
    pub(crate) fn is_alone(&self) -> bool {
        self.live.load(Ordering::Relaxed) <= 1
    }

    /// Whether what one node is to do for all is this one's to do. For a moment there may be two such.
    pub(crate) fn is_first(&self) -> bool {
        self.is_first.load(Ordering::Relaxed)
    }

    /// Where a bucket gets its directory, unless somebody says where.
    pub(crate) fn buckets_dir(&self, data_dir: &Path) -> PathBuf {
        let shared = self.shared_buckets.clone();
        shared.unwrap_or_else(|| data_dir.join("buckets"))
    }

    /// Whether every node that may ever come finds the directory of a bucket.
    pub(crate) fn sees_all_directories(&self) -> bool {
        self.shared_buckets.is_some() || !self.is_shared
    }
}

impl Service {
    /// The same service on a store that other nodes may use too; `directory` is where all of them have
    /// their buckets, if there is such a place.
    #[must_use]
    pub fn with_shared_store(mut self, directory: Option<PathBuf>) -> Self {
        self.company.is_shared = true;
        self.company.shared_buckets = directory;
        self
    }

    /// Passes on what the store has told this node of all of them: those that answer calls share the limits
    /// on calls.
    pub fn tell_nodes(&self, told: Told) {
        let company = &self.company;
        company.live.store(told.live.max(1), Ordering::Relaxed);
        company.is_first.store(told.is_first, Ordering::Relaxed);
        self.access.share_limits(told.serving);
    }

    /// Whether no other node lives, by the record: one may have come since the last sign of life.
    pub(crate) async fn is_alone_now(&self) -> Result<bool, ServiceError> {
        if !self.company.is_shared {
            return Ok(true);
        }
        let now = self.clock.now();
        let known = self.store.nodes().await?;
        Ok(known.iter().filter(|node| node.is_live(now)).count() <= 1)
    }

    /// Refuses a directory for a bucket where other nodes would not find it.
    pub(crate) async fn require_directories(&self) -> Result<(), ServiceError> {
        if self.company.sees_all_directories() || self.is_alone_now().await? {
            return Ok(());
        }
        let message = "several nodes share this store and no directory: keep the bucket on an S3-compatible \
                       store, or start every node with --shared-buckets";
        Err(ServiceError::new(ErrorKind::Conflict, "bucket", message))
    }
}
