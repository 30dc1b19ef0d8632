//! A fingerprint job as answers show it.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::job::kind::fingerprint::FingerprintSpec;
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::OutputResult;
use reelgate_domain::{ObjectKey, ObjectRef};
use reelgate_service::{Caller, ErrorKind, Service};
use serde_json::{Map, Value, json};

use super::errors::service_error;
use super::input::{Input, OSS};
use super::matches::RESULT_SUFFIX;
use super::origin::Request;
use crate::dna::failure;
use crate::dna::words::{JobStatus, save_word};
use crate::rpc::ApiError;

/// How long an address of a result is good; each query gives a new one.
const RESULT_SECONDS: u64 = 3600;

/// The job; nothing for one of another kind. One that another dialect has made is shown from its spec.
pub(super) async fn render(
    service: &Service,
    caller: &Caller,
    job: &Job,
) -> Result<Option<Value>, ApiError> {
    let JobSpec::Fingerprint(spec) = &job.spec else {
        return Ok(None);
    };
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("Id", job.id.to_string().into());
    put("Status", JobStatus::of_job(job).word().into());
    put("DBId", spec.library.to_string().into());
    put("PrimaryKey", spec.key.as_str().into());
    let Request { input, config } = Request::of(job).unwrap_or_else(|| request_of(spec));
    put("Input", json!({"Type": input.kind, "Media": input.media}));
    if let Some(config) = config {
        put("Config", config.into());
    }
    if let Some(data) = &job.user_data {
        put("UserData", data.as_str().into());
    }
    put(
        "CreationTime",
        format_utc(job.created_at.as_millis()).into(),
    );
    if let Some(at) = job.finished_at() {
        put("FinishTime", format_utc(at.as_millis()).into());
    }
    if let Some((code, message)) = failure::of(job) {
        put("Code", code.into());
        put("Message", message.into());
    }
    if let Some(file) = result_of(job) {
        match service.share_object(caller, &file, RESULT_SECONDS).await {
            Ok(url) => drop(put("DNAResult", url.into())),
            // Somebody has deleted it.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(service_error(error)),
        }
    }
    Ok(Some(Value::Object(members)))
}

/// What a request of this product would have said.
fn request_of(spec: &FingerprintSpec) -> Request {
    let config = json!({"SaveType": save_word(spec.save), "MediaType": spec.media.word()});
    Request {
        input: Input {
            kind: OSS.to_owned(),
            media: format!("oss://{}", spec.input),
        },
        config: Some(config.to_string()),
    }
}

/// The document of this product, if the job has made one.
fn result_of(job: &Job) -> Option<ObjectRef> {
    let OutputResult::Done { object, files, .. } = job.results.first()? else {
        return None;
    };
    let key = ObjectKey::new(format!("{}{RESULT_SUFFIX}", object.key)).ok()?;
    files.iter().any(|file| file.key == key).then(|| ObjectRef {
        bucket: object.bucket.clone(),
        key,
    })
}
