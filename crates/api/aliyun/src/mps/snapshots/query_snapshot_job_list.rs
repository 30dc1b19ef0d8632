//! `QuerySnapshotJobList`: snapshot jobs by id, or by state, pipeline and time of creation page by page, newest first.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-querysnapshotjoblist>

use reelgate_domain::JobId;
use reelgate_domain::job::JobKind;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::job;
use crate::mps::errors::service_error;
use crate::mps::{beside, list_job, request};
use crate::rpc::{ApiError, Params};

const NAME: &str = "SnapshotJobIds";

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let Some(text) = request::optional(params, NAME) else {
        return listed(service, caller, params).await;
    };
    let ids: Vec<JobId> = request::ids(NAME, text)?;
    let jobs = service.jobs(caller, &ids).await.map_err(service_error)?;
    let shown = jobs.iter().filter_map(|one| {
        let shown = job::shown(one)?;
        Some((one.id, shown))
    });
    let list = ("SnapshotJobList", "SnapshotJob");
    let missing = ("NonExistSnapshotJobIds", &ids[..]);
    Ok(beside::answer(list, shown.collect(), missing))
}

async fn listed(service: &Service, caller: &Caller, params: &Params) -> Result<Value, ApiError> {
    let covers = |word: &str| job::parse(word).map(beside::states);
    let query = list_job::query(params, JobKind::Snapshot, covers)?;
    let page = service.list_jobs(caller, query).await;
    let page = page.map_err(service_error)?;
    let jobs: Vec<Value> = page.jobs.iter().filter_map(job::shown).collect();
    let mut answer = json!({"SnapshotJobList": {"SnapshotJob": jobs}});
    if let Some(next) = page.next {
        answer["NextPageToken"] = next.to_string().into();
    }
    Ok(answer)
}
