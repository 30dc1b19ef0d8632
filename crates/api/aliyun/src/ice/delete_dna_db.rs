//! `DeleteDNADB`: a library with all that is in it.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-deletednadb>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::library_error;
use super::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::library(params)?;
    let deleted = service.delete_library(caller, id).await;
    deleted.map_err(|error| library_error(id, error))?;
    Ok(json!({}))
}
