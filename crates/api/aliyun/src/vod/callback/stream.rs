//! A transcoded stream, as the messages about one and about all of a task show it.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::job::{Fault, Job};
use reelgate_domain::media::OutputResult;
use reelgate_service::{Caller, Service, ServiceError};

use super::body::{Body, link, put, put_fault, status};
use crate::vod::media::video;
use crate::vod::origin;

pub(super) async fn stream(
    service: &Service,
    caller: &Caller,
    job: &Job,
    is_good: bool,
    fault: Option<&Fault>,
) -> Result<Body, ServiceError> {
    let mut body = Body::new();
    put(&mut body, "Status", status(is_good));
    put(&mut body, "JobId", job.id.to_string());
    put(&mut body, "Definition", origin::transcode(job).definition);
    put(&mut body, "Encrypt", false);
    for (name, at) in [
        ("StartTime", job.started_at),
        ("FinishTime", job.finished_at()),
    ] {
        if let Some(at) = at {
            put(&mut body, name, format_utc(at.as_millis()));
        }
    }
    put_fault(&mut body, fault);
    let Some(OutputResult::Done {
        object,
        files,
        facts,
        ..
    }) = job.results.first().filter(|_| is_good)
    else {
        return Ok(body);
    };
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let name = object.key.file_name();
    put(
        &mut body,
        "Format",
        name.rsplit_once('.').unwrap_or_default().1,
    );
    put(&mut body, "Size", bytes);
    put(&mut body, "Bitrate", video::kilobits_text(facts));
    put(&mut body, "Duration", video::seconds(facts));
    put(&mut body, "IsAudio", facts.video().is_none());
    if let Some(rate) = video::rate_text(facts) {
        put(&mut body, "Fps", rate);
    }
    if let Some((width, height)) = video::size(facts) {
        put(&mut body, "Width", width);
        put(&mut body, "Height", height);
    }
    if let Some(url) = link(service, caller, object).await? {
        put(&mut body, "FileUrl", url);
    }
    Ok(body)
}
