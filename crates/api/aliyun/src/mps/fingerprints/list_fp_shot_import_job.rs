//! `ListFpShotImportJob`: imports by id. Its lists have no wrappers, unlike those of the other actions.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-listfpshotimportjob>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::imports::Import;
use super::kept;
use crate::mps::request;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let ids = kept::ids("JobIds", request::required(params, "JobIds")?)?;
    let (found, mut unknown) = kept::named(service, caller, kept::IMPORTS, &ids).await?;
    let mut jobs = Vec::with_capacity(found.len());
    for (id, document) in &found {
        let import = Import::of(document)?;
        match import.shown(service, caller, (id, document)).await? {
            Some(shown) => jobs.push(shown),
            None => unknown.push(id.clone()),
        }
    }
    let mut answer = json!({"FpShotImportJobList": jobs});
    if !unknown.is_empty() {
        answer["NonExistIds"] = unknown.into();
    }
    Ok(answer)
}
