//! Looking jobs up, and waiting for one to end.

use std::time::Duration;

use reelgate_domain::job::Job;
use reelgate_domain::{JobId, JobNumber};
use tokio::time::MissedTickBehavior;

use crate::{Caller, Service, ServiceError};

/// How far apart the looks of one caller that waits are. The hint is about all jobs: without a pause
/// every job that moves would have every caller that waits for any job read its own.
const LOOKS_APART: Duration = Duration::from_millis(50);

impl Service {
    /// Those of the jobs that exist, newest first.
    pub async fn jobs(&self, caller: &Caller, ids: &[JobId]) -> Result<Vec<Job>, ServiceError> {
        let mut jobs = self.store.jobs(caller.account, ids).await?;
        jobs.iter_mut().for_each(|job| self.progress.refresh(job));
        Ok(jobs)
    }

    /// Those of the jobs with these numbers that exist, newest first.
    pub async fn jobs_numbered(
        &self,
        caller: &Caller,
        numbers: &[JobNumber],
    ) -> Result<Vec<Job>, ServiceError> {
        let mut jobs = self.store.jobs_numbered(caller.account, numbers).await?;
        jobs.iter_mut().for_each(|job| self.progress.refresh(job));
        Ok(jobs)
    }

    /// One job.
    pub async fn job(&self, caller: &Caller, id: JobId) -> Result<Job, ServiceError> {
        let found = self.jobs(caller, &[id]).await?;
        found
            .into_iter()
            .next()
            .ok_or_else(|| ServiceError::missing("job", id))
    }

    /// The job when it has ended, or as it is after `patience` or when the process is about to end.
    pub async fn job_ended(
        &self,
        caller: &Caller,
        id: JobId,
        patience: Duration,
    ) -> Result<Job, ServiceError> {
        let mut changes = self.store.hints().changes;
        let mut leaving = self.leaving.subscribe();
        let patience = tokio::time::sleep(patience);
        tokio::pin!(patience);
        let mut looks = tokio::time::interval(LOOKS_APART);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            changes.mark_unchanged();
            let job = self.job(caller, id).await?;
            if job.lifecycle.state.name().is_final() {
                return Ok(job);
            }
            tokio::select! {
                biased;
                () = &mut patience => return Ok(job),
                _ = leaving.wait_for(|leaving| *leaving) => return Ok(job),
                // Hints may be lost, so look every few seconds all the same.
                _ = tokio::time::timeout(Duration::from_secs(5), changes.changed()) => {}
            }
        }
    }
}
