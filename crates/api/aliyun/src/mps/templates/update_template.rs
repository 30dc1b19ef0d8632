//! `UpdateTemplate`: puts a whole transcoding template in the stead of another. What is left out is left out of it.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-updatetemplate>

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
    let id = kept::id(&TRANSCODING, params)?;
    let template = form::read(params)?;
    let kept = kept::replace(service, caller, &TRANSCODING, (id, template)).await?;
    Ok(json!({"Template": form::shown(&kept, View::AddOrUpdate)}))
}
