//! `DeleteDNAFiles`: up to 50 files of a library, by their primary keys.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-deletednafiles>

use reelgate_domain::dna::PrimaryKey;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::library_error;
use super::request;
use crate::rpc::{ApiError, Params};

const MOST_KEYS: usize = 50;

/// Keys that no file has are passed over: the answer says nothing of single keys.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::library(params)?;
    let text = request::required(params, "PrimaryKeys")?;
    let keys = request::items("PrimaryKeys", text, MOST_KEYS)?.into_iter();
    let keys: Vec<_> = keys.filter_map(|key| PrimaryKey::new(key).ok()).collect();
    let deleted = service.delete_library_entries(caller, id, &keys).await;
    deleted.map_err(|error| library_error(id, error))?;
    Ok(json!({}))
}
