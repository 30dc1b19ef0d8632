//! Making more of an asset that is there: transcodes and pictures.

use reelgate_domain::asset::Asset;
use reelgate_domain::job::kind::snapshot::{Moments, Naming, PictureFormat, SnapshotSpec, Sprite};
use reelgate_domain::job::{Job, JobSpec, NewJob, Origin, Priority};
use reelgate_domain::{JobId, PipelineId, SubmissionId};
use reelgate_store::SubmitOutcome;

use super::Rendition;
use super::settle::object;
use crate::{Caller, ErrorKind, Service, ServiceError};

/// Transcodes that are to be made of an asset: one job each, of one task.
#[derive(Clone, Debug)]
pub struct Renditions {
    /// The account's pipeline `default` when absent.
    pub pipeline: Option<PipelineId>,
    pub priority: Priority,
    pub renditions: Vec<Rendition>,
}

/// Pictures that are to be taken of an asset.
#[derive(Clone, Debug)]
pub struct Pictures {
    pub moments: Moments,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub sprite: Option<Sprite>,
    pub origin: Origin,
}

impl Service {
    /// Queues jobs that transcode an asset, all or none, and returns them in the order given.
    pub async fn transcode_asset(
        &self,
        caller: &Caller,
        asset: &Asset,
        wish: Renditions,
    ) -> Result<Vec<Job>, ServiceError> {
        let now = self.clock.now();
        let input = &asset.file;
        let planned = self.follow_up(asset.id, input, wish.renditions, wish.priority, now)?;
        let planned = planned.ok_or_else(|| {
            ServiceError::invalid("renditions", "nothing is to be made of the asset")
        })?;
        let jobs = planned
            .jobs
            .into_iter()
            .map(|job| (job.id, JobSpec::Transcode(job.spec), job.origin));
        let jobs = jobs.collect();
        self.make(
            caller,
            asset,
            wish.pipeline,
            planned.priority,
            planned.submission,
            jobs,
        )
        .await
    }

    /// Queues a job that takes pictures of an asset. They lie in a folder of its own.
    pub async fn picture_asset(
        &self,
        caller: &Caller,
        asset: &Asset,
        wish: Pictures,
    ) -> Result<Job, ServiceError> {
        let now = self.clock.now();
        let id = JobId::from_bytes(self.ids.uuid(now));
        let name = format!("{id}/{id}.jpg");
        let spec = SnapshotSpec {
            input: asset.file.clone(),
            output: object(&asset.file.bucket, asset.id, &name)?,
            moments: wish.moments,
            width: wish.width,
            height: wish.height,
            long_side: None,
            format: PictureFormat::Jpeg,
            sprite: wish.sprite,
            naming: Naming::Numbered,
            archive: None,
            key_frames: false,
            not_black: None,
        };
        spec.validate()
            .map_err(|error| ServiceError::invalid(error.field, error.to_string()))?;
        let submission = SubmissionId::from_bytes(self.ids.uuid(now));
        let jobs = vec![(id, JobSpec::Snapshot(spec), Some(wish.origin))];
        let priority = Priority::default();
        let jobs = self.make(caller, asset, None, priority, submission, jobs);
        let first = jobs.await?.into_iter().next();
        first.ok_or_else(|| ServiceError::internal("a submission of one job made none"))
    }

    async fn make(
        &self,
        caller: &Caller,
        asset: &Asset,
        pipeline: Option<PipelineId>,
        priority: Priority,
        submission: SubmissionId,
        jobs: Vec<(JobId, JobSpec, Option<Origin>)>,
    ) -> Result<Vec<Job>, ServiceError> {
        self.find_bucket(caller, &asset.file.bucket).await?;
        let pipeline = match pipeline {
            Some(pipeline) => pipeline,
            None => self.default_pipeline(caller).await?,
        };
        let created_at = self.clock.now();
        let mut new = Vec::with_capacity(jobs.len());
        for (id, spec, origin) in jobs {
            if origin.as_ref().is_some_and(|origin| !origin.fits()) {
                let message = "the request of one job is too long to be kept";
                return Err(ServiceError::new(ErrorKind::TooLarge, "request", message));
            }
            new.push(NewJob {
                id,
                submission,
                account: caller.account,
                pipeline,
                priority,
                spec,
                origin,
                user_data: None,
                asset: Some(asset.id),
                created_at,
            });
        }
        let once = match new.first() {
            Some(first) => caller.making(first.id),
            None => caller.once,
        };
        match self.store.submit(new, once).await? {
            SubmitOutcome::Accepted(jobs) => Ok(jobs),
            SubmitOutcome::PipelineMissing(id) => Err(ServiceError::missing("pipeline", id)),
        }
    }
}
