//! `ListFpShotDB`: libraries by id, or all that are not deleted.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-listfpshotdb>

use reelgate_domain::dna::LibraryId;
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::{library, request as own};
use crate::dna::words;
use crate::mps::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let ids: Vec<LibraryId> = match request::optional(params, "FpDBIds") {
        Some(text) => request::ids("FpDBIds", text)?,
        None => Vec::new(),
    };
    let libraries = if ids.is_empty() {
        service.libraries(caller).await
    } else {
        service.libraries_named(caller, &ids).await
    };
    let libraries = libraries.map_err(service_error)?;
    let shown: Vec<_> = libraries
        .iter()
        .map(|it| library::shown(it, ("Status", words::library_word(it.status))))
        .collect();
    let mut answer = json!({"FpShotDBList": {"FpShotDB": shown}});
    let is_known = |id: &LibraryId| libraries.iter().any(|library| library.id == *id);
    own::put_unknown(&mut answer, &own::unknown(&ids, is_known));
    Ok(answer)
}
