//! `GetTranscodeTask`: one task with its transcodes, or up to 10 transcodes.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-gettranscodetask>

use reelgate_domain::{JobId, SubmissionId};
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::task;
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::media::video::is_transcode;
use crate::vod::request;

const MOST_JOBS: usize = 10;

/// If both are given the jobs count alone.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    if let Some(text) = request::optional(params, "JobIds") {
        return of_jobs(service, caller, text).await;
    }
    let Some(text) = request::optional(params, "TranscodeTaskId") else {
        let either = "TranscodeTaskId or JobIds";
        return Err(Refusal::new(Code::MissingParameter, either).into());
    };
    let unknown = || Refusal::new(Code::NoSuchResource, text);
    let id: SubmissionId = text.parse().map_err(|_invalid| unknown())?;
    let found = service
        .asset_task(caller, id)
        .await
        .map_err(service_error)?;
    let mut found = found.ok_or_else(unknown)?;
    found.jobs.retain(is_transcode);
    if found.jobs.is_empty() {
        return Err(unknown().into());
    }
    let mut view = task::task(&found);
    let mut jobs = Vec::with_capacity(found.jobs.len());
    for job in &found.jobs {
        jobs.push(task::job(service, caller, job).await?);
    }
    view["TranscodeJobInfoList"] = jobs.into();
    Ok(json!({"TranscodeTask": view}))
}

async fn of_jobs(service: &Service, caller: &Caller, text: &str) -> Result<Value, ApiError> {
    let asked = request::items(text, MOST_JOBS, "JobIds")?;
    let asked = request::each_once(asked);
    let ids: Vec<JobId> = asked.iter().filter_map(|id| id.parse().ok()).collect();
    let found = match ids.is_empty() {
        true => Vec::new(),
        false => service.jobs(caller, &ids).await.map_err(service_error)?,
    };
    let (mut jobs, mut missing) = (Vec::new(), Vec::new());
    for text in asked {
        let job = found.iter().find(|job| job.id.to_string() == text);
        match job.filter(|job| is_transcode(job)) {
            Some(job) => jobs.push(task::job(service, caller, job).await?),
            None => missing.push(text),
        }
    }
    Ok(json!({"TranscodeJobInfoList": jobs, "NonExistJobIds": missing}))
}
