//! `AddTemplate`: keeps a transcoding template under a new id.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-addtemplate>

use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::form::{self, View};
use super::kept::{self, TRANSCODING};
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let template = form::read(params)?;
    let kept = kept::add(service, caller, &TRANSCODING, template).await?;
    Ok(json!({"Template": form::shown(&kept, View::AddOrUpdate)}))
}
