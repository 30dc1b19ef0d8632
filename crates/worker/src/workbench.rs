//! Where a worker's attempts touch the world: sources, processes and files.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_domain::job::{Fault, StopMode};
use reelgate_domain::media::OutputFile;
use reelgate_domain::{AccountId, JobId, ObjectKey, ObjectRef};
use reelgate_fetch::pull::{Look, Pull, PullFault, Pulled, SourceUrl};
use reelgate_media::{Capabilities, Findings, Limits, Taken, Transcoded};
use reelgate_objects::{ObjectMeta, StageFolder};
use reelgate_store::Bucket;

use crate::dna::{Extracted, Extraction};
use crate::run::{Outcome, Process, Source};

/// Whose files these are: a stage carries job and attempt in its name.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub bucket: &'a Bucket,
    pub job: JobId,
    pub attempt: u32,
}

/// A picture that was made.
#[derive(Clone, Debug)]
pub struct Picture {
    pub path: PathBuf,
    pub bytes: u64,
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

    /// Probes a file that was fetched as what will be this object.
    async fn probe(&self, object: &ObjectRef, path: &Path) -> Result<Source, Fault>;

    /// What is known of an object, if it is there.
    async fn meta(&self, bucket: &Bucket, object: &ObjectRef) -> Result<Option<ObjectMeta>, Fault>;

    /// Fetches what lies at an address into a directory, going on with what an earlier call has left there.
    async fn pull(&self, pull: Pull<'_>) -> Result<Pulled, PullFault>;

    /// Whose directories are among those of fetched files.
    async fn fetched(&self, dir: &Path) -> Vec<(AccountId, JobId)>;

    /// Asks a server what it has.
    async fn look(&self, url: &SourceUrl) -> Result<Look, PullFault>;

    /// Makes a picture that stands for a video, in a directory that does not exist yet; none of what has no
    /// moving pictures. Dropping the future kills the process.
    async fn cover(
        &self,
        source: &Source,
        dir: &Path,
        limits: &Limits,
    ) -> Result<Option<Picture>, Fault>;

    /// Takes the pictures of a snapshot job, in a directory that does not exist yet. Dropping the future kills
    /// the process that runs.
    async fn snapshots(
        &self,
        spec: &SnapshotSpec,
        source: &Source,
        dir: &Path,
        limits: &Limits,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Taken, Fault>;

    /// Copies the streams of a source into another container, in a directory that does not exist yet. Dropping
    /// the future kills the process.
    async fn remux(
        &self,
        spec: &RemuxSpec,
        source: &Source,
        dir: &Path,
        limits: &Limits,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Transcoded, Fault>;

    /// Takes the fingerprint of an input that is media, in a directory that does not exist yet and has to stay as long
    /// as it may be looked for. Dropping the future kills the process.
    async fn extract(
        &self,
        wanted: Extraction,
        source: &Source,
        dir: &Path,
        limits: &Limits,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Extracted, Fault>;

    /// The content of an object that has at most so many bytes; one that lies elsewhere is fetched into `dir`, which
    /// may not be there yet. Fails with `SourceTooLarge` for a larger one.
    async fn read(
        &self,
        bucket: &Bucket,
        object: &ObjectRef,
        dir: &Path,
        most_bytes: u64,
    ) -> Result<Vec<u8>, Fault>;

    /// The MD5 of a file, in 32 hex digits.
    async fn md5(
        &self,
        path: &Path,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<String, Fault>;

    /// Packs files of a directory into one there: how many bytes that has.
    async fn pack(&self, dir: &Path, names: &[String], packed: &str) -> Result<u64, Fault>;

    /// Writes a small file into a directory that may not be there yet.
    async fn write(&self, path: &Path, content: &[u8]) -> Result<(), Fault>;

    /// Measures what outputs of a source need to know of it, in a directory that does not exist yet: something for
    /// each of them, in their order. Dropping the future kills the process that runs.
    async fn survey(
        &self,
        specs: &[&OutputSpec],
        _source: &Source,
        _dir: &Path,
        _limits: &Limits,
    ) -> Vec<Result<Findings, Fault>> {
        specs.iter().map(|_| Ok(Findings::default())).collect()
    }

    /// Runs a process to its end. `on_progress` hears a part's index and 0 to 100; when `stop`
    /// completes, the process is ended. Dropping the future kills it.
    async fn make(
        &self,
        process: Process<'_>,
        on_progress: &mut (dyn FnMut(usize, u8) + Send),
        stop: BoxFuture<'_, StopMode>,
    ) -> Outcome;

    /// Takes a finished file into its stage as what will be the object `key`; durable when this
    /// returns. The file may stay where it was.
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
