//! Submitting a fingerprint job.

use reelgate_domain::job::kind::fingerprint::{FingerprintSpec, SaveMode};
use reelgate_domain::job::{Job, JobSpec, Origin};
use reelgate_domain::{BucketName, ObjectKey, ObjectRef, PipelineId};
use reelgate_service::{Caller, ErrorKind, Service, ServiceError, Submission, SubmitJob};

use super::pipeline;
use crate::rpc::ApiError;

/// A job that is to be queued.
#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    /// The account's pipeline `default` when absent.
    pub(crate) pipeline: Option<PipelineId>,
    pub(crate) spec: FingerprintSpec,
    pub(crate) origin: Origin,
    pub(crate) user_data: Option<String>,
}

/// Queues a job with its pipeline's priority.
pub(crate) async fn submit(
    service: &Service,
    caller: &Caller,
    new: NewJob,
) -> Result<Job, ServiceError> {
    let pipeline = match new.pipeline {
        Some(id) => id,
        None => service.default_pipeline(caller).await?,
    };
    let job = SubmitJob {
        spec: JobSpec::Fingerprint(new.spec),
        priority: pipeline::priority(service, caller, pipeline).await?,
        origin: Some(new.origin),
        user_data: new.user_data,
    };
    let submission = Submission {
        pipeline: Some(pipeline),
        jobs: vec![job],
    };
    let jobs = service.submit(caller, submission).await?;
    let none = || {
        ServiceError::new(
            ErrorKind::Internal,
            "",
            "no job was made of a submission of one",
        )
    };
    jobs.into_iter().next().ok_or_else(none)
}

/// Where what a job finds goes, since requests do not say it: a new object in the bucket of its input. None for a job
/// that searches nothing.
pub(crate) fn result(
    service: &Service,
    bucket: &BucketName,
    save: SaveMode,
) -> Result<Option<ObjectRef>, ApiError> {
    if !save.searches() {
        return Ok(None);
    }
    let key = format!("reelgate/dna/{}.json", service.new_document_id());
    Ok(Some(ObjectRef {
        bucket: bucket.clone(),
        key: ObjectKey::new(key).map_err(ApiError::internal)?,
    }))
}
