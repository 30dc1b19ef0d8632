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

/// A page by its number.
#[derive(Clone, Debug)]
pub struct CountedJobs {
    pub jobs: Vec<Job>,
    /// How many jobs the query finds in all, the pages before and after too; from `count_to` on only that
    /// there are at least so many.
    pub total: u64,
    pub is_last: bool,
}

/// One page of jobs.
#[derive(Clone, Debug)]
pub struct JobPage {
    pub jobs: Vec<Job>,
    /// Where the next page goes on, if there is one.
    pub next: Option<JobId>,
}

impl Service {
    /// How many jobs the query finds, or `most` if there are more. It costs an entry of an index for each.
    pub async fn count_jobs(
        &self,
        caller: &Caller,
        query: &JobQuery,
        most: u64,
    ) -> Result<u64, ServiceError> {
        let counted = self
            .store
            .count_jobs(caller.account, filter(query), most)
            .await?;
        Ok(counted)
    }

    /// The page of the query after this many jobs. Finding its beginning costs an entry of an index for each of
    /// them, counting one for each that is counted.
    pub async fn count_jobs_page(
        &self,
        caller: &Caller,
        mut query: JobQuery,
        offset: u64,
        count_to: u64,
    ) -> Result<CountedJobs, ServiceError> {
        let filter = filter(&query);
        let counted = self
            .store
            .count_jobs(caller.account, filter.clone(), count_to)
            .await?;
        if let Some(place) = offset.checked_sub(1) {
            // What was counted to its end needs no walk to know that there is nothing behind it.
            let is_beyond = counted < count_to && counted <= place;
            let last_before = match is_beyond {
                true => None,
                false => self.store.job_at(caller.account, filter, place).await?,
            };
            let Some(last_before) = last_before else {
                return Ok(CountedJobs {
                    jobs: Vec::new(),
                    total: counted,
                    is_last: true,
                });
            };
            query.after = Some(last_before);
        }
        let page = self.list_jobs(caller, query).await?;
        let is_last = page.next.is_none();
        let seen = offset + page.jobs.len() as u64 + u64::from(!is_last);
        Ok(CountedJobs {
            jobs: page.jobs,
            total: counted.max(seen),
            is_last,
        })
    }

    pub async fn list_jobs(
        &self,
        caller: &Caller,
        query: JobQuery,
    ) -> Result<JobPage, ServiceError> {
        let limit = query.limit.clamp(1, 100);
        let filter = filter(&query);
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

fn filter(query: &JobQuery) -> JobFilter {
    JobFilter {
        kinds: query.kinds,
        states: query.states.clone(),
        started: query.started,
        pipeline: query.pipeline,
        created_from: query.created_from,
        created_to: query.created_to,
        before: query.after,
    }
}
