//! The input of a job, found and probed once for all that is made from it.

use std::path::PathBuf;

use reelgate_domain::job::{Fault, FaultCode, Job};
use reelgate_domain::media::MediaFacts;
use reelgate_domain::{AccountId, BucketName, ObjectRef};
use reelgate_media::ProbeError;
use reelgate_objects::{Directory, ObjectError};

use crate::Tools;

/// An input as its outputs need it.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) facts: MediaFacts,
}

impl Source {
    /// Finds and probes the input of a job. Dropping the future kills the probe.
    pub(crate) async fn open(tools: Tools, job: Job) -> Result<Self, Fault> {
        let object = job.spec.input();
        let bucket = open_bucket(&tools, job.account, &object.bucket).await?;
        let path = bucket
            .local_path(&object.key)
            .await
            .map_err(|error| match error {
                ObjectError::Missing(_) => Fault::new(
                    FaultCode::SourceMissing,
                    format!("input {object} does not exist"),
                ),
                // Another attempt would find the same link.
                ObjectError::Outside(_) => Fault::new(
                    FaultCode::SourceMissing,
                    format!("input {object} leaves its bucket by a symbolic link"),
                ),
                other => Fault::new(FaultCode::StorageFailed, other.to_string()),
            })?;
        let facts = reelgate_media::probe(&tools.runner, &tools.engine, &path)
            .await
            .map_err(|error| probe_fault(object, &error))?;
        Ok(Self { path, facts })
    }
}

fn probe_fault(object: &ObjectRef, error: &ProbeError) -> Fault {
    let code = match error {
        ProbeError::NotMedia { .. } | ProbeError::TimedOut => FaultCode::SourceUnreadable,
        ProbeError::Engine { .. } => FaultCode::EngineFailed,
    };
    Fault::new(code, format!("input {object}: {error}"))
}

/// One bucket of an account.
pub(crate) async fn open_bucket(
    tools: &Tools,
    account: AccountId,
    name: &BucketName,
) -> Result<Directory, Fault> {
    let storage = |message: String| Fault::new(FaultCode::StorageFailed, message);
    let found = tools.store.bucket(account, name).await;
    let bucket = found
        .map_err(|error| storage(error.to_string()))?
        .ok_or_else(|| storage(format!("bucket {name} does not exist")))?;
    Directory::open(&bucket.path).map_err(|error| {
        // The error names the directory, which is not for whoever reads the fault.
        tracing::error!(%error, "bucket {name} cannot be opened");
        storage(format!("bucket {name} cannot be opened"))
    })
}
