//! A task, and a transcode of it, as answers show them.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::Timestamp;
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::OutputResult;
use reelgate_service::{AssetTask, Caller, ErrorKind, Service};
use serde_json::{Map, Value, json};

use crate::rpc::ApiError;
use crate::vod::errors::{self, service_error};
use crate::vod::media::video;
use crate::vod::origin;
use crate::vod::status::{TranscodeStatus, task_word};

/// How long addresses in a task are good.
const LINK_SECONDS: u64 = 3600;

/// What lists of tasks show of one.
pub(super) fn task(task: &AssetTask) -> Value {
    let mut view = json!({
        "TranscodeTaskId": task.id.to_string(),
        "VideoId": task.asset.to_string(),
        "TaskStatus": task_word(&task.jobs),
    });
    if let Some(first) = task.jobs.first() {
        let remembered = origin::transcode(first);
        view["Trigger"] = remembered.trigger.word().into();
        view["TranscodeTemplateGroupId"] = remembered.template_group_id.into();
        view["CreationTime"] = format_utc(first.created_at.as_millis()).into();
    }
    if let Some(at) = completed_at(task) {
        view["CompleteTime"] = format_utc(at.as_millis()).into();
    }
    view
}

/// When the last of its jobs ended, once all have.
pub(super) fn completed_at(task: &AssetTask) -> Option<Timestamp> {
    let ends: Option<Vec<Timestamp>> = task.jobs.iter().map(Job::finished_at).collect();
    ends?.into_iter().max()
}

/// All about one transcode.
pub(super) async fn job(service: &Service, caller: &Caller, job: &Job) -> Result<Value, ApiError> {
    let remembered = origin::transcode(job);
    let mut view = head(job);
    let mut put = |name: &str, value: Value| view.insert(name.to_owned(), value);
    put("TranscodeJobId", job.id.to_string().into());
    put("Definition", remembered.definition.into());
    put("Priority", job.priority.level().to_string().into());
    if let JobSpec::Transcode(spec) = &job.spec
        && let Some(url) = link(service, caller, &spec.input).await?
    {
        put("InputFileUrl", url.into());
    }
    if let Some(OutputResult::Done {
        object,
        files,
        facts,
        ..
    }) = job.results.first()
    {
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let name = object.key.file_name();
        let mut file = json!({
            "Format": name.rsplit_once('.').unwrap_or_default().1,
            "Filesize": bytes,
            "Duration": video::seconds_text(facts),
            "Bitrate": video::kilobits_text(facts),
            "WatermarkIdList": [],
        });
        if let Some(url) = link(service, caller, object).await? {
            file["OutputFileUrl"] = url.into();
        }
        if let Some(rate) = video::rate_text(facts) {
            file["Fps"] = rate.into();
        }
        if let Some((width, height)) = video::size(facts) {
            file["Width"] = width.to_string().into();
            file["Height"] = height.to_string().into();
        }
        put("OutputFile", file);
    }
    Ok(Value::Object(view))
}

/// What summaries show of a transcode.
pub(super) fn summary(job: &Job) -> Value {
    let mut view = head(job);
    let mut put = |name: &str, value: Value| view.insert(name.to_owned(), value);
    put("WatermarkIdList", json!([]));
    if let Some(OutputResult::Done {
        object,
        files,
        facts,
        ..
    }) = job.results.first()
    {
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let name = object.key.file_name();
        put("Format", name.rsplit_once('.').unwrap_or_default().1.into());
        put("Filesize", bytes.into());
        put("Duration", video::seconds_text(facts).into());
        put("Bitrate", video::kilobits_text(facts).into());
        if let Some(rate) = video::rate_text(facts) {
            put("Fps", rate.into());
        }
        if let Some((width, height)) = video::size(facts) {
            put("Width", width.to_string().into());
            put("Height", height.to_string().into());
        }
    }
    Value::Object(view)
}

fn head(job: &Job) -> Map<String, Value> {
    let remembered = origin::transcode(job);
    let status = TranscodeStatus::of(job);
    let mut view = Map::new();
    let mut put = |name: &str, value: Value| view.insert(name.to_owned(), value);
    put("TranscodeJobStatus", status.word().into());
    let progress = match status {
        TranscodeStatus::Success => 100,
        TranscodeStatus::Transcoding | TranscodeStatus::Fail => job.progress,
    };
    put("TranscodeProgress", progress.into());
    put("TranscodeTemplateId", remembered.template_id.into());
    put(
        "CreationTime",
        format_utc(job.created_at.as_millis()).into(),
    );
    if let Some(at) = job.finished_at() {
        put("CompleteTime", format_utc(at.as_millis()).into());
    }
    if status == TranscodeStatus::Fail {
        let (code, message) = match job.fault() {
            Some(fault) => errors::job_failure(fault),
            None => (errors::CANCELLED.0, errors::CANCELLED.1.to_owned()),
        };
        put("ErrorCode", code.into());
        put("ErrorMessage", message.into());
    }
    view
}

/// An address of a file, unless it is gone.
async fn link(
    service: &Service,
    caller: &Caller,
    object: &reelgate_domain::ObjectRef,
) -> Result<Option<String>, ApiError> {
    match service.share_object(caller, object, LINK_SECONDS).await {
        Ok(url) => Ok(Some(url)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(service_error(error)),
    }
}
