//! `CancelUrlUploadJobs`: uploads that wait for their first start will never start.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-cancelurluploadjobs>

use reelgate_domain::JobId;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, JobKind, Named as Jobs, Selector, StopMode,
};
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::request::{self, Named};
use super::upload;
use crate::rpc::{ApiError, Params};

/// All of it is one write. What has started, has ended or was cancelled before is in neither list.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    match request::named(params, "UploadUrls")? {
        Named::Ids(ids) => by_ids(service, caller, ids).await,
        Named::Addresses(urls) => by_addresses(service, caller, urls).await,
    }
}

async fn by_ids(service: &Service, caller: &Caller, ids: Vec<&str>) -> Result<Value, ApiError> {
    let parsed: Vec<Option<JobId>> = ids.iter().map(|id| id.parse().ok()).collect();
    let named: Vec<JobId> = parsed.iter().copied().flatten().collect();
    // A registration is a job of the same kind, and it is no upload: it does not exist here.
    let found = upload::by_ids(service, caller, &named).await?;
    let mut uploads = named;
    uploads.retain(|id| found.iter().any(|job| job.id == *id));
    let asked = uploads.clone();
    let (cancelled, gone) = cancel(service, caller, Jobs::Ids(uploads)).await?;
    let gone: Vec<JobId> = gone
        .into_iter()
        .filter_map(|at| asked.get(at).copied())
        .collect();
    // What queries do not find any more does not exist, unless it was cancelled just now.
    let oldest = upload::oldest_shown(service.now());
    let missing = ids.into_iter().zip(parsed).filter(|(text, id)| {
        let exists =
            id.is_some_and(|id| asked.contains(&id) && !gone.contains(&id) && id >= oldest);
        !exists && !cancelled.iter().any(|id| id == text)
    });
    let missing: Vec<&str> = missing.map(|(text, _)| text).collect();
    Ok(json!({"CanceledJobs": cancelled, "NonExists": missing}))
}

async fn by_addresses(
    service: &Service,
    caller: &Caller,
    urls: Vec<String>,
) -> Result<Value, ApiError> {
    let mut missing = Vec::new();
    let mut named = Vec::new();
    for url in urls {
        match SourceUrl::new(url.as_str()) {
            Ok(url) => named.push(url),
            Err(_) => missing.push(url),
        }
    }
    let asked = named.clone();
    let (cancelled, unknown) = cancel(service, caller, Jobs::SourceUrls(named)).await?;
    let unknown = unknown.into_iter().filter_map(|index| asked.get(index));
    missing.extend(unknown.map(|url| url.expose().to_owned()));
    Ok(json!({"CanceledJobs": cancelled, "NonExists": missing}))
}

/// The jobs that were cancelled, and the places of what names none.
async fn cancel(
    service: &Service,
    caller: &Caller,
    named: Jobs,
) -> Result<(Vec<String>, Vec<usize>), ApiError> {
    let is_empty = match &named {
        Jobs::Ids(ids) => ids.is_empty(),
        Jobs::Numbers(numbers) => numbers.is_empty(),
        Jobs::SourceUrls(urls) => urls.is_empty(),
    };
    if is_empty {
        return Ok((Vec::new(), Vec::new()));
    }
    let selector = Selector::all(named).of(JobKind::Ingest);
    let outcomes = service
        .cancel(
            caller,
            selector,
            CancelPolicy::QueuedOnly,
            StopMode::Graceful,
        )
        .await
        .map_err(service_error)?;
    let (mut cancelled, mut missing) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            CancelOutcome::Cancelled { id, .. } => cancelled.push(id.to_string()),
            CancelOutcome::Missing { index } => missing.push(index),
            CancelOutcome::Refused { .. } => {}
            CancelOutcome::Stopping { id, .. } => {
                let what = format!("cancelling upload {id} while it is queued stopped it");
                return Err(ApiError::internal(what));
            }
        }
    }
    Ok((cancelled, missing))
}
