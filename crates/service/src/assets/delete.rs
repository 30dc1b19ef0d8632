//! Deleting assets with their files.

use reelgate_domain::asset::Asset;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, Job, Selector, StopMode};
use reelgate_domain::media::OutputResult;
use reelgate_domain::{JobId, ObjectRef};

use super::find::MOST_JOBS;
use crate::{Caller, ErrorKind, Service, ServiceError};

/// What became of a wish to delete an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    Deleted,
    /// A job works on it.
    Busy,
    Missing,
}

impl Service {
    /// Deletes assets: the file of each, its picture and what its jobs have made, and then what is known of it. Its
    /// jobs that wait for their first start are cancelled; while one works nothing of it is deleted. One entry per
    /// asset, in the order given.
    ///
    /// A signed call is used up before anything goes: sent again it would find what has come in the stead of what is
    /// gone. If the process dies in between, the asset is still there and is deleted by another call.
    pub async fn delete_assets(
        &self,
        caller: &Caller,
        assets: &[Asset],
    ) -> Result<Vec<Deletion>, ServiceError> {
        self.use_once(caller).await?;
        let caller = Caller {
            once: None,
            ..caller.clone()
        };
        let mut outcomes = Vec::with_capacity(assets.len());
        for asset in assets {
            outcomes.push(self.delete_asset(&caller, asset).await?);
        }
        Ok(outcomes)
    }

    async fn delete_asset(&self, caller: &Caller, asset: &Asset) -> Result<Deletion, ServiceError> {
        let mut jobs = self.made_of(caller, asset.id).await?;
        jobs.push(asset.job);
        if !self.stop_queued(caller, &jobs).await? {
            return Ok(Deletion::Busy);
        }
        for some in jobs.chunks(MOST_JOBS as usize) {
            for job in self.jobs(caller, some).await? {
                self.remove_made(caller, &job).await?;
            }
        }
        if let Some(cover) = &asset.cover {
            self.remove(caller, cover).await?;
        }
        self.remove(caller, &asset.file).await?;
        let deleted = self
            .store
            .delete_asset(caller.account, asset.id, None)
            .await?;
        Ok(match deleted {
            true => Deletion::Deleted,
            false => Deletion::Missing,
        })
    }

    /// Whether none of the jobs works or ever will: if all wait for their first start they are cancelled.
    async fn stop_queued(&self, caller: &Caller, jobs: &[JobId]) -> Result<bool, ServiceError> {
        let mut open = Vec::new();
        for some in jobs.chunks(MOST_JOBS as usize) {
            let found = self.jobs(caller, some).await?.into_iter();
            open.extend(found.filter(|job| !job.lifecycle.state.name().is_final()));
        }
        if open.iter().any(|job| job.lifecycle.has_started()) {
            return Ok(false);
        }
        if open.is_empty() {
            return Ok(true);
        }
        let open: Vec<JobId> = open.iter().map(|job| job.id).collect();
        let (jobs, mode) = (Selector::ids(open), StopMode::default());
        let outcomes = self.cancel(caller, jobs, CancelPolicy::QueuedOnly, mode);
        let is_still = |outcome: &CancelOutcome| match outcome {
            CancelOutcome::Cancelled { .. } | CancelOutcome::Missing { .. } => true,
            CancelOutcome::Refused { state, .. } => state.is_final(),
            CancelOutcome::Stopping { .. } => false,
        };
        Ok(outcomes.await?.iter().all(is_still))
    }

    async fn remove_made(&self, caller: &Caller, job: &Job) -> Result<(), ServiceError> {
        for result in &job.results {
            let OutputResult::Done { object, files, .. } = result else {
                continue;
            };
            for file in files {
                let file = ObjectRef {
                    bucket: object.bucket.clone(),
                    key: file.key.clone(),
                };
                self.remove(caller, &file).await?;
            }
        }
        Ok(())
    }

    async fn remove(&self, caller: &Caller, object: &ObjectRef) -> Result<(), ServiceError> {
        match self.delete_object(caller, object).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}
