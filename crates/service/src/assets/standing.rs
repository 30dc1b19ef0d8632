//! How assets stand: what follows from the states of their jobs.

use std::collections::BTreeMap;

use reelgate_domain::JobId;
use reelgate_domain::asset::{Asset, AssetId, AssetState};
use reelgate_domain::job::{Job, JobKind, StateName};

use crate::{Caller, Service, ServiceError};

impl Service {
    /// The states of the transcodes that were made of assets, by one look at no more than that. Of an asset of which
    /// none was made there is no entry.
    pub async fn asset_transcodes(
        &self,
        caller: &Caller,
        assets: &[AssetId],
    ) -> Result<BTreeMap<AssetId, Vec<StateName>>, ServiceError> {
        let mut states: BTreeMap<AssetId, Vec<StateName>> = BTreeMap::new();
        if assets.is_empty() {
            return Ok(states);
        }
        let standings = self.store.asset_standings(caller.account, assets).await?;
        let transcodes = standings.iter().filter(|it| it.kind == JobKind::Transcode);
        for standing in transcodes {
            states
                .entry(standing.asset)
                .or_default()
                .push(standing.state);
        }
        Ok(states)
    }

    /// The assets as the ends of their jobs leave them: one that its job will not look at any more is unusable.
    pub(super) async fn settled(
        &self,
        caller: &Caller,
        mut assets: Vec<Asset>,
    ) -> Result<Vec<Asset>, ServiceError> {
        let open = |asset: &&mut Asset| asset.state == AssetState::Registered;
        let jobs: Vec<JobId> = assets.iter_mut().filter(open).map(|it| it.job).collect();
        if jobs.is_empty() {
            return Ok(assets);
        }
        let jobs = self.jobs(caller, &jobs).await?;
        for asset in assets.iter_mut().filter(open) {
            let job = jobs.iter().find(|job| job.id == asset.job);
            // One that has told meanwhile has succeeded.
            let is_open = |job: &Job| {
                let state = job.lifecycle.state.name();
                !state.is_final() || state == StateName::Succeeded
            };
            if !job.is_some_and(is_open) {
                asset.state = AssetState::Unusable {
                    fault: job.and_then(Job::fault).cloned().map(Box::new),
                };
            }
        }
        Ok(assets)
    }
}
