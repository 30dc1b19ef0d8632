//! A job as answers show it.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::dna::Matches;
use reelgate_domain::job::kind::fingerprint::FingerprintSpec;
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::{MediaFacts, OutputResult};
use serde_json::{Map, Value, json};

use super::{file, origin, result};
use crate::dna::failure;
use crate::dna::words::{self, JobStatus};

/// What is known of a job beside itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The length in milliseconds of the entry that it stored, if it did and the entry is there.
    pub(super) stored: Option<Option<u64>>,
    pub(super) matches: Option<Matches>,
}

/// Renders a job of this kind; of others, nothing. What is not known is absent.
pub(super) fn shown(job: &Job, found: &Found) -> Option<Value> {
    let spec = spec(job)?;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("Id", job.id.to_string().into());
    put("PipelineId", job.pipeline.to_string().into());
    put("State", JobStatus::of_job(job).word().into());
    if let Some((code, message)) = failure::of(job) {
        put("Code", code.into());
        put("Message", message.into());
    }
    if let Some(data) = &job.user_data {
        put("UserData", data.as_str().into());
    }
    put(
        "CreationTime",
        format_utc(job.created_at.as_millis()).into(),
    );
    if let Some(finished) = job.finished_at() {
        put("FinishTime", format_utc(finished.as_millis()).into());
    }
    let input = match origin::input(job) {
        Some(input) => input.clone(),
        None => file::named(&spec.input),
    };
    put("Input", Value::Object(input.clone()).to_string().into());
    put("InputFile", Value::Object(input));
    if found.stored.is_some() {
        put("FileId", job.id.to_string().into());
    }
    if let Some(seconds) = seconds(job, found) {
        put("Duration", seconds.into());
    }
    put(
        "FpShotConfig",
        json!({
            "PrimaryKey": spec.key.as_str(),
            "SaveType": words::save_word(spec.save),
            "FpDBId": spec.library.to_string(),
        }),
    );
    if let Some(matches) = &found.matches {
        put("FpShotResult", result::shown(matches));
    }
    Some(Value::Object(members))
}

/// What a job of this kind does.
pub(super) fn spec(job: &Job) -> Option<&FingerprintSpec> {
    match &job.spec {
        JobSpec::Fingerprint(spec) => Some(spec),
        JobSpec::Transcode(_)
        | JobSpec::Ingest(_)
        | JobSpec::Snapshot(_)
        | JobSpec::MediaInfo(_)
        | JobSpec::Remux(_) => None,
    }
}

/// The length of the source in whole seconds.
fn seconds(job: &Job, found: &Found) -> Option<u64> {
    let of = |facts: &MediaFacts| facts.format.duration_seconds;
    let told = match job.results.first() {
        Some(OutputResult::Done { facts, source, .. }) => {
            source.as_deref().and_then(of).or_else(|| of(facts))
        }
        Some(OutputResult::Failed { .. }) | None => None,
    };
    let stored_ms = found.stored.flatten();
    let ms = told.map(|seconds| seconds * 1000.0);
    let ms = ms.or(stored_ms.map(|ms| ms as f64))?;
    // A cast of a float stops at the ends of the range.
    Some((ms / 1000.0).round() as u64)
}
