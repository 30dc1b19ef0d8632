//! The bodies of messages.

use futures_util::future::try_join_all;
use reelgate_api_kit::time::format_utc;
use reelgate_domain::asset::{Asset, AssetId};
use reelgate_domain::event::{EventName, JobEvent};
use reelgate_domain::job::{Fault, Job, JobSpec, StateName};
use reelgate_domain::media::{MediaFacts, OutputResult};
use reelgate_domain::{JobId, ObjectRef};
use reelgate_service::{About, AssetTask, Caller, ErrorKind, Service, ServiceError};
use serde_json::{Map, Value, json};

use super::event::Told;
use super::{pictures, stream};
use crate::vod::errors;
use crate::vod::media::video;
use crate::vod::origin;

/// How long addresses in messages are good.
const LINK_SECONDS: u64 = 3600;

/// The members of a message.
pub(super) type Body = Map<String, Value>;

/// The members that all messages have.
pub(super) fn begin(event: &JobEvent, told: Told, video: AssetId) -> Body {
    let mut body = Body::new();
    put(&mut body, "EventTime", format_utc(event.at.as_millis()));
    put(&mut body, "EventType", told.word());
    // A file that has not come in is no video.
    if !(told == Told::UploadByUrl && event.name == EventName::Failed) {
        put(&mut body, "VideoId", video.to_string());
    }
    put(
        &mut body,
        "Status",
        status(event.name == EventName::Succeeded),
    );
    body
}

pub(super) fn put(body: &mut Body, name: &str, value: impl Into<Value>) {
    body.insert(name.to_owned(), value.into());
}

pub(super) const fn status(is_good: bool) -> &'static str {
    if is_good { "success" } else { "fail" }
}

pub(super) fn put_fault(body: &mut Body, fault: Option<&Fault>) {
    if let Some(fault) = fault {
        let (code, text) = errors::job_failure(fault);
        put(body, "ErrorCode", code);
        put(body, "ErrorMessage", text);
    }
}

fn put_job(body: &mut Body, job: JobId) {
    put(body, "JobId", job.to_string());
}

pub(super) fn upload_by_url(body: &mut Body, event: &JobEvent, job: &Job) {
    put_job(body, job.id);
    put(body, "SourceURL", origin::upload(job).source_url);
    put_fault(body, event.fault.as_ref());
    if let Some(facts) = facts_of(event, job) {
        put(body, "Size", facts.format.size_bytes.to_string());
    }
}

pub(super) async fn file_upload(body: &mut Body, about: About<'_>) -> Result<(), ServiceError> {
    if let Some(facts) = facts_of(about.event, about.job) {
        put(body, "Size", facts.format.size_bytes);
    }
    if let JobSpec::Ingest(spec) = &about.job.spec
        && let Some(url) = link(about.service, &about.caller(), &spec.output).await?
    {
        put(body, "FileUrl", url);
    }
    Ok(())
}

pub(super) fn video_analysis(body: &mut Body, event: &JobEvent, job: &Job) {
    put_fault(body, event.fault.as_ref());
    let Some(facts) = facts_of(event, job) else {
        return;
    };
    if let Some((width, height)) = video::size(facts) {
        put(body, "Width", width);
        put(body, "Height", height);
    }
    put(body, "Duration", video::seconds(facts));
    put(body, "Bitrate", video::kilobits_text(facts));
    if let Some(rate) = video::rate_text(facts) {
        put(body, "Fps", rate);
    }
    put(body, "Size", facts.format.size_bytes);
}

pub(super) async fn stream_transcode(
    body: &mut Body,
    about: About<'_>,
) -> Result<(), ServiceError> {
    let (service, caller) = (about.service, about.caller());
    let fault = about.event.fault.as_ref();
    let is_good = about.event.name == EventName::Succeeded;
    let stream = stream::stream(service, &caller, about.job, is_good, fault).await?;
    body.extend(stream);
    Ok(())
}

/// Whether a task's message tells of a transcode: after a cancel nothing more is said of it.
pub(super) fn is_told(job: &Job) -> bool {
    job.lifecycle.state.name() != StateName::Cancelled
}

pub(super) async fn transcode(
    body: &mut Body,
    about: About<'_>,
    task: &AssetTask,
) -> Result<(), ServiceError> {
    let (service, caller) = (about.service, about.caller());
    let is_good = |job: &Job| job.lifecycle.state.name() == StateName::Succeeded;
    let jobs = task.jobs.iter().filter(|job| is_told(job));
    let streams = jobs.map(|job| stream::stream(service, &caller, job, is_good(job), job.fault()));
    let streams = try_join_all(streams).await?.into_iter();
    let streams: Vec<Value> = streams.map(Value::Object).collect();
    // One good stream makes the whole good, as the vendor has it.
    put(body, "Status", status(task.jobs.iter().any(is_good)));
    put(body, "StreamInfos", streams);
    Ok(())
}

pub(super) async fn snapshot(
    body: &mut Body,
    about: About<'_>,
    video: Option<&Asset>,
) -> Result<(), ServiceError> {
    let About {
        service,
        event,
        job,
        ..
    } = about;
    put_job(body, job.id);
    put(body, "SubType", "SpecifiedTime");
    put_fault(body, event.fault.as_ref());
    if event.name != EventName::Succeeded {
        return Ok(());
    }
    if let Some(video) = video {
        let caller = about.caller();
        let cover = match (&video.details.cover_url, &video.cover) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(cover)) => link(service, &caller, cover).await?,
            (None, None) => None,
        };
        if let Some(cover) = cover {
            put(body, "CoverUrl", cover);
        }
    }
    let infos = pictures::infos(job).into_iter().map(|kind| {
        json!({
            "Status": status(true),
            "SnapshotType": kind.word,
            "SnapshotCount": kind.count,
            "SnapshotFormat": kind.format,
            "JobId": job.id.to_string(),
        })
    });
    put(body, "SnapshotInfos", infos.collect::<Vec<_>>());
    Ok(())
}

/// What was found of a file that a job has brought in or looked at.
fn facts_of<'a>(event: &JobEvent, job: &'a Job) -> Option<&'a MediaFacts> {
    match job.results.first()? {
        OutputResult::Done { facts, .. } if event.name == EventName::Succeeded => Some(facts),
        OutputResult::Done { .. } | OutputResult::Failed { .. } => None,
    }
}

/// An address of a file, unless it is gone.
pub(super) async fn link(
    service: &Service,
    caller: &Caller,
    object: &ObjectRef,
) -> Result<Option<String>, ServiceError> {
    match service.share_object(caller, object, LINK_SECONDS).await {
        Ok(url) => Ok(Some(url)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
