//! Submitting jobs.

use std::collections::BTreeSet;

use reelgate_domain::job::{
    Job, JobSpec, MAX_USER_DATA_BYTES, NewJob, Origin, Priority,
    kind::transcode::{OutOfRange, TranscodeSpec},
};
use reelgate_domain::{BucketName, JobId, PipelineId, SubmissionId};
use reelgate_store::SubmitOutcome;

use crate::{Caller, ErrorKind, Service, ServiceError};

/// Jobs that are submitted by one call.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The account's pipeline `default` when absent.
    pub pipeline: Option<PipelineId>,
    pub jobs: Vec<SubmitJob>,
}

/// One job of a submission.
#[derive(Clone, Debug)]
pub struct SubmitJob {
    pub spec: JobSpec,
    pub priority: Priority,
    pub origin: Option<Origin>,
    pub user_data: Option<String>,
}

impl Submission {
    /// One job, to the account's pipeline `default`.
    pub fn one(job: SubmitJob) -> Self {
        Self {
            pipeline: None,
            jobs: vec![job],
        }
    }
}

impl SubmitJob {
    /// A job of the usual priority, with nothing to remember of who asked for it.
    pub fn new(spec: JobSpec) -> Self {
        Self {
            spec,
            priority: Priority::default(),
            origin: None,
            user_data: None,
        }
    }
}

/// The most outputs a job may have.
const MAX_OUTPUTS: usize = 30;

impl Service {
    /// Queues jobs, all or none, and returns them in the order given.
    ///
    /// Fails with `Invalid` for settings out of range, `NotFound` for an unknown pipeline or
    /// bucket. Whether an input object exists is found out when its job runs.
    pub async fn submit(
        &self,
        caller: &Caller,
        submission: Submission,
    ) -> Result<Vec<Job>, ServiceError> {
        let pipeline = match submission.pipeline {
            Some(pipeline) => pipeline,
            None => self.default_pipeline(caller).await?,
        };
        let mut buckets = BTreeSet::new();
        for job in &submission.jobs {
            check(job, &mut buckets)?;
            if let JobSpec::Fingerprint(spec) = &job.spec {
                self.check_fingerprint(caller, spec).await?;
            }
        }
        for bucket in &buckets {
            self.find_bucket(caller, bucket).await?;
        }
        let now = self.clock.now();
        let siblings = SubmissionId::from_bytes(self.ids.uuid(now));
        let mut jobs = Vec::with_capacity(submission.jobs.len());
        for mut job in submission.jobs {
            let id = JobId::from_bytes(self.ids.uuid(now));
            self.seal_content_keys(id, &mut job.spec).await?;
            jobs.push(NewJob {
                id,
                submission: siblings,
                account: caller.account,
                pipeline,
                priority: job.priority,
                spec: job.spec,
                origin: job.origin,
                user_data: job.user_data,
                asset: None,
                created_at: now,
            });
        }
        // The first stands for all: they are of one submission.
        let once = match jobs.first() {
            Some(first) => caller.making(first.id),
            None => caller.once,
        };
        match self.store.submit(jobs, once).await? {
            SubmitOutcome::Accepted(jobs) => Ok(jobs),
            SubmitOutcome::PipelineMissing(id) => Err(ServiceError::missing("pipeline", id)),
        }
    }

    /// The pipeline called `default`; if it goes by another name now, the account's oldest one.
    pub async fn default_pipeline(&self, caller: &Caller) -> Result<PipelineId, ServiceError> {
        if let Some(named) = self.store.pipeline_named(caller.account, "default").await? {
            return Ok(named.id);
        }
        let oldest = self
            .store
            .list_pipelines(caller.account, None, 0, 1)
            .await?
            .pipelines;
        let oldest = oldest.first().map(|pipeline| pipeline.id);
        oldest.ok_or_else(|| ServiceError::missing("pipeline", "default"))
    }
}

/// Checks what needs no lookup and notes the buckets that must exist.
fn check(job: &SubmitJob, buckets: &mut BTreeSet<BucketName>) -> Result<(), ServiceError> {
    if job
        .user_data
        .as_ref()
        .is_some_and(|data| data.len() > MAX_USER_DATA_BYTES)
    {
        let message = format!("user data is longer than {MAX_USER_DATA_BYTES} bytes");
        return Err(ServiceError::invalid("user_data", message));
    }
    if job
        .user_data
        .as_ref()
        .is_some_and(|data| data.contains('\0'))
    {
        let message = "user data holds a zero character, which cannot be kept";
        return Err(ServiceError::invalid("user_data", message));
    }
    if let Some(origin) = &job.origin
        && !origin.fits()
    {
        let message = format!(
            "the request of one job is longer than {} bytes",
            Origin::MAX_BYTES
        );
        return Err(ServiceError::new(ErrorKind::TooLarge, "request", message));
    }
    let out_of_range = |error: OutOfRange| ServiceError::invalid(error.field, error.to_string());
    match &job.spec {
        JobSpec::Transcode(spec) => check_transcode(spec)?,
        JobSpec::Ingest(spec) => spec.validate().map_err(out_of_range)?,
        JobSpec::Snapshot(spec) => spec.validate().map_err(out_of_range)?,
        JobSpec::MediaInfo(spec) => spec.validate().map_err(out_of_range)?,
        JobSpec::Remux(spec) => spec.validate().map_err(out_of_range)?,
        JobSpec::Fingerprint(spec) => spec.validate().map_err(out_of_range)?,
    }
    let further = job.spec.further_inputs();
    let objects = job.spec.targets().into_iter().chain(job.spec.input());
    let objects = objects.chain(further);
    buckets.extend(objects.map(|object| object.bucket.clone()));
    Ok(())
}

fn check_transcode(spec: &TranscodeSpec) -> Result<(), ServiceError> {
    if spec.outputs.is_empty() || spec.outputs.len() > MAX_OUTPUTS {
        let message = format!("a job has 1 to {MAX_OUTPUTS} outputs");
        return Err(ServiceError::invalid("outputs", message));
    }
    check_pictures(spec)?;
    let mut objects = BTreeSet::new();
    for output in &spec.outputs {
        output
            .validate()
            .map_err(|error| ServiceError::invalid(error.field, error.to_string()))?;
        if !objects.insert(output.object.to_string()) {
            let message = format!("two outputs of one job write {}", output.object);
            return Err(ServiceError::invalid("outputs", message));
        }
    }
    Ok(())
}

fn check_pictures(spec: &TranscodeSpec) -> Result<(), ServiceError> {
    if spec.pictures.len() > TranscodeSpec::MAX_PICTURES {
        let most = TranscodeSpec::MAX_PICTURES;
        let message = format!("a job has at most {most} sets of pictures");
        return Err(ServiceError::invalid("pictures", message));
    }
    for set in &spec.pictures {
        set.validate()
            .map_err(|error| ServiceError::invalid(error.field, error.to_string()))?;
        if set.input != spec.input {
            let message = "pictures are taken of the job's input";
            return Err(ServiceError::invalid("pictures", message));
        }
    }
    Ok(())
}
