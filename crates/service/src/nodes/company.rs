//! What a node knows of the others that share its store.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{ErrorKind, Service, ServiceError};

/// The nodes that live, and what they share beside the store.
#[derive(Debug)]
pub(crate) struct Company {
    live: AtomicU32,
    /// Where buckets get their directories that every node sees, if there is such a place.
    shared_buckets: Option<PathBuf>,
}

impl Default for Company {
    fn default() -> Self {
        Self {
            live: AtomicU32::new(1),
            shared_buckets: None,
        }
    }
}

impl Company {
    pub(crate) fn is_alone(&self) -> bool {
        self.live.load(Ordering::Relaxed) <= 1
    }

    /// Where a bucket gets its directory, unless somebody says where.
    pub(crate) fn buckets_dir(&self, data_dir: &Path) -> PathBuf {
        let shared = self.shared_buckets.clone();
        shared.unwrap_or_else(|| data_dir.join("buckets"))
    }

    /// Whether a bucket may be a directory: other nodes would not find it, unless it is shared.
    pub(crate) fn may_keep_directories(&self) -> bool {
        self.shared_buckets.is_some() || self.is_alone()
    }
}

impl Service {
    /// The same service on a node that shares a directory for buckets with all others.
    #[must_use]
    pub fn with_shared_buckets(mut self, directory: PathBuf) -> Self {
        self.company.shared_buckets = Some(directory);
        self
    }

    /// Tells how many nodes live, and how many of them answer calls: those share the limits on calls.
    pub fn tell_nodes(&self, live: u32, serving: u32) {
        self.company.live.store(live.max(1), Ordering::Relaxed);
        self.access.share_limits(serving);
    }

    /// Refuses a directory for a bucket where other nodes would not find it.
    pub(crate) fn require_directories(&self) -> Result<(), ServiceError> {
        if self.company.may_keep_directories() {
            return Ok(());
        }
        let message = "several nodes share this store and no directory: keep the bucket on an S3-compatible \
                       store, or start every node with --shared-buckets";
        Err(ServiceError::new(ErrorKind::Conflict, "bucket", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_for_one_node_or_for_nodes_that_share_them() {
        let mut company = Company::default();
        assert!(company.may_keep_directories());
        assert_eq!(
            company.buckets_dir(Path::new("/d")),
            Path::new("/d/buckets")
        );
        company.live.store(2, Ordering::Relaxed);
        assert!(!company.may_keep_directories());
        company.shared_buckets = Some("/shared".into());
        assert!(company.may_keep_directories());
        assert_eq!(company.buckets_dir(Path::new("/d")), Path::new("/shared"));
    }
}
