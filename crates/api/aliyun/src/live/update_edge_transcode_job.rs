//! `UpdateEdgeTranscodeJob`: changes a job that does not run.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-updateedgetranscodejob>

use reelgate_domain::stream::{StreamAddress, StreamName, StreamSpec, StreamTarget, TemplateId};
use reelgate_service::{ChangeStream, Service, WhileRunning};
use serde_json::{Value, json};

use super::errors::{About, Refusal, stream_error};
use super::{job, permission, request};
use crate::rpc::{ApiError, Call, Params};

/// Policies are asked about the domains that the job has and about those that it is to have.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    // Before the job is looked for: what is missing or invalid is so of any job.
    let (_, _) = (request::cluster(call.params)?, request::job(call.params)?);
    let change = Change::read(call.params)?;
    let stream = job::named(service, call).await?;
    let spec = change.of(&stream.spec)?;
    if let Some(spec) = &spec {
        permission::require(service, call, spec)?;
    }
    let wanted = ChangeStream {
        name: change.name,
        seen: spec.is_some().then(|| stream.spec.clone()),
        spec,
        while_running: WhileRunning::Refuse,
    };
    let changed = service.change_stream(call.caller, stream.id, wanted).await;
    let changed = changed.map_err(|error| stream_error(About::Job, error))?;
    Ok(json!({"JobId": changed.id.to_string()}))
}

/// What is to change. Absent fields stay as they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    name: Option<StreamName>,
    template: Option<TemplateId>,
    source: Option<StreamAddress>,
    target: Option<StreamAddress>,
}

impl Change {
    pub(super) fn read(params: &Params) -> Result<Self, Refusal> {
        let given = |name| request::optional(params, name);
        Ok(Self {
            name: given("Name").map(request::name).transpose()?,
            source: given("StreamInput").map(request::source).transpose()?,
            target: given("StreamOutput").map(request::target).transpose()?,
            template: given("TemplateId").map(request::template).transpose()?,
        })
    }

    /// What becomes of a job's spec; nothing if it stays as it is.
    fn of(&self, spec: &StreamSpec) -> Result<Option<StreamSpec>, Refusal> {
        let is_about_output = self.target.is_some() || self.template.is_some();
        if !is_about_output && self.source.is_none() {
            return Ok(None);
        }
        let mut spec = spec.clone();
        if let Some(address) = &self.source {
            spec.input.address = address.clone();
        }
        if is_about_output {
            // Which of several is meant cannot be said here.
            let [output] = &mut spec.outputs[..] else {
                let why = "the job has several outputs, which another API has given it";
                return Err(Refusal::Denied(why.to_owned()));
            };
            if let Some(address) = self.target.clone() {
                output.target = StreamTarget::Push { address };
            }
            output.template = self.template.unwrap_or(output.template);
        }
        Ok(Some(spec))
    }
}
