//! `QueryFpShotJobList`: jobs by id, or by state, pipeline and time of creation page by page, with what they found.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-queryfpshotjoblist>

use std::collections::HashMap;

use reelgate_domain::JobId;
use reelgate_domain::dna::{LibraryId, Matches};
use reelgate_domain::job::{Job, JobKind, StateName};
use reelgate_service::{Caller, ErrorKind, Service, WrittenError};
use serde_json::{Value, json};

use super::errors::service_error;
use super::job::{self, Found};
use super::request as own;
use super::status;
use crate::dna::words;
use crate::mps::{list_job, request};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let Some(text) = request::optional(params, "JobIds") else {
        return listed(service, caller, params).await;
    };
    let ids: Vec<JobId> = request::ids("JobIds", text)?;
    let mut jobs = service.jobs(caller, &ids).await.map_err(service_error)?;
    jobs.retain(words::is_fingerprint);
    let mut answer = shown(service, caller, &jobs).await?;
    let is_known = |id: &JobId| jobs.iter().any(|job| job.id == *id);
    own::put_unknown(&mut answer, &own::unknown(&ids, is_known));
    Ok(answer)
}

async fn listed(service: &Service, caller: &Caller, params: &Params) -> Result<Value, ApiError> {
    let query = list_job::query(params, JobKind::Fingerprint, status::covers)?;
    let page = service.list_jobs(caller, query).await;
    let page = page.map_err(service_error)?;
    let mut answer = shown(service, caller, &page.jobs).await?;
    if let Some(next) = page.next {
        answer["NextPageToken"] = next.to_string().into();
    }
    Ok(answer)
}

async fn shown(service: &Service, caller: &Caller, jobs: &[Job]) -> Result<Value, ApiError> {
    let stored = stored(service, caller, jobs).await?;
    let mut list = Vec::with_capacity(jobs.len());
    for one in jobs {
        let found = Found {
            stored: stored.get(&one.id).copied(),
            matches: matches(service, caller, one).await?,
        };
        list.extend(job::shown(one, &found));
    }
    Ok(json!({"FpShotJobList": {"FpShotJob": list}}))
}

/// Those of the jobs that have an entry in their library now, with its length in milliseconds.
async fn stored(
    service: &Service,
    caller: &Caller,
    jobs: &[Job],
) -> Result<HashMap<JobId, Option<u64>>, ApiError> {
    let mut of_library: HashMap<LibraryId, Vec<JobId>> = HashMap::new();
    for one in jobs {
        if let Some(spec) = job::spec(one)
            && spec.save.may_store()
            && one.lifecycle.state.name() == StateName::Succeeded
        {
            of_library.entry(spec.library).or_default().push(one.id);
        }
    }
    let mut stored = HashMap::new();
    for (library, made_by) in of_library {
        match service
            .find_library_entries(caller, library, &[], &made_by)
            .await
        {
            Ok(entries) => {
                stored.extend(
                    entries
                        .into_iter()
                        .map(|entry| (entry.job, entry.duration_ms)),
                );
            }
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(service_error(error)),
        }
    }
    Ok(stored)
}

/// What a job found, if it has searched and what it wrote is there still.
pub(super) async fn matches(
    service: &Service,
    caller: &Caller,
    job: &Job,
) -> Result<Option<Matches>, ApiError> {
    match service.matches(caller, job).await {
        Ok(matches) => Ok(Some(matches)),
        Err(WrittenError::Service(error)) => Err(service_error(error)),
        Err(
            WrittenError::Absent { .. } | WrittenError::Gone { .. } | WrittenError::Altered { .. },
        ) => Ok(None),
    }
}
