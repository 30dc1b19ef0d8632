//! Stages that dead processes have left in buckets. Nobody would look for them: their jobs have ended,
//! or will be made anew.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::job::Job;
use reelgate_domain::{JobId, Kept, Retention};
use reelgate_objects::StageFolder;
use reelgate_store::{Bucket, StoreError};
use tokio::sync::watch;

use crate::run::fetched_folder;
use crate::workbench::Place;
use crate::{Tools, WorkerConfig};

/// The most jobs that the store is asked about at once.
const ASKED_AT_ONCE: usize = 500;

/// How often it is looked for: what a process leaves that dies now is found by those that live on.
const EVERY: Duration = Duration::from_secs(3600);

/// Removes what is left, now and again: soon, if there is something that is too young now.
pub(crate) async fn clear(
    tools: Tools,
    config: Arc<WorkerConfig>,
    mut stopped: watch::Receiver<bool>,
) {
    let lease = config.lease;
    loop {
        for dir in [&config.fetched, &config.pieces] {
            if let Err(error) = clear_kept(&tools, dir).await {
                tracing::error!(%error, "fetched files or pieces that nobody needs stay for now");
            }
        }
        let wait = match clear_old(&tools, lease).await {
            Ok(0) => EVERY,
            Ok(young) => {
                tracing::debug!(young, "{young} stages may be in use; looking later");
                lease
            }
            Err(error) => {
                tracing::error!(%error, "looking for leftovers failed; trying later");
                lease
            }
        };
        tokio::select! {
            biased;
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// Removes what was fetched or kept for jobs that have ended or are not known any more. Of a job that is gone on with
/// elsewhere it stays until that has ended, for it may come back.
async fn clear_kept(tools: &Tools, fetched: &Path) -> Result<(), StoreError> {
    for (account, job) in tools.bench.fetched(fetched).await {
        let found = match tools.store.jobs(account, &[job]).await {
            Ok(found) => found,
            Err(away @ StoreError::Unavailable(_)) => return Err(away),
            Err(error) => {
                tracing::error!(job.id = %job, %error, "what job {job} had kept stays");
                continue;
            }
        };
        let is_over = |job: &Job| job.lifecycle.state.name().is_final();
        if !found.iter().all(is_over) {
            continue;
        }
        let dir = fetched.join(fetched_folder(account, job));
        match tools.bench.remove(&dir).await {
            Ok(()) => tracing::info!(job.id = %job, "removed what job {job} had kept"),
            Err(error) => tracing::warn!(job.id = %job, %error, "what job {job} had kept stays"),
        }
    }
    Ok(())
}

/// Returns how many stages without a lease are so young that another process may have begun them
/// after the store was asked.
async fn clear_old(tools: &Tools, lease: Duration) -> Result<usize, StoreError> {
    let mut young = 0;
    for bucket in tools.store.all_buckets().await? {
        let stages = match tools.bench.stages(&bucket).await {
            Ok(stages) => stages,
            Err(fault) => {
                let (name, error) = (&bucket.name, fault.message);
                tracing::warn!(error, "leftovers in bucket {name} cannot be looked for");
                continue;
            }
        };
        for some in stages.chunks(ASKED_AT_ONCE) {
            young += clear_some(tools, lease, &bucket, some).await?;
        }
        let name = &bucket.name;
        match tools.bench.discard_abandoned_uploads(&bucket).await {
            Ok(0) => {}
            Ok(uploads) => {
                tracing::info!(uploads, "removed {uploads} unfinished uploads in {name}");
            }
            Err(fault) => {
                let error = fault.message;
                tracing::warn!(error, "unfinished uploads in {name} stay for now");
            }
        }
    }
    Ok(young)
}

async fn clear_some(
    tools: &Tools,
    lease: Duration,
    bucket: &Bucket,
    stages: &[StageFolder],
) -> Result<usize, StoreError> {
    let jobs: Vec<_> = stages.iter().map(|stage| stage.job).collect();
    let unheld = tools.store.unheld(bucket.account, &jobs).await?;
    let now = tools.clock.now();
    let forgotten = forgotten(tools, bucket, stages, &unheld).await?;
    let mut young = 0;
    for stage in stages {
        let StageFolder { job, attempt, .. } = *stage;
        if unheld.contains(&job) {
            if now.since(stage.modified) < lease {
                young += 1;
                continue;
            }
        } else if !forgotten.contains(&(job, attempt)) {
            continue;
        }
        let name = &bucket.name;
        let place = Place {
            bucket,
            job,
            attempt,
        };
        match tools.bench.discard_stage(place).await {
            Ok(()) => {
                tracing::info!(job.id = %job, attempt, "removed what job {job} left in {name}");
            }
            Err(fault) => {
                let error = fault.message;
                tracing::warn!(job.id = %job, attempt, error, "a stage of job {job} stays");
            }
        }
    }
    Ok(young)
}

/// Stages of jobs that the store does not know, and that nobody has touched for as long as the account
/// keeps such: the jobs have been deleted. They could be those of another store with the same bucket, but
/// no attempt of those takes that long.
async fn forgotten(
    tools: &Tools,
    bucket: &Bucket,
    stages: &[StageFolder],
    unheld: &[JobId],
) -> Result<HashSet<(JobId, u32)>, StoreError> {
    let set = tools.store.retention(bucket.account).await?;
    let kept_since = Retention::new(set).kept_since(Kept::Attempts, tools.clock.now());
    let old = stages.iter().filter(|stage| stage.modified < kept_since);
    let old: Vec<_> = old.filter(|stage| !unheld.contains(&stage.job)).collect();
    if old.is_empty() {
        return Ok(HashSet::new());
    }
    let jobs: Vec<_> = old.iter().map(|stage| stage.job).collect();
    let known = tools.store.jobs(bucket.account, &jobs).await?;
    let known: HashSet<_> = known.into_iter().map(|job| job.id).collect();
    let unknown = old.iter().filter(|stage| !known.contains(&stage.job));
    Ok(unknown.map(|stage| (stage.job, stage.attempt)).collect())
}
