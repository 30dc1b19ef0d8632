//! The real workbench: FFmpeg's processes, the scratch directory and the buckets.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_domain::media::OutputFile;
use reelgate_domain::{ObjectKey, ObjectRef};
use reelgate_media::{Capabilities, Engine, Runner};
use reelgate_objects::{Directory, ObjectError, StageFolder};
use reelgate_store::Bucket;

use crate::run::{Outcome, Process, Source, bucket_fault};
use crate::workbench::{Place, Workbench};

/// This machine.
pub struct Machine {
    engine: Arc<Engine>,
    runner: Arc<Runner>,
}

impl Machine {
    pub fn new(engine: Arc<Engine>, runner: Arc<Runner>) -> Self {
        Self { engine, runner }
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

    async fn open(&self, bucket: &Bucket, object: &ObjectRef) -> Result<Source, Fault> {
        Source::open(&self.runner, &self.engine, &open(bucket)?, object).await
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
        let stage = open(place.bucket)?.stage(place.job, place.attempt);
        stage.add(file, key).await.map_err(storage_fault)
    }

    async fn publish(&self, place: Place<'_>, files: &[OutputFile]) -> Result<(), Fault> {
        let stage = open(place.bucket)?.stage(place.job, place.attempt);
        stage.publish(files).await.map_err(storage_fault)
    }

    async fn discard(&self, place: Place<'_>) -> Result<(), Fault> {
        let directory = open(place.bucket)?;
        let discarded = directory.discard_stages(place.job, place.attempt);
        discarded.await.map_err(storage_fault)
    }

    async fn stages(&self, bucket: &Bucket) -> Result<Vec<StageFolder>, Fault> {
        // A disk that is not mounted has no leftovers to remove.
        let path = bucket.place.directory();
        let Some(Ok(directory)) = path.map(Directory::open) else {
            return Ok(Vec::new());
        };
        directory.stages().await.map_err(storage_fault)
    }

    async fn discard_stage(&self, place: Place<'_>) -> Result<(), Fault> {
        let directory = open(place.bucket)?;
        let discarded = directory.discard_stage(place.job, place.attempt);
        discarded.await.map_err(storage_fault)
    }
}

fn open(bucket: &Bucket) -> Result<Directory, Fault> {
    let name = &bucket.name;
    let Some(path) = bucket.place.directory() else {
        return Err(bucket_fault(format!("bucket {name} is not a directory")));
    };
    Directory::open(path).map_err(|error| {
        // The error names the directory, which is not for whoever reads the fault.
        tracing::error!(%error, "bucket {name} cannot be opened");
        bucket_fault(format!("bucket {name} cannot be opened"))
    })
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
