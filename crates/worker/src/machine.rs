//! The real workbench: FFmpeg's processes, the scratch directory and the buckets.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_domain::media::OutputFile;
use reelgate_domain::{AccountId, JobId, ObjectKey, ObjectRef};
use reelgate_fetch::pull::{Look, Pull, PullFault, Pulled, Puller, SourceUrl};
use reelgate_media::{
    Capabilities, Cover, Engine, Findings, Limits, Remux, Runner, Snapshots, Taken, TranscodeError,
    Transcoded,
};
use reelgate_objects::{ObjectError, ObjectMeta, OpenBucket, Readable, StageFolder};
use reelgate_service::BucketOpener;
use reelgate_store::Bucket;
use tokio::io::AsyncReadExt as _;
use tokio::time::Instant;

use crate::digest;
use crate::dna::{self, Extracted, Extraction, Means};
use crate::run::{
    Look as Survey, Outcome, Process, Source, bucket_fault, fetched_for, fetched_name, source_fault,
};
use crate::workbench::{Picture, Place, Workbench};

/// How long an object store that is away is waited for, before the attempt has failed.
const PATIENCE: Duration = Duration::from_secs(300);
/// The first pause before a try; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// This machine.
pub struct Machine {
    engine: Arc<Engine>,
    runner: Arc<Runner>,
    buckets: BucketOpener,
    puller: Puller,
    patience: Duration,
}

impl Machine {
    pub fn new(
        engine: Arc<Engine>,
        runner: Arc<Runner>,
        buckets: BucketOpener,
        puller: Puller,
    ) -> Self {
        Self {
            engine,
            runner,
            buckets,
            puller,
            patience: PATIENCE,
        }
    }

    /// The same that waits otherwise for an object store that is away.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    fn open_bucket(&self, bucket: &Bucket) -> Result<OpenBucket, Fault> {
        self.buckets.open(bucket).map_err(|error| {
            let name = &bucket.name;
            // The error may name the directory, which is not for whoever reads the fault.
            tracing::error!(%error, "bucket {name} cannot be opened");
            bucket_fault(format!("bucket {name} cannot be opened"))
        })
    }

    fn waiting(&self) -> Waiting {
        Waiting {
            until: Instant::now() + self.patience,
            pause: FIRST_PAUSE,
            is_told: false,
        }
    }
}

/// Waiting for an object store that is away.
struct Waiting {
    until: Instant,
    pause: Duration,
    is_told: bool,
}

impl Waiting {
    /// Whether to try again what failed, after a while that becomes longer each time.
    async fn again(&mut self, error: &ObjectError) -> bool {
        if !error.is_passing() || Instant::now() >= self.until {
            return false;
        }
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!(%error, "a job waits for an object store");
        }
        // Those that wait together do not come back together.
        tokio::time::sleep(self.pause.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

#[async_trait]
impl Workbench for Machine {
    fn clear_scratch(&self, dir: &Path) -> io::Result<()> {
        if dir.exists() {
            std::fs::remove_dir_all(dir)?;
        }
        std::fs::create_dir_all(dir)
    }

    fn total_bytes(&self, scratch: &Path) -> io::Result<u64> {
        reelgate_objects::total_bytes(scratch)
    }

    async fn remove(&self, dir: &Path) -> io::Result<()> {
        match tokio::fs::remove_dir_all(dir).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn capabilities(&self) -> &Capabilities {
        self.engine.capabilities()
    }

    async fn fetched_bytes(&self, bucket: &Bucket, object: &ObjectRef) -> Result<u64, Fault> {
        let bucket = self.open_bucket(bucket)?;
        let mut waiting = self.waiting();
        loop {
            match bucket.readable(&object.key).await {
                Ok(Readable::Here(_)) => return Ok(0),
                Ok(Readable::Away(meta)) => return Ok(meta.bytes),
                Err(error) if waiting.again(&error).await => {}
                Err(error) => return Err(source_fault(object, &error)),
            }
        }
    }

    async fn open(&self, bucket: &Bucket, object: &ObjectRef, dir: &Path) -> Result<Source, Fault> {
        let bucket = self.open_bucket(bucket)?;
        let mut waiting = self.waiting();
        let path = loop {
            match local(&bucket, object, dir).await {
                Ok(path) => break path,
                Err(error) if waiting.again(&error).await => {}
                Err(error) => return Err(source_fault(object, &error)),
            }
        };
        Source::probe(&self.runner, &self.engine, object, path).await
    }

    async fn probe(&self, object: &ObjectRef, path: &Path) -> Result<Source, Fault> {
        Source::probe(&self.runner, &self.engine, object, path.to_owned()).await
    }

    async fn meta(&self, bucket: &Bucket, object: &ObjectRef) -> Result<Option<ObjectMeta>, Fault> {
        let bucket = self.open_bucket(bucket)?;
        let mut waiting = self.waiting();
        loop {
            match bucket.head(&object.key).await {
                Ok(meta) => return Ok(Some(meta)),
                Err(ObjectError::Missing(_)) => return Ok(None),
                Err(error) if waiting.again(&error).await => {}
                Err(error) => return Err(storage_fault(error)),
            }
        }
    }

    async fn pull(&self, pull: Pull<'_>) -> Result<Pulled, PullFault> {
        self.puller.pull(pull).await
    }

    async fn fetched(&self, dir: &Path) -> Vec<(AccountId, JobId)> {
        let dir = dir.to_owned();
        let listing = tokio::task::spawn_blocking(move || {
            let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            names.filter_map(|name| fetched_for(&name)).collect()
        });
        listing.await.unwrap_or_default()
    }

    async fn look(&self, url: &SourceUrl) -> Result<Look, PullFault> {
        self.puller.look(url).await
    }

    async fn cover(
        &self,
        source: &Source,
        dir: &Path,
        limits: &Limits,
    ) -> Result<Option<Picture>, Fault> {
        let plan = reelgate_media::cover_plan(&source.facts, self.capabilities())?;
        let Some(plan) = plan else {
            return Ok(None);
        };
        make_dir(dir).await?;
        let cover = Cover {
            plan: &plan,
            name: "cover.jpg",
            input: &source.path,
            dir,
            limits,
        };
        let made = reelgate_media::cover(&self.runner, &self.engine, cover, pending()).await;
        let made = made.map_err(fault_of)?;
        Ok(Some(Picture {
            path: dir.join(&made.name),
            bytes: made.bytes,
        }))
    }

    async fn survey(
        &self,
        specs: &[&OutputSpec],
        source: &Source,
        dir: &Path,
        limits: &Limits,
    ) -> Vec<Result<Findings, Fault>> {
        let look = Survey {
            runner: &self.runner,
            engine: &self.engine,
            source,
            dir,
            limits,
        };
        look.at_all(specs).await
    }

    async fn snapshots(
        &self,
        spec: &SnapshotSpec,
        source: &Source,
        dir: &Path,
        limits: &Limits,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Taken, Fault> {
        let plan = reelgate_media::snapshot_plan(spec, &source.facts, self.capabilities())?;
        make_dir(dir).await?;
        let job = Snapshots {
            plan: &plan,
            input: &source.path,
            dir,
            limits,
        };
        let (runner, engine) = (&self.runner, &self.engine);
        let taken = reelgate_media::snapshots(runner, engine, job, on_progress, pending()).await;
        taken.map_err(fault_of)
    }

    async fn remux(
        &self,
        spec: &RemuxSpec,
        source: &Source,
        dir: &Path,
        limits: &Limits,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Transcoded, Fault> {
        let plan = reelgate_media::remux_plan(spec, &source.facts, self.capabilities())?;
        make_dir(dir).await?;
        let job = Remux {
            plan: &plan,
            input: &source.path,
            dir,
            limits,
        };
        let (runner, engine) = (&self.runner, &self.engine);
        let made = reelgate_media::remux(runner, engine, job, on_progress, pending()).await;
        made.map_err(fault_of)
    }

    async fn extract(
        &self,
        wanted: Extraction,
        source: &Source,
        dir: &Path,
        limits: &Limits,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Extracted, Fault> {
        make_dir(dir).await?;
        let means = Means {
            runner: &self.runner,
            engine: &self.engine,
            dir,
            limits,
        };
        dna::extract(wanted, source, &means, on_progress).await
    }

    async fn read(
        &self,
        bucket: &Bucket,
        object: &ObjectRef,
        dir: &Path,
        most_bytes: u64,
    ) -> Result<Vec<u8>, Fault> {
        let bucket = self.open_bucket(bucket)?;
        let mut waiting = self.waiting();
        loop {
            match content(&bucket, object, dir, most_bytes).await {
                Ok(Some(content)) => return Ok(content),
                Ok(None) => {
                    let message = format!("input {object} has more than {most_bytes} bytes");
                    return Err(Fault::new(FaultCode::SourceTooLarge, message));
                }
                Err(error) if waiting.again(&error).await => {}
                Err(error) => return Err(source_fault(object, &error)),
            }
        }
    }

    async fn md5(
        &self,
        path: &Path,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<String, Fault> {
        digest::md5(path, on_progress).await
    }

    async fn pack(&self, dir: &Path, names: &[String], packed: &str) -> Result<u64, Fault> {
        let (dir, names, path) = (dir.to_owned(), names.to_vec(), dir.join(packed));
        // Gone when this future is dropped.
        let waiting = Arc::new(());
        let waits = Arc::downgrade(&waiting);
        let packing = move || crate::pack::pack(&dir, &names, &path, || waits.strong_count() > 0);
        let packing = tokio::task::spawn_blocking(packing).await;
        drop(waiting);
        let packed = packing.unwrap_or_else(|error| Err(io::Error::other(error)));
        packed.map_err(|error| {
            let message = format!("the files could not be packed: {}", error.kind());
            Fault::new(FaultCode::StorageFailed, message)
        })
    }

    async fn write(&self, path: &Path, content: &[u8]) -> Result<(), Fault> {
        if let Some(dir) = path.parent() {
            make_dir(dir).await?;
        }
        let written = tokio::fs::write(path, content).await;
        written.map_err(|error| {
            let message = format!("a file could not be written in scratch: {}", error.kind());
            Fault::new(FaultCode::StorageFailed, message)
        })
    }

    async fn make(
        &self,
        process: Process<'_>,
        on_progress: &mut (dyn FnMut(usize, u8) + Send),
        stop: BoxFuture<'_, StopMode>,
    ) -> Outcome {
        process
            .run(&self.runner, &self.engine, on_progress, stop)
            .await
    }

    async fn stage(&self, place: Place<'_>, file: &Path, key: &ObjectKey) -> Result<(), Fault> {
        let bucket = self.open_bucket(place.bucket)?;
        let mut waiting = self.waiting();
        loop {
            match bucket.stage_file(of(place), file, key).await {
                Err(error) if waiting.again(&error).await => {}
                staged => return staged.map_err(storage_fault),
            }
        }
    }

    async fn publish(&self, place: Place<'_>, files: &[OutputFile]) -> Result<(), Fault> {
        let bucket = self.open_bucket(place.bucket)?;
        let mut waiting = self.waiting();
        loop {
            match bucket.publish(of(place), files).await {
                Err(error) if waiting.again(&error).await => {}
                published => return published.map_err(storage_fault),
            }
        }
    }

    async fn discard(&self, place: Place<'_>) -> Result<(), Fault> {
        let bucket = self.open_bucket(place.bucket)?;
        let discarded = bucket.discard_stages(place.job, place.attempt);
        discarded.await.map_err(storage_fault)
    }

    async fn stages(&self, bucket: &Bucket) -> Result<Vec<StageFolder>, Fault> {
        // A disk that is not mounted has no leftovers to remove.
        let Ok(bucket) = self.buckets.open(bucket) else {
            return Ok(Vec::new());
        };
        bucket.stages().await.map_err(storage_fault)
    }

    async fn discard_stage(&self, place: Place<'_>) -> Result<(), Fault> {
        let bucket = self.open_bucket(place.bucket)?;
        let discarded = bucket.discard_stage(place.job, place.attempt);
        discarded.await.map_err(storage_fault)
    }

    async fn discard_abandoned_uploads(&self, bucket: &Bucket) -> Result<usize, Fault> {
        let Ok(bucket) = self.buckets.open(bucket) else {
            return Ok(0);
        };
        let discarded = bucket.discard_abandoned_uploads().await;
        discarded.map_err(storage_fault)
    }
}

async fn make_dir(dir: &Path) -> Result<(), Fault> {
    let made = tokio::fs::create_dir_all(dir).await;
    made.map_err(|error| {
        let message = format!("the scratch directory could not be made: {error}");
        Fault::new(FaultCode::StorageFailed, message)
    })
}

/// Of what nobody tells to stop: it is ended by being dropped.
fn fault_of(error: TranscodeError) -> Fault {
    match error {
        TranscodeError::Fault(fault) => fault,
        TranscodeError::Stopped(_) => Fault::new(FaultCode::EngineFailed, "it was stopped"),
    }
}

fn of(place: Place<'_>) -> (JobId, u32) {
    (place.job, place.attempt)
}

/// Where a process can read an object: where it is, or fetched into `dir`.
async fn local(
    bucket: &OpenBucket,
    object: &ObjectRef,
    dir: &Path,
) -> Result<PathBuf, ObjectError> {
    let meta = match bucket.readable(&object.key).await? {
        Readable::Here(path) => return Ok(path),
        Readable::Away(meta) => meta,
    };
    let made = tokio::fs::create_dir_all(dir).await;
    made.map_err(|source| ObjectError::Io {
        what: "making the scratch directory".to_owned(),
        source,
    })?;
    let path = dir.join(fetched_name(object));
    bucket.fetch(&meta, &path).await?;
    Ok(path)
}

/// What is in an object, unless it is larger than that.
async fn content(
    bucket: &OpenBucket,
    object: &ObjectRef,
    dir: &Path,
    most_bytes: u64,
) -> Result<Option<Vec<u8>>, ObjectError> {
    if bucket.head(&object.key).await?.bytes > most_bytes {
        return Ok(None);
    }
    let path = local(bucket, object, dir).await?;
    let read = async {
        let mut content = Vec::new();
        let file = tokio::fs::File::open(&path).await?;
        // It may have grown since it was looked at.
        let mut file = file.take(most_bytes.saturating_add(1));
        file.read_to_end(&mut content).await?;
        Ok(content)
    };
    let content = read.await.map_err(|source| ObjectError::Io {
        what: format!("reading {object}"),
        source,
    })?;
    Ok((content.len() as u64 <= most_bytes).then_some(content))
}

fn storage_fault(error: ObjectError) -> Fault {
    let code = match error {
        ObjectError::Collision(_) | ObjectError::Outside(_) | ObjectError::Name(_) => {
            FaultCode::TargetUnfit
        }
        _ => FaultCode::StorageFailed,
    };
    Fault::new(code, error.to_string())
}
