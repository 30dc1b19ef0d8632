//! The input of a job, found and probed once for all that is made from it.

use std::path::PathBuf;

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::MediaFacts;
use reelgate_domain::{AccountId, BucketName, ObjectRef};
use reelgate_media::{Engine, ProbeError, Runner};
use reelgate_objects::{Directory, ObjectError};
use reelgate_store::Bucket;

use crate::Tools;

/// An input as its outputs need it.
pub struct Source {
    pub path: PathBuf,
    pub facts: MediaFacts,
}

impl Source {
    /// Finds and probes an input. Dropping the future kills the probe.
    pub(crate) async fn open(
        runner: &Runner,
        engine: &Engine,
        bucket: &Directory,
        object: &ObjectRef,
    ) -> Result<Self, Fault> {
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
        let facts = reelgate_media::probe(runner, engine, &path)
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
pub(crate) async fn find_bucket(
    tools: &Tools,
    account: AccountId,
    name: &BucketName,
) -> Result<Bucket, Fault> {
    let found = tools.store.bucket(account, name).await;
    found
        .map_err(|error| bucket_fault(error.to_string()))?
        .ok_or_else(|| bucket_fault(format!("bucket {name} does not exist")))
}

/// A bucket that is out of reach, perhaps not for long.
pub(crate) fn bucket_fault(message: String) -> Fault {
    Fault::new(FaultCode::StorageFailed, message)
}
