//! `ListDNADB`: the libraries that are named, also those deleted of late; without names all that are not deleted.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-listdnadb>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::{library, request};
use crate::rpc::{ApiError, Params};

/// Unknown ids are left out: the answer has no list for them.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let found = match request::optional(params, "DBIds") {
        None => service.libraries(caller).await,
        Some(text) => {
            let ids = request::ids("DBIds", text)?;
            service.libraries_named(caller, &ids).await
        }
    };
    let libraries = found.map_err(service_error)?;
    let libraries: Vec<Value> = libraries.iter().map(library::render).collect();
    Ok(json!({"DBList": libraries}))
}
