//! Where a worker's attempts touch the world: sources, processes and files.

use std::path::Path;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use reelgate_domain::job::{Fault, StopMode};
use reelgate_domain::media::OutputFile;
use reelgate_domain::{JobId, ObjectKey, ObjectRef};
use reelgate_media::Capabilities;
use reelgate_objects::StageFolder;
use reelgate_store::Bucket;

use crate::run::{Outcome, Process, Source};

/// Whose files these are: a stage carries job and attempt in its name.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub bucket: &'a Bucket,
    pub job: JobId,
    pub attempt: u32,
}

/// What attempts are made with. The machine is one ([`Machine`](crate::Machine)); a simulation, where
/// no process starts and nothing is on a disk, is the other.
#[async_trait]
pub trait Workbench: Send + Sync + 'static {
    /// Makes the directory of unfinished files anew, empty.
    fn clear_scratch(&self, dir: &Path) -> std::io::Result<()>;

    /// How large the file system of the scratch directory is.
    fn total_bytes(&self, scratch: &Path) -> std::io::Result<u64>;

    /// Removes a directory of unfinished files with what is in it, if it is there.
    async fn remove(&self, dir: &Path) -> std::io::Result<()>;

    /// What the engine can do.
    fn capabilities(&self) -> &Capabilities;

    /// How many bytes an input takes in scratch: none if it is read where it is.
    async fn fetched_bytes(&self, _bucket: &Bucket, _object: &ObjectRef) -> Result<u64, Fault> {
        Ok(0)
    }

    /// Finds and probes an input; one that lies elsewhere is fetched into `dir`, which may not be there
    /// yet. Dropping the future kills the probe.
    async fn open(&self, bucket: &Bucket, object: &ObjectRef, dir: &Path) -> Result<Source, Fault>;

    /// Runs a process to its end. `on_progress` hears a part's index and 0 to 100; when `stop`
    /// completes, the process is ended. Dropping the future kills it.
    async fn make(
        &self,
        process: Process<'_>,
        on_progress: &mut (dyn FnMut(usize, u8) + Send),
        stop: BoxFuture<'_, StopMode>,
    ) -> Outcome;

    /// Moves a finished file into its stage as what will be the object `key`; durable when this
    /// returns.
    async fn stage(&self, place: Place<'_>, file: &Path, key: &ObjectKey) -> Result<(), Fault>;

    /// Gives staged files their final names, in the order given. Can be repeated.
    async fn publish(&self, place: Place<'_>, files: &[OutputFile]) -> Result<(), Fault>;

    /// Removes what this and earlier attempts of the job staged.
    async fn discard(&self, place: Place<'_>) -> Result<(), Fault>;

    /// Every stage in a bucket; none if the bucket is out of reach.
    async fn stages(&self, bucket: &Bucket) -> Result<Vec<StageFolder>, Fault>;

    /// Removes the stage of one attempt.
    async fn discard_stage(&self, place: Place<'_>) -> Result<(), Fault>;

    /// Removes uploads into a bucket that nobody will finish, wherever that is not done by those that
    /// follow: how many.
    async fn discard_abandoned_uploads(&self, _bucket: &Bucket) -> Result<usize, Fault> {
        Ok(0)
    }
}
