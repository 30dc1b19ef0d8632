//! A job as answers show it. Almost every number is a string, and what is not known is absent.

mod echo;
mod foreign;
mod properties;

use reelgate_api_kit::time::format_utc;
use reelgate_domain::job::Job;
use reelgate_domain::job::kind::transcode::TranscodeSpec;
use reelgate_domain::media::OutputResult;
use serde_json::{Map, Value, json};

pub(super) use foreign::file;
pub(super) use properties::source_properties;

use super::errors;
use super::origin::Remembered;
use super::status::JobStatus;

/// Which operation shows the job: they differ in a few fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    SubmitJobs,
    ListJob,
    QueryJobList,
}

/// Renders a job, if it is a transcode. One that another dialect made shows its first output, from its spec
/// alone.
pub(super) fn job(job: &Job, view: View) -> Option<Value> {
    let spec = job.spec.transcode()?;
    let request = Remembered::of(job);
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("JobId", job.id.to_string().into());
    put("State", JobStatus::of_job(job).word().into());
    if let Some(fault) = job.fault() {
        let (code, message) = errors::job_failure(fault, spec.input.key.as_str());
        put("Code", code.into());
        put("Message", message.into());
    }
    put("Percent", percent(job).into());
    put("PipelineId", job.pipeline.to_string().into());
    let created = format_utc(job.created_at.as_millis());
    if view == View::QueryJobList {
        put("SubmitTime", created.as_str().into());
    }
    put("CreationTime", created.into());
    if let Some(finished) = job.finished_at() {
        put("FinishTime", format_utc(finished.as_millis()).into());
    }
    // The object stands for "no message was sent": SDKs reach through it without a look.
    put("MNSMessageResult", json!({}));
    let input = match &request {
        Some(request) => request.input.clone(),
        None => file(&spec.input),
    };
    put("Input", Value::Object(input));
    put("Output", Value::Object(output((job, spec), request, view)));
    Some(Value::Object(members))
}

fn output(
    (job, spec): (&Job, &TranscodeSpec),
    request: Option<Remembered<'_>>,
    view: View,
) -> Map<String, Value> {
    let first = spec.outputs.first();
    let mut output = match (request, first) {
        (Some(request), _) => echo::output(request, view),
        (None, Some(output)) => foreign::output(output),
        (None, None) => Map::new(),
    };
    output.insert(
        "Priority".to_owned(),
        job.priority.level().to_string().into(),
    );
    if let Some(data) = &job.user_data {
        output.insert("UserData".to_owned(), data.as_str().into());
    }
    if let (Some(first), Some(OutputResult::Done { facts, .. })) = (first, job.results.first())
        && JobStatus::of_job(job) == JobStatus::TranscodeSuccess
    {
        let properties = properties::properties(facts, first.settings.container, view);
        output.insert("Properties".to_owned(), properties);
    }
    output
}

/// A job that succeeded is at 100 even if the last progress came late.
fn percent(job: &Job) -> u8 {
    if JobStatus::of_job(job) == JobStatus::TranscodeSuccess {
        100
    } else {
        job.progress.min(100)
    }
}

#[cfg(test)]
mod tests;
