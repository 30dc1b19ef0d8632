//! `SubmitDNAJob`: a file is looked for in a library, stored in it, or both.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-submitdnajob>

use reelgate_domain::PipelineId;
use reelgate_domain::dna::{LibraryId, PrimaryKey};
use reelgate_domain::job::kind::fingerprint::{FingerprintSpec, SaveMode};
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::codes::Code;
use super::errors::{Refusal, library_error};
use super::input::{Config, Input, Source};
use super::origin;
use super::request;
use crate::dna::submit::{self, NewJob};
use crate::dna::words::media_of;
use crate::rpc::{ApiError, Params};

/// The vendor's template for fingerprints, which leaves everything to the library.
const SYSTEM_TEMPLATE: &str = "S00000101-100060";
const MOST_USER_DATA_BYTES: usize = 128;

/// The parameters of a call, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    library: LibraryId,
    key: PrimaryKey,
    input: Input,
    source: Source,
    config_text: Option<String>,
    config: Config,
    pipeline: Option<PipelineId>,
    user_data: Option<String>,
}

impl Request {
    pub(super) fn read(params: &Params) -> Result<Self, ApiError> {
        for name in ["Input", "DBId", "PrimaryKey"] {
            request::required(params, name)?;
        }
        let (input, source) = Input::read(request::required(params, "Input")?)?;
        let key = PrimaryKey::new(request::required(params, "PrimaryKey")?)
            .map_err(|why| Refusal::invalid("PrimaryKey", why.to_string()))?;
        let config_text = request::optional(params, "Config");
        let config = config_text.map(Config::read).transpose()?;
        if let Some(template) = request::optional(params, "TemplateId")
            && template != SYSTEM_TEMPLATE
        {
            return Err(Refusal::new(Code::ResourceNotFound, template).into());
        }
        let pipeline = request::optional(params, "PipelineId");
        let user_data = request::optional(params, "UserData");
        if user_data.is_some_and(|data| data.len() > MOST_USER_DATA_BYTES) {
            return Err(Refusal::new(Code::OutOfRange, "UserData").into());
        }
        Ok(Self {
            library: request::library(params)?,
            key,
            input,
            source,
            config_text: config_text.map(str::to_owned),
            config: config.unwrap_or_default(),
            pipeline: pipeline.map(request::pipeline).transpose()?,
            user_data: user_data.map(str::to_owned),
        })
    }
}

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let request = Request::read(params)?;
    let id = request.library;
    let library = service.library(caller, id).await;
    let library = library.map_err(|error| library_error(id, error))?;
    let file = request.source.file(service, caller).await?;
    // Neither the vendor's texts nor its template say what an absent one is.
    let save = request.config.save.unwrap_or(SaveMode::IfNew);
    let media = request.config.media.unwrap_or(media_of(library.model));
    let result = submit::result(service, &file.bucket, save)?;
    let spec = FingerprintSpec {
        input: file,
        library: id,
        key: request.key,
        save,
        media,
        min_similarity: FingerprintSpec::MIN_SIMILARITY,
        result,
    };
    let origin = origin::Request {
        input: request.input,
        config: request.config_text,
    };
    let new = NewJob {
        pipeline: request.pipeline,
        spec,
        origin: origin.into_origin(),
        user_data: request.user_data,
    };
    let job = submit::submit(service, caller, new).await;
    let job = job.map_err(|error| library_error(id, error))?;
    Ok(json!({"JobId": job.id.to_string()}))
}
