//! `QueryJobList`: jobs by id, newest first.

use reelgate_domain::JobId;
use reelgate_domain::job::JobKind;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::{Code, Refusal, service_error};
use super::render::{self, View};
use super::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    // Not mandatory for the gateway, and yet this is what the vendor answers without it.
    let Some(text) = params.get("JobIds") else {
        return Err(Refusal::new(Code::Invalid, "JobIds").into());
    };
    let ids: Vec<JobId> = request::ids("JobIds", text)?;
    let mut jobs = service.jobs(caller, &ids).await.map_err(service_error)?;
    jobs.retain(|job| job.spec.kind() == JobKind::Transcode);
    let missing: Vec<String> = ids
        .iter()
        .filter(|id| jobs.iter().all(|job| job.id != **id))
        .map(JobId::to_string)
        .collect();
    let jobs: Vec<Value> = jobs
        .iter()
        .filter_map(|job| render::job(job, View::QueryJobList))
        .collect();
    let mut answer = json!({"JobList": {"Job": jobs}});
    if !missing.is_empty() {
        answer["NonExistJobIds"] = json!({"String": missing});
    }
    Ok(answer)
}
