//! `DeleteTemplate`: takes a transcoding template out of use. Jobs that name it keep what they have read of it.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-deletetemplate>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::kept::{self, TRANSCODING};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = kept::id(&TRANSCODING, params)?;
    kept::delete(service, caller, &TRANSCODING, id).await?;
    Ok(json!({"TemplateId": id}))
}
