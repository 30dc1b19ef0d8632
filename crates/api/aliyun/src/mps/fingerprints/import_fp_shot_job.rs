//! `ImportFpShotJob`: the files of a list are stored in a library, each by a job of its own.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-importfpshotjob>

use reelgate_api_kit::RequestId;
use reelgate_domain::PipelineId;
use reelgate_domain::dna::Library;
use reelgate_domain::job::kind::fingerprint::{FingerprintSpec, SaveMode};
use reelgate_domain::job::{Job, JobSpec, Priority};
use reelgate_service::{Caller, ErrorKind, Service, Submission, SubmitJob};
use serde_json::{Value, json};

use super::import_list::{self, Listed};
use super::imports::{Failure, Import};
use super::submission::Wanted;
use super::{config, errors, kept, library, request as own};
use crate::dna::{pipeline, words};
use crate::mps::errors::{Code, Refusal};
use crate::mps::input::Input;
use crate::mps::request;
use crate::rpc::{ApiError, Params};

/// The longest name of a location: it is kept with the import, beside as many ids as there are files.
const MOST_LOCATION_BYTES: usize = 1024;

/// What is wrong with a parameter fails the call. What is wrong with the list becomes the end of the import, as the
/// vendor reads it only after it has answered; nothing of such a list is queued.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
    request_id: RequestId,
) -> Result<Value, ApiError> {
    let request = Request::read(service, caller, params).await?;
    let outcome = match request.jobs(service, caller, request_id).await? {
        Ok(jobs) => request.submit(service, caller, jobs).await?,
        Err(refusal) => Err(refusal),
    };
    let import = request.kept(outcome);
    let mut own = caller.clone();
    // The call's identity went with its jobs. If the process dies in between there is no import to ask for, which is
    // why the caller got no id.
    if !import.jobs.is_empty() {
        own.once = None;
    }
    let body = serde_json::to_value(&import).map_err(ApiError::internal)?;
    let id = kept::keep(service, &own, kept::IMPORTS, body).await?;
    Ok(json!({"JobId": id}))
}

/// The parameters, read.
struct Request {
    list: Input,
    library: Library,
    save: SaveMode,
    pipeline: PipelineId,
    /// Of that pipeline's jobs.
    priority: Priority,
    user_data: Option<String>,
}

impl Request {
    async fn read(service: &Service, caller: &Caller, params: &Params) -> Result<Self, ApiError> {
        for name in ["FpDBId", "FpImportConfig", "Input"] {
            request::required(params, name)?;
        }
        let list = Input::parse(params.required("Input")?)?;
        if list.location.len() > MOST_LOCATION_BYTES {
            return Err(Refusal::new(Code::OutOfRange, "Input.Location").into());
        }
        let save = config::import_save(params.required("FpImportConfig")?)?;
        let user_data = own::user_data(params)?;
        let pipeline = match own::pipeline(service, caller, params).await? {
            Some(pipeline) => Ok(pipeline),
            None => service.default_pipeline(caller).await,
        };
        let pipeline = pipeline.map_err(errors::service_error)?;
        let priority = pipeline::priority(service, caller, pipeline).await;
        let library = library::named(service, caller, params).await?;
        let bucket = &list.object.bucket;
        let exists = service.bucket_exists(caller, bucket).await;
        if !exists.map_err(errors::service_error)? {
            return Err(Refusal::new(Code::ResourceNotFound, bucket.as_str()).into());
        }
        Ok(Self {
            list,
            library,
            save,
            pipeline,
            priority: priority.map_err(errors::service_error)?,
            user_data,
        })
    }

    /// What the list asks for.
    async fn jobs(
        &self,
        service: &Service,
        caller: &Caller,
        request_id: RequestId,
    ) -> Result<Result<Vec<SubmitJob>, Refusal>, ApiError> {
        let object = &self.list.object;
        let read = service.read_object(caller, object, import_list::MOST_BYTES);
        let files = match read.await {
            Ok(bytes) => import_list::parse(&bytes),
            Err(error) if error.kind == ErrorKind::NotFound => {
                Err(Refusal::new(Code::ResourceNotFound, object.key.as_str()))
            }
            Err(error) if error.kind == ErrorKind::TooLarge => {
                Err(Refusal::new(Code::ListSizeExceed, "Input"))
            }
            Err(error) => return Err(errors::service_error(error)),
        };
        let files = match files {
            Ok(files) => files,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut jobs = Vec::with_capacity(files.len());
        for file in files {
            match self.wanted(file) {
                Ok(wanted) => {
                    let (spec, origin) = wanted.job(service, request_id)?;
                    jobs.push(SubmitJob {
                        spec: JobSpec::Fingerprint(spec),
                        priority: self.priority,
                        origin: Some(origin),
                        user_data: self.user_data.clone(),
                    });
                }
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(jobs))
    }

    fn wanted(&self, Listed { file, echo, key }: Listed) -> Result<Wanted, Refusal> {
        let media = config::media_of(self.library.model, &file.key);
        if !media.can_be_stored_in(self.library.model) {
            return Err(Refusal::new(Code::ResourceNotSupported, file.key.as_str()));
        }
        Ok(Wanted {
            file,
            echo,
            library: self.library.id,
            key,
            save: self.save,
            media,
            min_similarity: FingerprintSpec::MIN_SIMILARITY,
        })
    }

    async fn submit(
        &self,
        service: &Service,
        caller: &Caller,
        jobs: Vec<SubmitJob>,
    ) -> Result<Result<Vec<Job>, Refusal>, ApiError> {
        let submission = Submission {
            pipeline: Some(self.pipeline),
            jobs,
        };
        match service.submit(caller, submission).await {
            Ok(jobs) => Ok(Ok(jobs)),
            // A bucket that the list names.
            Err(error) if error.kind == ErrorKind::NotFound => {
                Ok(Err(Refusal::new(Code::ResourceNotFound, error.subject)))
            }
            Err(error) => Err(errors::service_error(error)),
        }
    }

    fn kept(self, outcome: Result<Vec<Job>, Refusal>) -> Import {
        let (jobs, failure) = match outcome {
            Ok(jobs) => (jobs, None),
            Err(refusal) => {
                let failure = Failure {
                    code: refusal.code.as_str().to_owned(),
                    message: refusal.message(),
                };
                (Vec::new(), Some(failure))
            }
        };
        Import {
            library: self.library.id.to_string(),
            input: Value::Object(self.list.echo).to_string(),
            config: json!({"SaveType": words::save_word(self.save)}).to_string(),
            pipeline: self.pipeline.to_string(),
            user_data: self.user_data,
            jobs: jobs.iter().map(|job| job.id).collect(),
            failure,
        }
    }
}
