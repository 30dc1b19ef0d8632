//! Deleting assets with their files.

use reelgate_domain::ObjectRef;
use reelgate_domain::asset::Asset;
use reelgate_domain::job::{Job, StateName};
use reelgate_domain::media::OutputResult;

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
    /// Deletes an asset: its file, its picture and what its jobs have made, and then what is known of it.
    /// If the process dies in between, the asset is still there and is deleted by the same call again.
    pub async fn delete_asset(
        &self,
        caller: &Caller,
        asset: &Asset,
    ) -> Result<Deletion, ServiceError> {
        let tasks = self.asset_tasks(caller, asset.id).await?;
        let jobs: Vec<&Job> = tasks.iter().flat_map(|task| &task.jobs).collect();
        let works = |job: &Job| {
            let state = job.lifecycle.state.name();
            !state.is_final() && state != StateName::Queued
        };
        let own = self.jobs(caller, &[asset.job]).await?;
        if jobs.iter().any(|job| works(job)) || own.iter().any(works) {
            return Ok(Deletion::Busy);
        }
        for job in &jobs {
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
        }
        if let Some(cover) = &asset.cover {
            self.remove(caller, cover).await?;
        }
        self.remove(caller, &asset.file).await?;
        let deleted = self
            .store
            .delete_asset(caller.account, asset.id, caller.once)
            .await?;
        Ok(match deleted {
            true => Deletion::Deleted,
            false => Deletion::Missing,
        })
    }

    async fn remove(&self, caller: &Caller, object: &ObjectRef) -> Result<(), ServiceError> {
        match self.delete_object(caller, object).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}
