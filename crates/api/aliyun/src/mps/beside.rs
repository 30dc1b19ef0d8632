//! Jobs beside transcodes: what is remembered of their requests, and what all answers about them have.

use reelgate_api_kit::RequestId;
use reelgate_api_kit::time::format_utc;
use reelgate_domain::job::{Job, JobState, MAX_USER_DATA_BYTES, Origin, StateName};
use reelgate_domain::{JobId, ObjectRef, PipelineId};
use reelgate_service::{Caller, Service, Submission, SubmitJob};
use serde_json::{Map, Value, json};

use super::errors::{self, Code, Refusal, service_error};
use super::render::file;
use super::{origin, request};
use crate::rpc::{ApiError, Params};

/// What a job remembers of its request: parts of it under their names.
pub(super) fn note<const N: usize>(
    parts: [(&str, Map<String, Value>); N],
    request_id: RequestId,
) -> Result<Origin, Refusal> {
    let parts = parts.map(|(name, members)| (name.to_owned(), Value::Object(members)));
    let mut noted = Some(origin::ours(Value::Object(parts.into_iter().collect())));
    origin::note_request(&mut noted, &request_id.to_string());
    // Only absurd spellings of small values get this long.
    let fitting = noted.filter(Origin::fits);
    fitting.ok_or_else(|| Refusal::new(Code::OutOfRange, "Input"))
}

/// A part of the request of a job that this product made; `None` of any other.
pub(super) fn noted<'a>(job: &'a Job, name: &str) -> Option<&'a Map<String, Value>> {
    origin::read(job.origin.as_ref())?.get(name)?.as_object()
}

/// What the caller wants to have repeated.
pub(super) fn user_data(params: &Params) -> Result<Option<String>, Refusal> {
    match request::optional(params, "UserData") {
        Some(text) if text.len() > MAX_USER_DATA_BYTES => {
            Err(Refusal::new(Code::OutOfRange, "UserData"))
        }
        // It cannot be kept in every store.
        Some(text) if text.contains('\0') => Err(Refusal::new(Code::Format, "UserData")),
        text => Ok(text.map(str::to_owned)),
    }
}

/// The pipeline that a call names; without one it is the account's default.
pub(super) fn pipeline(params: &Params) -> Result<Option<PipelineId>, Refusal> {
    let text = request::optional(params, "PipelineId");
    text.map(|text| request::id("PipelineId", text)).transpose()
}

/// Queues one job.
pub(super) async fn submit(
    service: &Service,
    caller: &Caller,
    pipeline: Option<PipelineId>,
    job: SubmitJob,
) -> Result<Job, ApiError> {
    let jobs = vec![job];
    let submitted = service.submit(caller, Submission { pipeline, jobs }).await;
    let first = submitted.map_err(service_error)?.into_iter().next();
    first.ok_or_else(|| ApiError::internal("a submission of one job came to none"))
}

/// The members that answers have for every job: how it failed, when it was made, where it waits, what it reads.
pub(super) fn head(job: &Job, input: &ObjectRef) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if let Some((code, message)) = failure(job, input) {
        put("Code", code.into());
        put("Message", message.into());
    }
    put("PipelineId", job.pipeline.to_string().into());
    let created = format_utc(job.created_at.as_millis());
    put("CreationTime", created.into());
    if let Some(data) = &job.user_data {
        put("UserData", data.as_str().into());
    }
    let input = match noted(job, "Input") {
        Some(echo) => echo.clone(),
        None => file(input),
    };
    put("Input", Value::Object(input));
    // The object stands for "no message was sent": SDKs reach through it without a look.
    put("MNSMessageResult", json!({}));
    members
}

/// Code and message of a job that ended without success. The vendor knows no cancel of these jobs; the native API does.
fn failure(job: &Job, input: &ObjectRef) -> Option<(&'static str, String)> {
    if let JobState::Cancelled { .. } = job.lifecycle.state {
        let message = "The job was cancelled.".to_owned();
        return Some((Code::Cancelled.as_str(), message));
    }
    let fault = job.fault()?;
    Some(errors::job_failure(fault, input.key.as_str()))
}

/// The states that show as waiting, running, successful and failed, and which of their jobs: started ones, others, or
/// all.
pub(super) fn states(phase: Phase) -> (Vec<StateName>, Option<bool>) {
    match phase {
        Phase::Waits => (vec![StateName::Queued], Some(false)),
        Phase::Runs => {
            let states = vec![
                StateName::Queued,
                StateName::Running,
                StateName::Publishing,
                StateName::Stopping,
            ];
            (states, Some(true))
        }
        Phase::Succeeded => (vec![StateName::Succeeded], None),
        Phase::Failed => (vec![StateName::Failed, StateName::Cancelled], None),
    }
}

/// How far a job is, as far as answers tell. A job that waits for another attempt runs for the vendor, which knows no
/// way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Waits,
    Runs,
    Succeeded,
    Failed,
}

impl Phase {
    pub(super) fn of(job: &Job) -> Self {
        Self::of_state(job.lifecycle.state.name(), job.lifecycle.has_started())
    }

    const fn of_state(state: StateName, started: bool) -> Self {
        match (state, started) {
            (StateName::Queued, false) => Self::Waits,
            (StateName::Queued, true)
            | (StateName::Running | StateName::Publishing | StateName::Stopping, _) => Self::Runs,
            (StateName::Succeeded, _) => Self::Succeeded,
            (StateName::Failed | StateName::Cancelled, _) => Self::Failed,
        }
    }
}

/// The answer to a query by ids: what was found in its list, and the ids of which there is nothing.
pub(super) fn answer(
    (list, item): (&str, &str),
    shown: Vec<(JobId, Value)>,
    (missing, ids): (&str, &[JobId]),
) -> Value {
    let is_missing = |id: &&JobId| !shown.iter().any(|(known, _)| known == *id);
    let unknown: Vec<String> = ids
        .iter()
        .filter(is_missing)
        .map(JobId::to_string)
        .collect();
    let jobs: Vec<Value> = shown.into_iter().map(|(_, job)| job).collect();
    let mut answer = json!({list: {item: jobs}});
    if !unknown.is_empty() {
        answer[missing] = json!({"String": unknown});
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_exactly_the_jobs_that_show_its_state() {
        for phase in [Phase::Waits, Phase::Runs, Phase::Succeeded, Phase::Failed] {
            let (covered, only_started) = states(phase);
            for state in StateName::ALL {
                for started in [false, true] {
                    // No job is in one of these without a start.
                    let runs = matches!(
                        state,
                        StateName::Running | StateName::Publishing | StateName::Stopping
                    );
                    if runs && !started {
                        continue;
                    }
                    let found =
                        covered.contains(&state) && only_started.is_none_or(|want| want == started);
                    assert_eq!(found, Phase::of_state(state, started) == phase, "{state:?}");
                }
            }
        }
    }
}
