//! Bringing files in from web servers: one job each, and an asset when it has succeeded.

use std::collections::HashSet;

use reelgate_domain::asset::{AssetDetails, AssetId};
use reelgate_domain::job::kind::ingest::{AssetPlan, IngestSource, IngestSpec, SourceUrl};
use reelgate_domain::job::kind::transcode::Settings;
use reelgate_domain::job::{Job, JobSpec, NewJob, Origin, Priority};
use reelgate_domain::{BucketName, JobId, PipelineId, SubmissionId};
use reelgate_store::SubmitOutcome;

use super::settle::{object, taken};
use crate::{Caller, ErrorKind, Service, ServiceError};

/// Files that one call wants to have brought in.
#[derive(Clone, Debug)]
pub struct Fetching {
    /// The account's pipeline `default` when absent.
    pub pipeline: Option<PipelineId>,
    pub bucket: BucketName,
    pub files: Vec<FetchFile>,
}

/// One of these files.
#[derive(Clone, Debug)]
pub struct FetchFile {
    pub url: SourceUrl,
    /// What its size must be, if that is known.
    pub bytes: Option<u64>,
    /// Without a dot.
    pub extension: String,
    pub details: AssetDetails,
    /// What is made of it as soon as it is there.
    pub renditions: Vec<Rendition>,
    pub origin: Origin,
}

/// A transcode of an asset: one job, one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendition {
    pub settings: Settings,
    pub origin: Origin,
}

impl Service {
    /// Queues the jobs that bring files in, all or none, and returns each with the asset that it will
    /// become, in the order given. The same address twice is two files.
    ///
    /// Fails with `NotFound` for an unknown bucket or pipeline, with `Invalid` for settings that cannot be, with
    /// `Conflict` about a reference that an asset has, or of two of these files. If another asset gets one before
    /// the file is there, the file's goes without.
    pub async fn fetch_files(
        &self,
        caller: &Caller,
        fetching: Fetching,
    ) -> Result<Vec<(Job, AssetId)>, ServiceError> {
        self.find_bucket(caller, &fetching.bucket).await?;
        self.check_references(caller, &fetching.files).await?;
        let pipeline = match fetching.pipeline {
            Some(pipeline) => pipeline,
            None => self.default_pipeline(caller).await?,
        };
        let now = self.clock.now();
        let submission = SubmissionId::from_bytes(self.ids.uuid(now));
        let mut assets = Vec::with_capacity(fetching.files.len());
        let mut jobs = Vec::with_capacity(fetching.files.len());
        for file in fetching.files {
            let asset = AssetId::from_bytes(self.ids.uuid(now));
            let name = format!("source.{}", file.extension);
            let output = object(&fetching.bucket, asset, &name)?;
            let then = self.follow_up(asset, &output, file.renditions, Priority::default(), now)?;
            let spec = IngestSpec {
                source: IngestSource::Url {
                    url: file.url,
                    bytes: file.bytes,
                    sha256: None,
                    skip_if_same: false,
                },
                cover: Some(object(&fetching.bucket, asset, "cover.jpg")?),
                output,
                asset: Some(AssetPlan {
                    id: asset,
                    details: file.details,
                    then,
                }),
            };
            spec.validate()
                .map_err(|error| ServiceError::invalid(error.field, error.to_string()))?;
            if !file.origin.fits() {
                let message = "the request of one file is too long to be kept";
                return Err(ServiceError::new(ErrorKind::TooLarge, "request", message));
            }
            assets.push(asset);
            jobs.push(NewJob {
                id: JobId::from_bytes(self.ids.uuid(now)),
                submission,
                account: caller.account,
                pipeline,
                priority: Priority::default(),
                spec: JobSpec::Ingest(spec),
                origin: Some(file.origin),
                user_data: None,
                // Found by it are the jobs that are made of the asset.
                asset: None,
                created_at: now,
            });
        }
        let once = match jobs.first() {
            Some(first) => caller.making(first.id),
            None => caller.once,
        };
        match self.store.submit(jobs, once).await? {
            SubmitOutcome::Accepted(jobs) => Ok(jobs.into_iter().zip(assets).collect()),
            SubmitOutcome::PipelineMissing(id) => Err(ServiceError::missing("pipeline", id)),
        }
    }

    async fn check_references(
        &self,
        caller: &Caller,
        files: &[FetchFile],
    ) -> Result<(), ServiceError> {
        let wanted = files.iter().filter_map(|it| it.details.reference.clone());
        let wanted: Vec<String> = wanted.collect();
        let mut seen = HashSet::new();
        if let Some(twice) = wanted.iter().find(|it| !seen.insert(it.as_str())) {
            return Err(taken(twice.clone()));
        }
        let others = self.assets_referred(caller, &wanted).await?;
        match others.into_iter().find_map(|it| it.details.reference) {
            Some(reference) => Err(taken(reference)),
            None => Ok(()),
        }
    }

    /// The jobs that fetch or have fetched an address, the one submitted last first.
    pub async fn jobs_fetching(
        &self,
        caller: &Caller,
        url: &SourceUrl,
        limit: u32,
    ) -> Result<Vec<Job>, ServiceError> {
        let ids = self.store.jobs_fetching(caller.account, url, limit).await?;
        self.jobs_in_order(caller, &ids).await
    }

    /// Those of the jobs that exist, in the order of their ids as given.
    pub(super) async fn jobs_in_order(
        &self,
        caller: &Caller,
        ids: &[JobId],
    ) -> Result<Vec<Job>, ServiceError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut jobs = self.jobs(caller, ids).await?;
        jobs.sort_by_key(|job| ids.iter().position(|id| *id == job.id));
        Ok(jobs)
    }
}
