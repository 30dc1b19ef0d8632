//! `SubmitJobs`: one job for each output that can be made, all of them siblings.

use reelgate_api_kit::{RequestId, json as strict_json};
use reelgate_domain::job::kind::transcode::TranscodeSpec;
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::{BucketName, PipelineId};
use reelgate_service::{Caller, ErrorKind, Service, ServiceError, Submission, SubmitJob};
use serde_json::{Map, Value, json};

use super::configs::Configs;
use super::errors::{Code, Refusal, service_error};
use super::input::{self, Input};
use super::origin::{self, JobRequest};
use super::output::{self, Accepted, Target};
use super::render::{self, View};
use super::request;
use super::templates::Used;
use crate::rpc::{ApiError, Params};

/// The most outputs of one call.
const MOST_OUTPUTS: usize = 30;

/// Problems of what all outputs share are errors of the call; those of one output become its result. The call
/// succeeds even if every output is refused.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
    request_id: RequestId,
) -> Result<Value, ApiError> {
    let request = Request::read(params)?;
    let templates = Used::find(service, caller, &request.outputs).await?;
    let configs = Configs::find(service, caller, &request.outputs).await?;
    let request_id = request_id.to_string();
    let mut jobs = Vec::with_capacity(request.outputs.len());
    let mut refusals = Vec::with_capacity(request.outputs.len());
    let buckets = request.buckets();
    let pipeline = request.pipeline;
    for output in request.jobs(&templates, &configs) {
        match output {
            Ok(mut job) => {
                origin::note_request(&mut job.origin, &request_id);
                jobs.push(job);
                refusals.push(None);
            }
            Err(refusal) => refusals.push(Some(refusal)),
        }
    }
    let jobs = if jobs.is_empty() {
        check_shared(service, caller, &buckets, pipeline).await?;
        Vec::new()
    } else {
        let submission = Submission {
            pipeline: Some(pipeline),
            jobs,
        };
        let jobs = service.submit(caller, submission).await;
        jobs.map_err(service_error)?
    };
    Ok(answer(&refusals, &jobs))
}

/// The parameters, read: what all outputs share, and each output as it was sent.
pub(super) struct Request {
    input: Input,
    bucket: BucketName,
    /// The bucket as the caller wrote it, and where it is said to be.
    file: (String, String),
    pipeline: PipelineId,
    outputs: Vec<Value>,
}

impl Request {
    pub(super) fn read(params: &Params) -> Result<Self, ApiError> {
        for name in ["Input", "OutputBucket", "Outputs", "PipelineId"] {
            request::required(params, name)?;
        }
        let input = Input::parse(params.required("Input")?)?;
        let bucket_text = params.required("OutputBucket")?;
        let bucket = input::bucket_name(bucket_text)?;
        // Both locations have to be the service's region, so an absent one is the other.
        let location = request::optional(params, "OutputLocation").unwrap_or(&input.location);
        let file = (bucket_text.to_owned(), location.to_owned());
        let outputs = outputs(params.required("Outputs")?)?;
        let pipeline = request::id("PipelineId", params.required("PipelineId")?)?;
        Ok(Self {
            input,
            bucket,
            file,
            pipeline,
            outputs,
        })
    }

    /// Of the source and of the outputs.
    fn buckets(&self) -> [BucketName; 2] {
        [self.input.object.bucket.clone(), self.bucket.clone()]
    }

    /// What becomes of each output by itself.
    pub(super) fn jobs(
        self,
        templates: &Used,
        configs: &Configs,
    ) -> Vec<Result<SubmitJob, Refusal>> {
        let target = Target {
            input: &self.input,
            bucket: &self.bucket,
            templates,
            configs,
        };
        let (bucket, location) = (&self.file.0, &self.file.1);
        let jobs = self.outputs.into_iter().map(|output| {
            let accepted = output::parse(output, &target)?;
            let file = input::file(bucket, location, &accepted.object);
            submit_job(&self.input, file, accepted)
        });
        jobs.collect()
    }
}

fn outputs(text: &str) -> Result<Vec<Value>, Refusal> {
    let Ok(Value::Array(outputs)) = strict_json::parse(text) else {
        return Err(Refusal::new(Code::JsonArrayFormat, "Outputs"));
    };
    match outputs.len() {
        0 => Err(Refusal::new(Code::EmptyValue, "Outputs")),
        1..=MOST_OUTPUTS => Ok(outputs),
        _ => Err(Refusal::new(Code::ListSizeExceed, "Outputs")),
    }
}

fn submit_job(
    input: &Input,
    output_file: Map<String, Value>,
    accepted: Accepted,
) -> Result<SubmitJob, Refusal> {
    let request = JobRequest {
        input: input.echo.clone(),
        output_file,
        output: accepted.request,
    };
    let origin = request.into_origin();
    // Only absurd spellings of small values get this long.
    if !origin.fits() {
        return Err(Refusal::new(Code::OutOfRange, "Outputs"));
    }
    Ok(SubmitJob {
        spec: JobSpec::Transcode(TranscodeSpec {
            input: input.object.clone(),
            pictures: Vec::new(),
            outputs: vec![accepted.spec],
        }),
        priority: accepted.priority,
        origin: Some(origin),
        user_data: accepted.user_data,
    })
}

/// What a submission checks, for a call that has nothing to submit: its errors must not depend on its outputs.
async fn check_shared(
    service: &Service,
    caller: &Caller,
    buckets: &[BucketName],
    pipeline: PipelineId,
) -> Result<(), ApiError> {
    let found = service.pipeline(caller, pipeline).await;
    found.map_err(service_error)?;
    for bucket in buckets {
        let exists = service.bucket_exists(caller, bucket).await;
        if !exists.map_err(service_error)? {
            let message = format!("bucket {bucket} does not exist");
            let missing = ServiceError::new(ErrorKind::NotFound, bucket, message);
            return Err(service_error(missing));
        }
    }
    Ok(())
}

/// One result for each output, in order. `jobs` are those of the outputs that were not refused.
fn answer(refusals: &[Option<Refusal>], jobs: &[Job]) -> Value {
    let mut jobs = jobs.iter();
    let results: Vec<Value> = refusals
        .iter()
        .map(|refusal| match refusal {
            None => {
                let job = jobs.next().map(|job| render::job(job, View::SubmitJobs));
                object([("Success", true.into()), ("Job", job.into())])
            }
            Some(refusal) => json!({
                "Success": false,
                "Code": refusal.code.as_str(),
                "Message": refusal.message(),
            }),
        })
        .collect();
    let list = object([("JobResult", results.into())]);
    object([("JobResultList", list)])
}

/// An object of members that are values already: the library's macro would copy them, however deep.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (name.to_owned(), value));
    Value::Object(members.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_a_list_of_one_to_thirty() {
        let list = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert_eq!(outputs(&list(1)).map(|outputs| outputs.len()), Ok(1));
        assert_eq!(outputs(&list(30)).map(|outputs| outputs.len()), Ok(30));
        let cases = [
            (list(0), Code::EmptyValue),
            (list(31), Code::ListSizeExceed),
            ("{}".to_owned(), Code::JsonArrayFormat),
            ("[".to_owned(), Code::JsonArrayFormat),
        ];
        for (text, code) in cases {
            assert_eq!(outputs(&text), Err(Refusal::new(code, "Outputs")), "{text}");
        }
    }
}
