//! What the tasks of the newer family are listed with, whatever they do.

use reelgate_domain::job::{Job, MAX_USER_DATA_BYTES};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult, StreamDetail, StreamFacts};
use serde_json::{Map, Value};

use super::facts::{self, Members};
use super::failure;
use super::fields::Fields;
use super::remembered::Kept;
use super::status::{NEWER, TaskStatus};
use super::times;
use crate::errors::ApiError;

/// The members that all of them have; `file_name` is that of what was made.
pub(super) fn head(job: &Job, kept: &Kept, file_name: Option<&str>) -> Members {
    let status = TaskStatus::of_job(job);
    let mut members = Members::default();
    members.put("task_id", Some(job.number.0.to_string()));
    members.put("status", Some(status.word(NEWER)));
    members.put("create_time", Some(times::format(job.created_at)));
    members.put("start_time", job.started_at.map(times::format));
    members.put("end_time", job.finished_at().map(times::format));
    if let Some(fault) = job.fault() {
        members.put("error_code", Some(failure::code(fault)));
        members.put("description", Some(failure::text(fault)));
    } else if status == TaskStatus::Succeeded {
        let (code, words) = failure::COMPLETED;
        members.put("error_code", Some(code));
        members.put("description", Some(words));
    }
    members.put("user_data", job.user_data.as_deref());
    members.put("input", Some(kept.input.clone()));
    members.put(
        "output",
        kept.output.clone().map(|output| named(output, file_name)),
    );
    members
}

/// An address with the name of what was made.
pub(super) fn named(mut output: Map<String, Value>, file_name: Option<&str>) -> Map<String, Value> {
    if let Some(name) = file_name {
        output.insert("file_name".to_owned(), name.into());
    }
    output
}

/// What a task of one result that has succeeded has made.
pub(super) fn made(job: &Job) -> Option<(&[OutputFile], &MediaFacts)> {
    let is_there = TaskStatus::of_job(job) == TaskStatus::Succeeded;
    match job.results.first().filter(|_| is_there)? {
        OutputResult::Done { files, facts, .. } => Some((files, facts)),
        OutputResult::Failed { .. } => None,
    }
}

/// The name of its main file.
pub(super) fn main_file(job: &Job) -> Option<&str> {
    let (files, _) = made(job)?;
    files.last().map(|file| file.key.file_name())
}

/// `MetaData`: what is in a file of this name.
pub(super) fn metadata(facts: &MediaFacts, file_name: &str) -> Value {
    let whole = &facts.format;
    let mut members = Members::default();
    members.put("size", Some(whole.size_bytes));
    // In seconds, whatever its name says.
    members.put("duration_ms", whole.duration_seconds);
    members.put("duration", whole.duration_seconds.map(facts::whole_seconds));
    members.put("format", Some(facts::format(facts, file_name)));
    members.put("md5", whole.md5.as_deref());
    members.put("bitrate", whole.bit_rate);
    let video = |stream: &&StreamFacts| matches!(stream.detail, StreamDetail::Video(_));
    let video = facts.streams.iter().filter(video).filter_map(|stream| {
        let alone = MediaFacts {
            streams: vec![stream.clone()],
            ..MediaFacts::default()
        };
        facts::video_info(&alone)
    });
    members.put("video", Some(video.collect::<Vec<Value>>()));
    members.put(
        "audio",
        Some(facts::all_audio(facts).collect::<Vec<Value>>()),
    );
    Value::Object(members.0)
}

/// `user_data`, which is repeated as it is.
pub(super) fn user_data(body: &mut Fields) -> Result<Option<String>, ApiError> {
    let data = body.text("user_data")?;
    match &data {
        Some(text) if text.len() > MAX_USER_DATA_BYTES || text.contains('\0') => {
            let why =
                format!("must have at most {MAX_USER_DATA_BYTES} bytes and no zero character");
            Err(body.refuse("user_data", &why))
        }
        _ => Ok(data),
    }
}

/// A switch of 0 and 1.
pub(super) fn switch(body: &mut Fields, name: &str, default: i64) -> Result<bool, ApiError> {
    Ok(body.integer(name, 0..=1)?.unwrap_or(default) == 1)
}
