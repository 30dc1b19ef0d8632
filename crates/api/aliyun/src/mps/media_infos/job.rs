//! A media information job as answers show it.

use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::OutputResult;
use serde_json::Value;

use crate::mps::beside::{self, Phase};
use crate::mps::render::source_properties;

/// Which operation shows the job: they call the checksum by two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Submit,
    Query,
}

impl View {
    const fn checksum(self) -> &'static str {
        match self {
            Self::Submit => "MD5",
            Self::Query => "FileMd5",
        }
    }
}

/// Nothing for jobs of other kinds, and for template analyses.
pub(super) fn shown(job: &Job, view: View) -> Option<Value> {
    let JobSpec::MediaInfo(spec) = &job.spec else {
        return None;
    };
    if spec.complexity.is_some() {
        return None;
    }
    let mut members = beside::head(job, &spec.input);
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("JobId", job.id.to_string().into());
    put("State", word(Phase::of(job)).into());
    let mode = beside::noted(job, "Mode");
    let is_async = mode.and_then(|mode| mode.get("Async")?.as_bool());
    // Those of other dialects were not waited for.
    put("Async", is_async.unwrap_or(true).into());
    if let Some(OutputResult::Done { facts, .. }) = job.results.first()
        && Phase::of(job) == Phase::Succeeded
    {
        let mut properties = source_properties(facts);
        if let Some(md5) = &facts.format.md5 {
            properties.insert(view.checksum().to_owned(), md5.as_str().into());
        }
        put("Properties", Value::Object(properties));
    }
    Some(Value::Object(members))
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Waits | Phase::Runs => "Analyzing",
        Phase::Succeeded => "Success",
        Phase::Failed => "Fail",
    }
}
