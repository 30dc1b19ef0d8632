//! Listing jobs, newest first, a page at a time.

use reelgate_domain::JobId;
use reelgate_domain::job::{Job, StateName};
use reelgate_domain::node::Kinds;
use reelgate_domain::{PipelineId, Timestamp};
use reelgate_store::JobFilter;

use crate::{Caller, Service, ServiceError};

/// Which jobs to list. Absent fields filter nothing.
#[derive(Clone, Debug, Default)]
pub struct JobQuery {
    pub kinds: Kinds,
    /// Any of these; empty means all.
    pub states: Vec<StateName>,
    /// Only jobs of which an attempt has started, or has not.
    pub started: Option<bool>,
    pub pipeline: Option<PipelineId>,
    pub created_from: Option<Timestamp>,
    pub created_to: Option<Timestamp>,
    /// The page goes on after this job: the last of the page before.
    pub after: Option<JobId>,
    /// 1 to 100.
    pub limit: u32,
}

/// One page of jobs.
#[derive(Clone, Debug)]
pub struct JobPage {
    pub jobs: Vec<Job>,
    /// Where the next page goes on, if there is one.
    pub next: Option<JobId>,
}

impl Service {
    pub async fn list_jobs(
        &self,
        caller: &Caller,
        query: JobQuery,
    ) -> Result<JobPage, ServiceError> {
        let limit = query.limit.clamp(1, 100);
        let filter = JobFilter {
            kinds: query.kinds,
            states: query.states,
            started: query.started,
            pipeline: query.pipeline,
            created_from: query.created_from,
            created_to: query.created_to,
            before: query.after,
        };
        // One more than asked for tells whether there is another page.
        let mut jobs = self
            .store
            .list_jobs(caller.account, filter, limit + 1)
            .await?;
        let more = jobs.len() > limit as usize;
        jobs.truncate(limit as usize);
        jobs.iter_mut().for_each(|job| self.progress.refresh(job));
        let next = if more {
            jobs.last().map(|job| job.id)
        } else {
            None
        };
        Ok(JobPage { jobs, next })
    }
}
