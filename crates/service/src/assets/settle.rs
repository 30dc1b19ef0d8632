//! Where what belongs to an asset lies, and the jobs that are made of it.

use reelgate_domain::asset::AssetId;
use reelgate_domain::job::Priority;
use reelgate_domain::job::kind::ingest::{FollowUp, PlannedJob};
use reelgate_domain::job::kind::transcode::{Container, OutputSpec, TranscodeSpec};
use reelgate_domain::{BucketName, JobId, ObjectKey, ObjectRef, SubmissionId, Timestamp};

use super::Rendition;
use crate::{ErrorKind, Service, ServiceError};

/// An object of an asset: all that is made of one lies in a folder of its own.
pub(super) fn object(
    bucket: &BucketName,
    asset: AssetId,
    name: &str,
) -> Result<ObjectRef, ServiceError> {
    let key = ObjectKey::new(format!("{FOLDER}/{asset}/{name}"));
    Ok(ObjectRef {
        bucket: bucket.clone(),
        key: key.map_err(|error| ServiceError::invalid("key", error.to_string()))?,
    })
}

/// What is answered about a reference that is another asset's.
pub(super) fn taken(reference: String) -> ServiceError {
    let message = format!("another asset has the reference {reference}");
    ServiceError::new(ErrorKind::Conflict, reference, message)
}

/// The folder of all assets' folders.
const FOLDER: &str = "vod";

impl Service {
    /// The jobs that make these of an asset, under ids that are known from now on; none if nothing is to
    /// be made.
    pub(super) fn follow_up(
        &self,
        asset: AssetId,
        input: &ObjectRef,
        renditions: Vec<Rendition>,
        priority: Priority,
        now: Timestamp,
    ) -> Result<Option<FollowUp>, ServiceError> {
        if renditions.is_empty() {
            return Ok(None);
        }
        let jobs = renditions.into_iter().map(|rendition| {
            let id = JobId::from_bytes(self.ids.uuid(now));
            let name = match rendition.settings.container {
                // A playlist and its segments are kept together.
                Container::Hls { .. } | Container::Dash { .. } => {
                    format!("{id}/{id}.{}", rendition.settings.container.extension())
                }
                container => format!("{id}.{}", container.extension()),
            };
            let output = OutputSpec::new(object(&input.bucket, asset, &name)?, rendition.settings);
            output
                .validate()
                .map_err(|error| ServiceError::invalid(error.field, error.to_string()))?;
            Ok(PlannedJob {
                id,
                spec: TranscodeSpec {
                    input: input.clone(),
                    pictures: Vec::new(),
                    outputs: vec![output],
                },
                origin: Some(rendition.origin),
                user_data: None,
            })
        });
        let jobs = jobs.collect::<Result<Vec<_>, ServiceError>>()?;
        Ok(Some(FollowUp {
            submission: SubmissionId::from_bytes(self.ids.uuid(now)),
            priority,
            jobs,
        }))
    }
}
