//! `CreateFpShotDB`: a library that can be used at once.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-createfpshotdb>

use reelgate_api_kit::json;
use reelgate_service::{Caller, NewLibrary, Service};
use serde_json::{Value, json as object};

use super::errors::service_error;
use super::library;
use crate::dna::words;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::asks_for_nothing;
use crate::mps::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let name = request::required(params, "Name")?.to_owned();
    let model = library::model(params)?;
    let config = config(params)?;
    let description = request::optional(params, "Description").unwrap_or_default();
    let new = NewLibrary {
        name,
        model,
        description: description.to_owned(),
    };
    let made = service.create_library(caller, new).await;
    let made = made.map_err(service_error)?;
    let mut shown = library::shown(&made, ("State", words::LIBRARY_NEW));
    if let Some(config) = config {
        shown.insert("Config".to_owned(), config.into());
    }
    Ok(object!({"FpShotDB": shown}))
}

/// The vendor names no setting that a library has: only what asks for nothing is accepted, and repeated.
fn config(params: &Params) -> Result<Option<&str>, Refusal> {
    let Some(text) = request::optional(params, "Config") else {
        return Ok(None);
    };
    match json::parse(text) {
        Ok(value) if asks_for_nothing(&value) => Ok(Some(text)),
        Ok(_) => Err(Refusal::new(Code::NotSupported, "Config")),
        Err(_) => Err(Refusal::new(Code::JsonFormat, "Config")),
    }
}
