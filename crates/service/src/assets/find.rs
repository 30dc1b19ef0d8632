//! Looking assets up, and the jobs that were made of them.

use reelgate_domain::asset::{Asset, AssetId};
use reelgate_domain::job::{Job, JobKind};
use reelgate_domain::{JobId, SubmissionId, Timestamp};
use reelgate_store::{AssetFilter, AssetJobFilter};

use crate::{Caller, Service, ServiceError};

/// Which assets to list. Absent fields filter nothing.
#[derive(Clone, Debug, Default)]
pub struct AssetQuery {
    pub category: Option<u64>,
    pub created_from: Option<Timestamp>,
    pub created_to: Option<Timestamp>,
    pub after: Option<AssetId>,
    pub oldest_first: bool,
    /// 1 to 100.
    pub limit: u32,
}

/// One page of assets.
#[derive(Clone, Debug)]
pub struct AssetPage {
    pub assets: Vec<Asset>,
    /// Where the next page goes on, if there is one.
    pub next: Option<AssetId>,
}

/// The jobs that one submission made of an asset, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetTask {
    pub id: SubmissionId,
    pub asset: AssetId,
    pub jobs: Vec<Job>,
}

/// The most jobs of one asset and one kind that are looked at together.
pub(super) const MOST_JOBS: u32 = 500;

impl Service {
    /// Those of the assets that exist, in the order asked for, each once.
    pub async fn assets(
        &self,
        caller: &Caller,
        ids: &[AssetId],
    ) -> Result<Vec<Asset>, ServiceError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.assets(caller.account, ids).await?;
        self.settled(caller, found).await
    }

    /// The same by the references that the account gave them.
    pub async fn assets_referred(
        &self,
        caller: &Caller,
        references: &[String],
    ) -> Result<Vec<Asset>, ServiceError> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.assets_referred(caller.account, references);
        self.settled(caller, found.await?).await
    }

    pub async fn list_assets(
        &self,
        caller: &Caller,
        query: AssetQuery,
    ) -> Result<AssetPage, ServiceError> {
        let limit = query.limit.clamp(1, 100);
        let filter = AssetFilter {
            category: query.category,
            created_from: query.created_from,
            created_to: query.created_to,
            after: query.after,
            oldest_first: query.oldest_first,
        };
        // One more than asked for tells whether there is another page.
        let mut assets = self
            .store
            .list_assets(caller.account, filter, limit + 1)
            .await?;
        let more = assets.len() > limit as usize;
        assets.truncate(limit as usize);
        let last = assets.last().map(|asset| asset.id);
        let next = last.filter(|_| more);
        let assets = self.settled(caller, assets).await?;
        Ok(AssetPage { assets, next })
    }

    /// What was made of an asset by jobs of a kind, the newest task first. Also of one that is not there yet,
    /// or not any more.
    pub async fn asset_tasks(
        &self,
        caller: &Caller,
        asset: AssetId,
        kind: JobKind,
    ) -> Result<Vec<AssetTask>, ServiceError> {
        let filter = AssetJobFilter {
            kind: Some(kind),
            after: None,
        };
        let made = self
            .store
            .list_asset_jobs(caller.account, asset, filter, MOST_JOBS);
        let ids: Vec<_> = made.await?.into_iter().map(|made| made.job).collect();
        let mut tasks: Vec<AssetTask> = Vec::new();
        for job in self.jobs_in_order(caller, &ids).await? {
            match tasks.last_mut() {
                Some(task) if task.id == job.submission => task.jobs.push(job),
                _ => tasks.push(AssetTask {
                    id: job.submission,
                    asset,
                    jobs: vec![job],
                }),
            }
        }
        Ok(tasks)
    }

    /// The ids of all that was made of an asset, of whatever kind.
    pub(super) async fn made_of(
        &self,
        caller: &Caller,
        asset: AssetId,
    ) -> Result<Vec<JobId>, ServiceError> {
        let (mut made, mut filter) = (Vec::new(), AssetJobFilter::default());
        loop {
            let page = self
                .store
                .list_asset_jobs(caller.account, asset, filter, MOST_JOBS)
                .await?;
            made.extend(page.iter().map(|made| made.job));
            match page.last() {
                Some(last) if page.len() == MOST_JOBS as usize => filter.after = Some(*last),
                _ => return Ok(made),
            }
        }
    }

    /// One task, if any of its jobs is still stored.
    pub async fn asset_task(
        &self,
        caller: &Caller,
        id: SubmissionId,
    ) -> Result<Option<AssetTask>, ServiceError> {
        let Some((asset, jobs)) = self.store.submission_jobs(caller.account, id).await? else {
            return Ok(None);
        };
        let mut jobs = self.jobs_in_order(caller, &jobs).await?;
        jobs.retain(makes_more);
        Ok((!jobs.is_empty()).then_some(AssetTask { id, asset, jobs }))
    }
}

/// Whether a job makes something of an asset: the one that looks at it is its too.
fn makes_more(job: &Job) -> bool {
    job.spec.kind() != JobKind::Ingest
}
