//! The input of a job, found and probed once for all that is made from it.

use std::path::PathBuf;
use std::time::Duration;

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::MediaFacts;
use reelgate_domain::{AccountId, BucketName, ObjectRef};
use reelgate_media::{Engine, Further, ProbeError, Runner};
use reelgate_objects::ObjectError;
use reelgate_store::{Bucket, StoreError};

use crate::Tools;

/// An input as its outputs need it.
pub struct Source {
    pub path: PathBuf,
    pub facts: MediaFacts,
}

/// Everything that the outputs of a group are made from.
pub(crate) struct Sources {
    pub(crate) main: Source,
    /// What outputs name besides, each object once.
    pub(crate) further: Vec<FurtherSource>,
}

/// An object that outputs name besides their input. One that cannot be had fails those that name it.
pub(crate) struct FurtherSource {
    pub(crate) path: PathBuf,
    pub(crate) known: Further,
}

impl Sources {
    pub(crate) fn further(&self) -> Vec<Further> {
        self.further.iter().map(|it| it.known.clone()).collect()
    }
}

impl Source {
    /// Probes a file that is an input. Dropping the future kills the probe.
    pub(crate) async fn probe(
        runner: &Runner,
        engine: &Engine,
        object: &ObjectRef,
        path: PathBuf,
    ) -> Result<Self, Fault> {
        let facts = reelgate_media::probe(runner, engine, &path)
            .await
            .map_err(|error| probe_fault(object, &error))?;
        Ok(Self { path, facts })
    }
}

/// Why an input cannot be had.
pub(crate) fn source_fault(object: &ObjectRef, error: &ObjectError) -> Fault {
    match error {
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
    }
}

/// The name under which an input is fetched: FFmpeg goes by the extension of some.
pub(crate) fn fetched_name(object: &ObjectRef) -> String {
    let extension = object.key.file_name().rsplit_once('.');
    let extension = extension.map_or("", |(_, extension)| extension);
    let is_plain = extension.len() <= 10 && extension.bytes().all(|it| it.is_ascii_alphanumeric());
    match is_plain && !extension.is_empty() {
        true => format!("source.{extension}"),
        false => "source".to_owned(),
    }
}

fn probe_fault(object: &ObjectRef, error: &ProbeError) -> Fault {
    let code = match error {
        ProbeError::NotMedia { .. } | ProbeError::TimedOut => FaultCode::SourceUnreadable,
        ProbeError::Engine { .. } => FaultCode::EngineFailed,
    };
    Fault::new(code, format!("input {object}: {error}"))
}

/// How long to wait before the store is asked again for a bucket.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// For a quarter of an hour: what was made meanwhile is worth the slot.
const MOST_QUESTIONS: u32 = 1800;

/// One bucket of an account. A store that is away is waited for: it is no fault of the job's, and nobody else
/// can take the job over.
pub(crate) async fn find_bucket(
    tools: &Tools,
    account: AccountId,
    name: &BucketName,
) -> Result<Bucket, Fault> {
    let mut asked = 0;
    let found = loop {
        asked += 1;
        match tools.store.bucket(account, name).await {
            Err(StoreError::Unavailable(_)) if asked < MOST_QUESTIONS => {
                tokio::time::sleep(ASK_AGAIN).await;
            }
            answer => break answer,
        }
    };
    found
        .map_err(|error| bucket_fault(error.to_string()))?
        .ok_or_else(|| bucket_fault(format!("bucket {name} does not exist")))
}

/// A bucket that is out of reach, perhaps not for long.
pub(crate) fn bucket_fault(message: String) -> Fault {
    Fault::new(FaultCode::StorageFailed, message)
}
