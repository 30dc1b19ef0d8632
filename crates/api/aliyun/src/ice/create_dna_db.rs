//! `CreateDNADB`: a library of one model.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-creatednadb>

use reelgate_domain::dna::DnaModel;
use reelgate_service::{Caller, ErrorKind, NewLibrary, Service};
use serde_json::{Value, json};

use super::codes::Code;
use super::errors::{Refusal, service_error};
use super::{library, request};
use crate::dna::words::LIBRARY_NEW;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let name = request::required(params, "Name")?.to_owned();
    let model = match request::optional(params, "Model") {
        None => DnaModel::Video,
        Some(word) => library::parse_model(word)?,
    };
    let description = request::optional(params, "Description").unwrap_or_default();
    let new = NewLibrary {
        name,
        model,
        description: description.to_owned(),
    };
    let made = service.create_library(caller, new).await;
    let made = made.map_err(|error| match error.kind {
        // Of a store without space the subject is the store.
        ErrorKind::Full if error.subject == "libraries" => {
            Refusal::new(Code::LibrariesExceeded, "").into()
        }
        _ => service_error(error),
    })?;
    Ok(json!({"DBInfo": library::render_as(&made, LIBRARY_NEW)}))
}
