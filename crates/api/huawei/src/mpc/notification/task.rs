//! What a message says of a task: what answers show of it, in the messages' own words for states.

use reelgate_domain::event::{EventName, JobEvent};
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::{MediaFacts, OutputResult};
use reelgate_domain::{ObjectRef, Timestamp};
use serde_json::{Map, Value, json};

use crate::mpc::facts::{self, Members};
use crate::mpc::transcodings::render;
use crate::mpc::{failure, times};

/// What is the same all the time.
const ALWAYS: [&str; 5] = ["task_id", "create_time", "input", "output", "user_data"];
/// What is known in the end.
const IN_THE_END: [&str; 3] = ["start_time", "description", "media_detail"];

/// When work has begun. What has happened since is not told yet.
pub(super) fn started(job: &Job, at: Timestamp) -> Value {
    let mut info = of(job, &ALWAYS);
    info.put("status", Some("TRANSCODING"));
    info.put("start_time", Some(times::format(at)));
    Value::Object(info.0)
}

/// When it has ended.
pub(super) fn ended(job: &Job, event: &JobEvent) -> Value {
    let is_good = event.name == EventName::Succeeded;
    let mut info = of(job, &ALWAYS);
    info.0.extend(of(job, &IN_THE_END).0);
    info.put("status", Some(if is_good { "SUCCEED" } else { "FAILED" }));
    info.put("end_time", Some(times::format(event.at)));
    if let Some(fault) = &event.fault {
        info.put("error_code", Some(failure::code(fault)));
        info.put("description", Some(failure::text(fault)));
        info.0.remove("media_detail");
    }
    Value::Object(info.0)
}

/// Some of what is shown of a task.
fn of(job: &Job, names: &[&str]) -> Members {
    let shown = match &job.spec {
        JobSpec::Transcode(_) => render::detailed(job),
        _ => Value::Object(shown(job).0),
    };
    let mut members = Members::default();
    for name in names {
        members.put(name, shown.get(*name).cloned());
    }
    // What a family has in the place of the details.
    if names.contains(&"media_detail") {
        for name in ["thumbnail_info", "output_metadata", "metadata"] {
            members.put(name, shown.get(name).cloned());
        }
    }
    members
}

/// A task that transcodes nothing.
fn shown(job: &Job) -> Members {
    let mut members = Members::default();
    members.put("task_id", Some(job.number.0.to_string()));
    members.put("create_time", Some(times::format(job.created_at)));
    members.put("start_time", job.started_at.map(times::format));
    members.put("user_data", job.user_data.as_deref());
    let (input, output) = match &job.spec {
        JobSpec::Snapshot(spec) => (Some(&spec.input), Some(&spec.output)),
        JobSpec::Remux(spec) => (Some(&spec.input), Some(&spec.output)),
        JobSpec::MediaInfo(spec) => (Some(&spec.input), spec.output.as_ref()),
        JobSpec::Ingest(spec) => (None, Some(&spec.output)),
        JobSpec::Transcode(_) => (None, None),
    };
    // As the call that made the task gave them, if it was one of this product.
    let request = job.origin.as_ref().map(|origin| &origin.request);
    let given = |name: &str| {
        request?
            .get(name)
            .filter(|it| it.get("bucket").is_some())
            .cloned()
    };
    members.put("input", given("input").or_else(|| input.map(place)));
    members.put("output", given("output").or_else(|| output.map(place)));
    let Some(OutputResult::Done { files, facts, .. }) = job.results.first() else {
        return members;
    };
    members.put("description", Some(failure::COMPLETED.1));
    match &job.spec {
        JobSpec::Snapshot(_) => {
            let pictures = files
                .iter()
                .map(|file| json!({"pic_name": file.key.file_name()}));
            members.put("thumbnail_info", Some(pictures.collect::<Vec<_>>()));
        }
        JobSpec::Remux(spec) => {
            let name = spec.output.key.file_name();
            members.put("output_metadata", Some(metadata(facts, name)));
        }
        JobSpec::MediaInfo(spec) => {
            let name = spec.input.key.file_name();
            members.put("metadata", Some(metadata(facts, name)));
        }
        JobSpec::Ingest(_) | JobSpec::Transcode(_) => {}
    }
    members
}

fn place(object: &ObjectRef) -> Value {
    json!({"bucket": object.bucket, "object": object.key.as_str()})
}

/// What is in a file of this name.
fn metadata(facts: &MediaFacts, name: &str) -> Value {
    let whole = &facts.format;
    let mut members = Members(Map::new());
    members.put("size", Some(whole.size_bytes));
    members.put("format", Some(facts::format(facts, name)));
    members.put("duration", whole.duration_seconds.map(facts::whole_seconds));
    // So called, and in seconds.
    members.put("duration_ms", whole.duration_seconds);
    members.put("bitrate", whole.bit_rate);
    members.put("md5", whole.md5.as_deref());
    let video: Vec<Value> = facts::video_info(facts).into_iter().collect();
    members.put("video", Some(video));
    members.put("audio", Some(facts::all_audio(facts).collect::<Vec<_>>()));
    Value::Object(members.0)
}
