//! Uploads: how they are found and shown, here and by the product that has the same calls under other names.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::OutputResult;
use reelgate_domain::{JobId, Timestamp};
use reelgate_service::{Caller, Service};
use serde_json::{Map, Value, json};

use super::errors::{self, service_error};
use super::origin;
use super::request::{self, Named};
use super::status::UploadStatus;
use crate::rpc::{ApiError, Params};

/// Jobs older than this are not found by queries; those that wait can be cancelled all the same.
const SHOWN_FOR_MS: i64 = 365 * 24 * 3600 * 1000;
/// The most jobs of one address that are shown.
const MOST_OF_AN_ADDRESS: u32 = 100;

/// Those of the jobs that are uploads from an address.
pub(crate) async fn by_ids(
    service: &Service,
    caller: &Caller,
    ids: &[JobId],
) -> Result<Vec<Job>, ApiError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = service.jobs(caller, ids).await.map_err(service_error)?;
    let uploads = found
        .into_iter()
        .filter(|job| job.spec.source_url().is_some());
    Ok(uploads.collect())
}

/// The first id that a job may have that queries find.
pub(crate) fn oldest_shown(now: Timestamp) -> JobId {
    let oldest = now.as_millis().saturating_sub(SHOWN_FOR_MS);
    JobId::first_at(Timestamp::from_millis(oldest))
}

/// What either product answers about uploads.
pub(crate) async fn infos(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let oldest = oldest_shown(service.now());
    let (mut shown, mut missing) = (Vec::new(), Vec::new());
    match request::named(params, "UploadURLs")? {
        Named::Ids(ids) => {
            let named: Vec<JobId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            let found = by_ids(service, caller, &named).await?;
            for text in ids {
                let job = found.iter().find(|job| job.id.to_string() == text);
                match job.filter(|job| job.id >= oldest) {
                    Some(job) => shown.push(info(job)),
                    None => missing.push(text.to_owned()),
                }
            }
        }
        Named::Addresses(urls) => {
            for text in urls {
                let mut jobs = match SourceUrl::new(text.as_str()) {
                    Ok(url) => service
                        .jobs_fetching(caller, &url, MOST_OF_AN_ADDRESS)
                        .await
                        .map_err(service_error)?,
                    Err(_) => Vec::new(),
                };
                jobs.retain(|job| job.id >= oldest);
                if jobs.is_empty() {
                    missing.push(text);
                }
                shown.extend(jobs.iter().map(info));
            }
        }
    }
    Ok(json!({"URLUploadInfoList": shown, "NonExists": missing}))
}

fn info(job: &Job) -> Value {
    let remembered = origin::upload(job);
    let status = UploadStatus::of(job);
    let mut members = Map::new();
    let mut put = |name: &str, value: String| members.insert(name.to_owned(), value.into());
    put("JobId", job.id.to_string());
    let url = match job.spec.source_url() {
        Some(url) if remembered.source_url.is_empty() => url.expose().to_owned(),
        _ => remembered.source_url,
    };
    put("UploadURL", url);
    put("Status", status.word().to_owned());
    put("CreationTime", format_utc(job.created_at.as_millis()));
    if let Some(at) = job.finished_at() {
        put("CompleteTime", format_utc(at.as_millis()));
    }
    if let Some(user_data) = remembered.user_data {
        put("UserData", user_data);
    }
    if status == UploadStatus::Success
        && let Some(media) = media_id(job)
    {
        put("MediaId", media);
    }
    if let Some(bytes) = bytes(job) {
        put("FileSize", bytes.to_string());
    }
    if let Some(fault) = job.fault() {
        let (code, message) = errors::job_failure(fault);
        put("ErrorCode", code.to_owned());
        put("ErrorMessage", message);
    } else if status == UploadStatus::UploadFail {
        let (code, message) = errors::CANCELLED;
        put("ErrorCode", code.to_owned());
        put("ErrorMessage", message.to_owned());
    }
    Value::Object(members)
}

/// The id that an upload's video has or will have.
pub(crate) fn media_id(job: &Job) -> Option<String> {
    match &job.spec {
        JobSpec::Ingest(spec) => spec.asset.as_ref().map(|plan| plan.id.to_string()),
        JobSpec::Transcode(_)
        | JobSpec::Snapshot(_)
        | JobSpec::MediaInfo(_)
        | JobSpec::Remux(_)
        | JobSpec::Fingerprint(_) => None,
    }
}

/// Of the file, once it is there.
fn bytes(job: &Job) -> Option<u64> {
    match job.results.first()? {
        OutputResult::Done { files, .. } => files.last().map(|file| file.bytes),
        OutputResult::Failed { .. } => None,
    }
}
