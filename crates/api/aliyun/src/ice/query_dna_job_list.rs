//! `QueryDNAJobList`: jobs by their ids, in the order asked for; without ids the newest ones.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-querydnajoblist>

use reelgate_domain::JobId;
use reelgate_domain::job::{Job, JobKind};
use reelgate_domain::node::Kinds;
use reelgate_service::{Caller, JobQuery, Service, ServiceError};
use serde_json::{Value, json};

use super::errors::service_error;
use super::{job, request};
use crate::dna::words::is_fingerprint;
use crate::rpc::{ApiError, Params};

/// How many of the newest jobs are shown to who names none: as many as the older family shows.
const NEWEST: u32 = 20;

/// Unknown ids are left out: the answer has no list for them.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let found = match request::optional(params, "JobIds") {
        None => newest(service, caller).await,
        Some(text) => named(service, caller, &request::ids("JobIds", text)?).await,
    };
    let mut jobs = Vec::new();
    for found in found.map_err(service_error)? {
        jobs.extend(job::render(service, caller, &found).await?);
    }
    Ok(json!({"JobList": jobs}))
}

async fn newest(service: &Service, caller: &Caller) -> Result<Vec<Job>, ServiceError> {
    let query = JobQuery {
        kinds: Kinds::NONE.and(JobKind::Fingerprint),
        limit: NEWEST,
        ..JobQuery::default()
    };
    Ok(service.list_jobs(caller, query).await?.jobs)
}

async fn named(
    service: &Service,
    caller: &Caller,
    ids: &[JobId],
) -> Result<Vec<Job>, ServiceError> {
    let mut jobs = service.jobs(caller, ids).await?;
    jobs.retain(is_fingerprint);
    jobs.sort_by_key(|job| ids.iter().position(|id| *id == job.id));
    Ok(jobs)
}
