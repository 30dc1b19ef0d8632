//! `SubmitFpShotJob`: one file is looked up in a library, stored there, or both.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitfpshotjob>

use reelgate_api_kit::RequestId;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::config::Config;
use super::errors::submit_error;
use super::submission::Wanted;
use super::{library, request as own};
use crate::dna::submit::{self, NewJob};
use crate::mps::errors::{Code, Refusal};
use crate::mps::input::Input;
use crate::mps::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
    request_id: RequestId,
) -> Result<Value, ApiError> {
    let input = request::required(params, "Input")?;
    let config = request::required(params, "FpShotConfig")?;
    let input = Input::parse(input)?;
    let config = Config::parse(config)?;
    let user_data = user_data(params)?;
    let pipeline = own::pipeline(service, caller, params).await?;
    let library = library::find(service, caller, config.library).await?;
    let media = config.media(library.model, &input.object.key)?;
    let object = input.object.key.to_string();
    let wanted = Wanted {
        file: input.object,
        echo: input.echo,
        library: library.id,
        key: config.key,
        save: config.save,
        media,
        min_similarity: config.min_similarity,
    };
    let (spec, origin) = wanted.job(service, request_id)?;
    let new = NewJob {
        pipeline,
        spec,
        origin,
        user_data,
    };
    let job = submit::submit(service, caller, new).await;
    let job = job.map_err(|error| submit_error(error, &library.id.to_string(), &object))?;
    Ok(json!({"JobId": job.id.to_string()}))
}

/// Of this action the vendor says that it may not start with a special character.
fn user_data(params: &Params) -> Result<Option<String>, Refusal> {
    let data = own::user_data(params)?;
    let first = data.as_ref().and_then(|data| data.chars().next());
    match first {
        Some(first) if first.is_ascii() && !first.is_ascii_alphanumeric() => {
            Err(Refusal::new(Code::Invalid, "UserData"))
        }
        _ => Ok(data),
    }
}
